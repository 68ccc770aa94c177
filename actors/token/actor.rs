//! The TokenActor: carries out what the rules say, and decides nothing.
//!
//! Every input is one atomic turn: step, commit, effects. No other message is handled in between, and the
//! answer to a message comes after the commit. After a crash the machine is rebuilt from the store.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, MessageResult, Recipient,
    ResponseActFuture, Supervised, WrapFuture, fut,
};
use chrono::NaiveDate;
use rand::Rng;
use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use crate::event_log::LogEvent;
use crate::token::messages::{
    BeginLogin, GetSession, LogOut, LoginCompleted, RefreshNow, SessionChanged, Tick, TokenRejected, Verify,
};
use crate::{notifier::messages::JournalGrew, recipient_cell::RecipientCell};
use keeper_domain::{
    broker_error::{BrokerError, Transport},
    session::{
        SessionView,
        login::{LoginFailure, States, state_from},
        reconcile::{Seeds, reconcile},
        rules::{Effect, Facts, Input, LoginId, Machine, Moment, Step},
    },
};
use keeper_domain::{
    event::Event,
    notes::LOGIN_STATES,
    ports::{Broker, Change, Store, StoreError, Time, TokenMirror},
    reason::Reason,
    secret::{AccessToken, RefreshToken},
};

/// Longest time between two looks at the wall clock.
const WATCH: Duration = Duration::from_secs(30);
/// Last net under the adapter's own time limits: an await that never ends would stop the session.
const CALL_LIMIT: Duration = Duration::from_secs(60);

type Turn = ResponseActFuture<TokenActor, ()>;

/// What the TokenActor is given.
#[derive(Clone)]
pub struct TokenDeps {
    /// The broker; `None` when no app is configured.
    pub broker: Option<Arc<dyn Broker>>,
    /// The keeper's memory.
    pub store: Arc<dyn Store>,
    /// The `.env` file; `None` when there is none to keep up to date.
    pub mirror: Option<Arc<dyn TokenMirror>>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// Whether a date (IST) is a trading day.
    pub is_trading_day: Arc<dyn Fn(NaiveDate) -> bool + Send + Sync>,
    /// What the settings say.
    pub facts: Facts,
    /// Whether a wrong clock keeps a new token out. Off where time is made up.
    pub checks_clock: bool,
    /// Tokens from the settings.
    pub seeds: Seeds,
    /// Who hears of changes.
    pub listeners: Vec<Recipient<SessionChanged>>,
    /// Wakes the Notifier after a commit.
    pub journal: RecipientCell<JournalGrew>,
}

/// Owns the credentials and the session.
pub struct TokenActor {
    deps: TokenDeps,
    /// `None` until the store has been read.
    machine: Option<Machine>,
    /// One-time states of logins that were begun.
    states: States,
    /// Who waits for which login. A restart forgets them, and they hear that the outcome is not known.
    waiting: HashMap<LoginId, oneshot::Sender<Result<(), LoginFailure>>>,
    next_login: LoginId,
    /// This is not the actor's first life in this process.
    reborn: bool,
}

impl TokenActor {
    /// An actor that reads its state from the store when it starts.
    pub fn new(deps: TokenDeps) -> Self {
        let (states, waiting) = (States::default(), HashMap::new());
        Self { deps, machine: None, states, waiting, next_login: 1, reborn: false }
    }

    fn load(&self) -> Turn {
        let store = Arc::clone(&self.deps.store);
        let read = async move {
            let states = LOGIN_STATES.read(store.as_ref()).await?;
            Ok::<_, StoreError>((store.session().await?, store.last_tick().await?, states))
        };
        Box::pin(read.into_actor(self).then(|read, act, ctx| match read {
            Ok((stored, tick, states)) => {
                // A login whose state is not known is refused, and begun again.
                act.states = states.readable().unwrap_or_default();
                let stored = reconcile(stored, &act.deps.seeds);
                let machine = Machine::new(act.deps.facts.clone(), stored, tick);
                act.machine = Some(if act.reborn { machine.resumed() } else { machine });
                act.take(Input::Started)
            }
            Err(error) => give_up(&error, ctx),
        }))
    }

    /// One input, one atomic turn.
    fn take(&mut self, input: Input) -> Turn {
        let Some(machine) = self.machine.take() else { return Box::pin(fut::ready(())) };
        let (machine, step) = machine.step(input, self.moment());
        self.machine = Some(machine);
        self.carry_out(step)
    }

