//! The TokenActor's messages: each is one input to the rules.

use std::sync::Arc;

use actix::{
    ActorFutureExt, AsyncContext, AtomicResponse, Handler, MessageResult, ResponseActFuture, WrapFuture, fut,
};
use rand::Rng;
use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use crate::token::{
    actor::TokenActor,
    messages::{
        BeginLogin, ConfirmAccount, GetSession, LogOut, LoginCompleted, LoginProof, RefreshNow, Tick,
        TokenRejected, Verify,
    },
    waiting_logins::Outcome,
};
use keeper_domain::{
    notes::LOGIN_STATES,
    ports::Change,
    reason::Reason,
    session::{
        SessionView,
        login::{LoginFailure, LoginOrigin, StateRefusal},
        rules::Input,
    },
};

impl Handler<Tick> for TokenActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, tick: Tick, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(self.take(Input::Tick { trade_date: tick.trade_date, late: tick.late }))
    }
}

impl Handler<TokenRejected> for TokenActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, rejected: TokenRejected, _: &mut Self::Context) -> Self::Result {
        tracing::warn!(
            event = "token.rejected",
            actor = "token",
            code = rejected.code,
            fingerprint = %rejected.fingerprint,
            "the broker refused a call with this token"
        );
        AtomicResponse::new(self.take(Input::TokenRejected(rejected.fingerprint)))
    }
}

impl Handler<BeginLogin> for TokenActor {
    type Result = Option<String>;

    fn handle(&mut self, _: BeginLogin, _: &mut Self::Context) -> Self::Result {
        (self.deps.state_key)().issue(LoginOrigin::Card, self.deps.time.now(), rand::rng().random())
    }
}

impl TokenActor {
    /// Writes the used states down; false when that failed.
    pub(super) fn keep_states(&self) -> ResponseActFuture<Self, bool> {
        let store = Arc::clone(&self.deps.store);
        let states = LOGIN_STATES.set(&self.used_states);
        let commit = async move { store.commit(Change { notes: vec![states?], ..Change::default() }).await };
        Box::pin(commit.into_actor(self).map(|committed, _, _| {
            committed
                .inspect_err(|error| tracing::error!(event = "store.failed", actor = "token", "{error}"))
                .is_ok()
        }))
    }

    /// The answer to whoever waits for a login.
    fn outcome(&self, told: oneshot::Receiver<Outcome>) -> LoginAnswer {
        let unknown = LoginFailure::Refused { reason: Reason::Starting, code: None };
        Box::pin(
            told.into_actor(self)
                .map(move |outcome, act, _| outcome.unwrap_or(Err(unknown)).map(|()| act.view())),
        )
    }

    fn refuse(failure: LoginFailure) -> LoginAnswer {
        Box::pin(fut::ready(Err(failure)))
    }
}

type LoginAnswer = ResponseActFuture<TokenActor, Result<SessionView, LoginFailure>>;

impl Handler<LoginCompleted> for TokenActor {
    type Result = LoginAnswer;

    /// The state is on disk as used before the code is spent: whatever crashes, it is never used twice.
    fn handle(
        &mut self,
        LoginCompleted { code, proof }: LoginCompleted,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        if let Some(told) = self.logins.again(&code) {
            return self.outcome(told);
        }
        if self.unsaved.is_some() {
            return Self::refuse(LoginFailure::NotWritten);
        }
        let (now, login) = (self.deps.time.now(), self.logins.number());
        let checked = match proof {
            LoginProof::State(state) => {
                self.used_states.redeem(&(self.deps.state_key)(), (state.expose_secret(), login), now)
            }
            LoginProof::Person(origin) => Ok(origin),
        };
        let by = checked.unwrap_or(LoginOrigin::Page);
        if let Err(refusal) = checked {
            let view = self.view();
            // A page that is loaded again after a restart: what counts is that there is a token.
            let was_used = matches!(refusal, StateRefusal::Used | StateRefusal::Unfinished);
            let done = was_used && view.usable.is_some();
            return if done {
                Box::pin(fut::ready(Ok(view)))
            } else {
                Self::refuse(LoginFailure::State(refusal))
            };
        }
        self.logins.note(&code, login);
        let told = self.logins.wait(login);
        let work = self.keep_states().then(move |kept, act, _| {
            if kept {
                return act.take(Input::CodeCame(login, code, by));
            }
            act.used_states.ended(login);
            act.logins.ended(login, Err(LoginFailure::NotWritten));
            Box::pin(fut::ready(()))
        });
        ctx.wait(work);
        self.outcome(told)
    }
}

impl Handler<ConfirmAccount> for TokenActor {
    type Result = LoginAnswer;

    fn handle(&mut self, ConfirmAccount(account): ConfirmAccount, ctx: &mut Self::Context) -> Self::Result {
        let login = self.logins.number();
        let told = self.logins.wait(login);
        let work = self.take(Input::AccountConfirmed(login, account));
        ctx.wait(work);
        self.outcome(told)
    }
}

impl Handler<LogOut> for TokenActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: LogOut, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(self.take(Input::LogOut))
    }
}

impl Handler<RefreshNow> for TokenActor {
    type Result = ResponseActFuture<Self, SessionView>;

    fn handle(&mut self, _: RefreshNow, ctx: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        let work = self.take(Input::RefreshNow);
        // Waits behind the step, so that the state from before it is no answer.
        ctx.wait(work.map(move |(), act, _| act.await_refresh(tell)));
        Box::pin(told.into_actor(self).map(|view, act, _| view.unwrap_or_else(|_| act.view())))
    }
}

impl Handler<Verify> for TokenActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Verify, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(self.take(Input::Verify))
    }
}

impl Handler<GetSession> for TokenActor {
    type Result = MessageResult<GetSession>;

    fn handle(&mut self, _: GetSession, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.view())
    }
}

crate::crashes_on_demand!(TokenActor);
