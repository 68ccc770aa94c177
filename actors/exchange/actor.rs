//! The ExchangeActor: knows the mode and the books, publishes what decides, and carries out what was decided.
//!
//! Simulated orders are one turn each: decided and queued for the disk; what they did is on disk before the bot hears of
//! its order. A failing store stops nothing but what needs it: orders are refused in words, reads go on, and what could
//! not be written is written when the store works again.

use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, ResponseActFuture, Supervised, WrapFuture,
};
use keeper_domain::ports::{Change, StoreError};

use crate::exchange::{deps::ExchangeDeps, state::Volatile};
use crate::token::messages::GetSession;

/// So many messages of bots are handled before everybody else on the thread has a turn.
const AT_ONE_GO: u32 = 8;
/// Longest wait for the TokenActor: it may be between two lives.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) type Turn<T> = ResponseActFuture<ExchangeActor, T>;

/// Owns the mode and both exchanges.
pub struct ExchangeActor {
    pub(super) deps: ExchangeDeps,
    pub(super) volatile: Volatile,
    /// Whether this is not its first life in this run of the program.
    has_lived: bool,
    /// Bots' messages since it last let others have their turn.
    at_one_go: u32,
}

impl ExchangeActor {
    /// An actor that starts in Mock mode and asks the TokenActor for better news.
    pub fn new(deps: ExchangeDeps) -> Self {
        let volatile = Volatile::new(deps.book());
        Self { deps, volatile, has_lived: false, at_one_go: 0 }
    }

    /// A message of a bot's was handled. An actor goes through its mailbox to the end before anything else on its thread
    /// has a turn; where bots fill it as fast as it is emptied there is no end, and the pulse would stop.
    pub(super) fn breathe(&mut self, ctx: &mut Context<Self>) {
        self.at_one_go += 1;
        if self.at_one_go >= AT_ONE_GO {
            self.at_one_go = 0;
            ctx.wait(tokio::task::yield_now().into_actor(self));
        }
    }
}

pub(super) fn give_up(error: &StoreError, ctx: &mut Context<ExchangeActor>) {
    tracing::error!(event = "store.failed", actor = "exchange", "{error}");
    ctx.stop();
}

impl Actor for ExchangeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.deps.died.connect(ctx.address().recipient());
        // A crash loses no news: whoever starts again asks. Requests wait for the answer, or one that came right
        // behind a crash would be simulated. At the program's start all news comes by itself, in its order: an answer
        // would overtake what waits in the mailbox.
        let load = self.load();
        let session = std::mem::replace(&mut self.has_lived, true).then(|| self.deps.session.clone());
        let ask = async move {
            match session {
                Some(session) => tokio::time::timeout(PATIENCE, session.ask(GetSession)).await.ok()?.ok(),
                None => None,
            }
        };
        self.keep_matching(ctx);
        let settled = load.then(|(), act: &mut Self, _| ask.into_actor(act)).then(|view, act, ctx| {
            if let Some(view) = view {
                act.volatile.session = view;
            }
            act.time_first_word(ctx);
            // A book that began before there were snapshots, or a crash right after a day's opening.
            let mock_snapshot = act.volatile.book.engine().opening().cloned();
            act.settle(Change { mock_snapshot, ..Change::default() })
        });
        ctx.wait(settled);
    }
}

impl Supervised for ExchangeActor {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The mode stays as it was told until `started` has found out better, so that a crash is no switch. What was
        // not written down is only here.
        let Volatile { mode, reason, stopping, ref mut unsaved, last_intent, .. } = self.volatile;
        let unsaved = std::mem::take(unsaved);
        let fresh = Volatile::new(self.deps.book());
        self.volatile = Volatile { mode, reason, stopping, unsaved, last_intent, ..fresh };
    }
}

crate::crashes_on_demand!(ExchangeActor);