    fn moment(&self) -> Moment {
        let now = self.deps.time.now();
        let trading_day = (self.deps.is_trading_day)(fyers_api::ist::date(now));
        let skew = self
            .deps
            .broker
            .as_ref()
            .filter(|_| self.deps.checks_clock)
            .and_then(|broker| broker.clock_skew());
        Moment { now, trading_day, dice: rand::rng().random(), skew }
    }

    fn view(&self) -> SessionView {
        let now = self.deps.time.now();
        self.machine.as_ref().map(|machine| machine.view(now)).unwrap_or_default()
    }

    /// Writes the one-time states down; false when that failed, and the actor starts afresh.
    fn keep_states(&self) -> ResponseActFuture<Self, bool> {
        let store = Arc::clone(&self.deps.store);
        let states = LOGIN_STATES.set(&self.states);
        let commit = async move { store.commit(Change { notes: vec![states?], ..Change::default() }).await };
        Box::pin(commit.into_actor(self).map(|committed, _, ctx| match committed {
            Ok(()) => true,
            Err(error) => {
                let _stopping = give_up(&error, ctx);
                false
            }
        }))
    }

    fn carry_out(&self, step: Step) -> Turn {
        let Step { change, effects } = step;
        let Some(change) = change else { return self.perform_all(effects) };
        for (_, event) in &change.events {
            event.log("token");
        }
        let store = Arc::clone(&self.deps.store);
        let commit = async move { store.commit(change).await };
        Box::pin(commit.into_actor(self).then(|committed, act, ctx| match committed {
            Ok(()) => {
                act.deps.journal.say(JournalGrew);
                act.perform_all(effects)
            }
            Err(error) => give_up(&error, ctx),
        }))
    }

    fn perform_all(&self, effects: Vec<Effect>) -> Turn {
        Box::pin(fut::ready(()).into_actor(self).map(move |(), act: &mut Self, ctx| {
            for effect in effects {
                act.perform(effect, ctx);
            }
        }))
    }

    fn perform(&mut self, effect: Effect, ctx: &mut Context<Self>) {
        match effect {
            Effect::CheckToken(ask, token) => {
                let call = self.with_broker(move |broker| async move { broker.profile(&token).await });
                self.later(ctx, call, move |outcome| Input::Profiled(ask, outcome));
            }
            Effect::ProveToken(ask, token) => {
                let call = self.with_broker(move |broker| async move {
                    let profile = broker.profile(&token).await?;
                    broker.funds(&token).await.map(|_funds| profile)
                });
                self.later(ctx, call, move |outcome| Input::Profiled(ask, outcome));
            }
            Effect::CallLogin(ask, code) => {
                let call = self.with_broker(move |broker| async move { broker.login(&code).await });
                self.later(ctx, call, move |outcome| Input::CodeRedeemed(ask, outcome));
            }
            Effect::CallLogout(token) => {
                let call = self.with_broker(move |broker| async move { broker.logout(&token).await });
                ctx.spawn(call.into_actor(self).map(|ended, _, _| {
                    if let Err(error) = ended {
                        tracing::warn!(
                            event = "login.ended",
                            actor = "token",
                            "FYERS did not take the logout: {error}"
                        );
                    }
                }));
            }
            Effect::LoginEnded(login, outcome) => {
                if let Some(waiting) = self.waiting.remove(&login) {
                    // Whoever asked may have gone; the outcome is in the journal all the same.
                    let _gone = waiting.send(outcome);
                }
            }
            Effect::CallRefresh(ask, token) => {
                let call = self.with_broker(move |broker| async move { broker.refresh(&token).await });
                self.later(ctx, call, move |outcome| Input::Refreshed(ask, outcome));
            }
            Effect::Wait(ask, wait) => {
                let time = Arc::clone(&self.deps.time);
                self.later(ctx, async move { time.sleep(wait).await }, move |()| Input::Waited(ask));
            }
            Effect::Announce { from, to, why, view } => {
                for listener in &self.deps.listeners {
                    listener.do_send(SessionChanged { from, to, why, view: view.clone() });
                }
            }
            Effect::Mirror(access, refresh) => self.mirror(access, refresh, ctx),
        }
    }

    /// A broker call with a last limit on its time. No broker is no connection.
    fn with_broker<T, F, C>(&self, call: C) -> impl Future<Output = Result<T, BrokerError>> + use<T, F, C>
    where
        C: FnOnce(Arc<dyn Broker>) -> F,
        F: Future<Output = Result<T, BrokerError>>,
    {
        let call = self.deps.broker.clone().map(call);
        async move {
            let Some(call) = call else { return Err(BrokerError::Transport(Transport::Connect)) };
            let limited = tokio::time::timeout(CALL_LIMIT, call).await;
            limited.unwrap_or(Err(BrokerError::Transport(Transport::Timeout)))
        }
    }

