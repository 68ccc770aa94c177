//! A token that FYERS refused once: out of use at once, and asked about. The mode changes when it is dead, or when nobody
//! says in time; until then requests wait, and nobody is told of what may be nothing.

use std::{sync::Arc, time::Duration};

use actix::{
    ActorFutureExt, AsyncContext, AtomicResponse, Context, Handler, Message, ResponseActFuture, WrapFuture,
    fut,
};
use keeper_domain::{mode::Mode, ports::Change, reason::Reason, secret::Fingerprint, session::SessionView};
use tokio::sync::oneshot;

use crate::{
    exchange::{
        ExchangeActor,
        messages::{Reply, TokenDied},
        waiting::{HasRead, Incoming},
    },
    token::messages::{SessionChanged, TokenRejected},
};

/// Longest wait for the word whether a token is dead that FYERS refused.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// Is this token dead? Answered when the TokenActor has found out.
#[derive(Debug, Message)]
#[rtype(result = "Word")]
pub(super) struct IsDead(pub(super) Fingerprint);

/// The answer to come.
#[derive(Debug, actix::MessageResponse)]
pub(super) struct Word(oneshot::Receiver<bool>);

impl Word {
    /// Waits for it. Of an actor that is gone there is no word, and no word ends a token.
    pub(super) async fn given(self) -> bool {
        self.0.await.unwrap_or(false)
    }
}

/// Who waits for the word about a token.
pub(super) struct Doubt {
    of: Fingerprint,
    tell: oneshot::Sender<bool>,
}

/// A request that waits for the word.
pub(super) struct Held {
    pub(super) asked: Incoming,
    pub(super) reply: Reply,
    pub(super) has_read: HasRead,
}

/// The token that is being asked about, and who waits for the word about it or about a stored one.
#[derive(Default)]
pub(super) struct Doubted {
    token: Option<Fingerprint>,
    /// Tells one doubt from the next.
    number: u64,
    held: Vec<Held>,
}

impl Doubted {
    pub(super) fn is_one(&self) -> bool {
        self.token.is_some()
    }

    pub(super) fn hold(&mut self, held: Held) {
        self.held.push(held);
    }
}

/// The word has come, or nobody has given it in time.
#[derive(Message)]
#[rtype(result = "()")]
struct Release(Vec<Held>);

impl ExchangeActor {
    /// From now on nothing uses the token.
    fn doubt(&mut self, token: Fingerprint, ctx: &mut Context<Self>) {
        self.volatile.session.usable = None;
        // One that is over is not doubted.
        let is_over = self.volatile.session.expires_at.is_some_and(|end| end <= self.deps.time.now());
        self.volatile.session.reason = if is_over { Reason::TokenExpired } else { Reason::TokenDoubted };
        self.volatile.doubted.number += 1;
        self.volatile.doubted.token = Some(token);
        self.publish();
        let (number, time) = (self.volatile.doubted.number, Arc::clone(&self.deps.time));
        let limit = async move { time.sleep(LIMIT).await };
        ctx.spawn(limit.into_actor(self).map(move |(), act, ctx| {
            if act.volatile.doubted.is_one() && act.volatile.doubted.number == number {
                let turn = act.end_doubt();
                ctx.wait(turn);
            }
        }));
    }

    /// The mode follows what is known now, and what was held goes on by it.
    fn end_doubt(&mut self) -> ResponseActFuture<Self, ()> {
        Box::pin(self.written().then(|(), act, _| {
            let was_doubted = act.volatile.doubted.token.take().is_some();
            let held = std::mem::take(&mut act.volatile.doubted.held);
            let settled = if was_doubted && act.volatile.session.usable.is_none() {
                act.settle_the_loss()
            } else {
                act.settle(Change::default())
            };
            settled.map(move |(), _, ctx: &mut Context<Self>| {
                if !held.is_empty() {
                    ctx.notify(Release(held));
                }
            })
        }))
    }

    /// What was held goes on by what is known now, unless a token is in doubt.
    pub(super) fn release_held(&mut self, ctx: &mut Context<Self>) {
        if !self.volatile.doubted.is_one() {
            let held = std::mem::take(&mut self.volatile.doubted.held);
            ctx.notify(Release(held));
        }
    }

    /// The mode changes because FYERS refused the token, or because it does not say in time what it thinks of it. What came
    /// of asking for another one is the reason from then on.
    fn settle_the_loss(&mut self) -> ResponseActFuture<Self, ()> {
        if matches!(self.volatile.session.reason, Reason::TokenDoubted | Reason::TokenExpired) {
            return self.settle(Change::default());
        }
        let reason = std::mem::replace(&mut self.volatile.session.reason, Reason::TokenRejected);
        Box::pin(self.settle(Change::default()).then(move |(), act, _| {
            act.volatile.session.reason = reason;
            act.settle(Change::default())
        }))
    }

    fn take_session(&mut self, view: SessionView, ctx: &mut Context<Self>) -> ResponseActFuture<Self, ()> {
        let is_doubt = self.is_doubt(&view);
        self.volatile.session = view;
        self.time_first_word(ctx);
        self.settle_doubts();
        match (is_doubt, self.volatile.session.fingerprint.clone()) {
            (true, Some(token)) => {
                if !self.volatile.doubted.is_one() {
                    self.doubt(token, ctx);
                }
                Box::pin(fut::ready(()))
            }
            _ => self.end_doubt(),
        }
    }

    /// Whether these news only say that the token in use is asked about.
    fn is_doubt(&self, view: &SessionView) -> bool {
        let is_in_use = self.volatile.doubted.is_one()
            || (self.volatile.mode != Mode::Mock && self.volatile.session.usable.is_some());
        let token = self.volatile.session.fingerprint.as_ref();
        let is_open = token.is_some_and(|token| view.is_dead(token).is_none());
        is_in_use && is_open && view.reason == Reason::TokenDoubted
    }

    /// Tells those who wait what the session says now.
    pub(super) fn settle_doubts(&mut self) {
        for doubt in std::mem::take(&mut self.volatile.doubts) {
            match self.volatile.session.is_dead(&doubt.of) {
                Some(dead) => {
                    let _gone = doubt.tell.send(dead);
                }
                None => self.volatile.doubts.push(doubt),
            }
        }
    }
}

impl Handler<IsDead> for ExchangeActor {
    type Result = Word;

    fn handle(&mut self, IsDead(of): IsDead, _: &mut Context<Self>) -> Self::Result {
        let (tell, word) = oneshot::channel();
        self.volatile.doubts.push(Doubt { of, tell });
        self.settle_doubts();
        Word(word)
    }
}

impl Handler<SessionChanged> for ExchangeActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, changed: SessionChanged, _: &mut Context<Self>) -> Self::Result {
        AtomicResponse::new(Box::pin(
            self.written().then(move |(), act, ctx| act.take_session(changed.view, ctx)),
        ))
    }
}

impl Handler<TokenDied> for ExchangeActor {
    type Result = ();

    /// Out of use at once, and the TokenActor finds out what is left of it.
    fn handle(&mut self, TokenDied { fingerprint, code }: TokenDied, ctx: &mut Context<Self>) {
        let is_current = self.volatile.session.fingerprint.as_ref() == Some(&fingerprint);
        self.deps.rejected.say(TokenRejected { fingerprint: fingerprint.clone(), code });
        if is_current && self.volatile.session.usable.is_some() {
            self.doubt(fingerprint, ctx);
        }
    }
}

impl Handler<Release> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, Release(held): Release, ctx: &mut Context<Self>) {
        for Held { asked, reply, has_read } in held {
            self.forward(asked, reply, has_read, ctx);
        }
    }
}