    /// Turns the outcome of something slow into the next input.
    fn later<T: 'static>(
        &self,
        ctx: &mut Context<Self>,
        slow: impl Future<Output = T> + 'static,
        input: impl FnOnce(T) -> Input + 'static,
    ) {
        ctx.spawn(slow.into_actor(self).map(|outcome, act, ctx| {
            let turn = act.take(input(outcome));
            ctx.wait(turn);
        }));
    }

    /// The token is safe in the store already, so a failure here is told and nothing more.
    fn mirror(&self, access: AccessToken, refresh: Option<RefreshToken>, ctx: &mut Context<Self>) {
        let Some(mirror) = self.deps.mirror.clone() else { return };
        let write = async move { mirror.write(&access, refresh.as_ref()).await };
        ctx.spawn(write.into_actor(self).map(|written, act, ctx| {
            if let Err(problem) = written {
                let events = vec![(act.deps.time.now(), Event::EnvFileFailed { problem })];
                let change = Change { events, ..Change::default() };
                let turn = act.carry_out(Step { change: Some(change), effects: vec![] });
                ctx.wait(turn);
            }
        }));
    }

    /// Looks at the wall clock at least every 30 s, and right at the token's end.
    fn watch(&self, ctx: &mut Context<Self>) {
        let now = self.deps.time.now();
        let end = self.machine.as_ref().and_then(|machine| machine.view(now).expires_at);
        let until_end = end.and_then(|end| (end - now).to_std().ok()).filter(|left| !left.is_zero());
        let pause = until_end.map_or(WATCH, |left| left.min(WATCH));
        let time = Arc::clone(&self.deps.time);
        let sleep = async move { time.sleep(pause).await };
        ctx.spawn(sleep.into_actor(self).map(|(), act, ctx| {
            let turn = act.take(Input::Watch);
            ctx.wait(turn);
            act.watch(ctx);
        }));
    }
}

/// Without its store the session must not move on: the supervisor starts the actor afresh, and if that does
/// not help, ends the program.
fn give_up(error: &StoreError, ctx: &mut Context<TokenActor>) -> Turn {
    tracing::error!(event = "store.failed", actor = "token", "{error}");
    actix::ActorContext::stop(ctx);
    Box::pin(fut::ready(()))
}

impl Actor for TokenActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let load = self.load();
        ctx.wait(load);
        self.watch(ctx);
    }
}

impl Supervised for TokenActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        self.machine = None;
        self.waiting.clear();
        self.reborn = true;
    }
}

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
    type Result = AtomicResponse<Self, Option<String>>;

    fn handle(&mut self, _: BeginLogin, _: &mut Self::Context) -> Self::Result {
        let state = state_from(rand::rng().random());
        self.states.give_out(&state, self.deps.time.now());
        let kept = self.keep_states().map(|kept, _, _| kept.then_some(state));
        AtomicResponse::new(Box::pin(kept))
    }
}

impl Handler<LoginCompleted> for TokenActor {
    type Result = ResponseActFuture<Self, Result<SessionView, LoginFailure>>;

    /// The state is on disk as used before the code is spent: whatever crashes, it is never used twice.
    fn handle(
        &mut self,
        LoginCompleted { code, state }: LoginCompleted,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        let now = self.deps.time.now();
        let checked = state.map(|state| self.states.redeem(state.expose_secret(), now)).transpose();
        if let Err(refusal) = checked {
            return Box::pin(fut::ready(Err(LoginFailure::State(refusal))));
        }
        let login = self.next_login;
        self.next_login += 1;
        let (tell, told) = oneshot::channel();
        self.waiting.insert(login, tell);
        let turn = self.keep_states().then(move |kept, act, _| {
            if kept { act.take(Input::CodeCame(login, code)) } else { Box::pin(fut::ready(())) }
        });
        ctx.wait(turn);
        let unknown = LoginFailure::Refused { reason: Reason::Starting, code: None };
        Box::pin(
            told.into_actor(self)
                .map(move |outcome, act, _| outcome.unwrap_or(Err(unknown)).map(|()| act.view())),
        )
    }
}

impl Handler<LogOut> for TokenActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: LogOut, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(self.take(Input::LogOut))
    }
}

impl Handler<RefreshNow> for TokenActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: RefreshNow, _: &mut Self::Context) -> Self::Result {
        AtomicResponse::new(self.take(Input::RefreshNow))
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
