//! Requests that come while a stored token is checked for the first time since the start: they wait, for a short time.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use keeper_domain::{
    keys::BotName,
    session::first_check::{LONGEST_WAIT, must_wait},
};

use crate::exchange::{ExchangeActor, bots::key_of};

/// The wait for the first word about a stored token.
#[derive(Debug, Default)]
pub(super) struct FirstWord {
    /// Its time is running, or has run out.
    has_begun: bool,
    is_overdue: bool,
    /// Tells one wait from the next.
    number: u64,
}

impl ExchangeActor {
    /// Whether this bot's request waits for the first word about the token. A keeper that stops keeps nobody waiting.
    pub(super) fn waits_for_first_word(&self, bot: &BotName) -> bool {
        let ceiling = key_of(&self.deps.keys, bot).map(|key| key.stored.ceiling);
        let (session, is_overdue) = (&self.volatile.session, self.volatile.first_word.is_overdue);
        let waits = ceiling.is_some_and(|ceiling| must_wait(session, is_overdue, ceiling));
        waits && self.deps.proxy.is_some() && !self.volatile.stopping
    }

    /// The time of a wait begins with the check, and not with each request.
    pub(super) fn time_first_word(&mut self, ctx: &mut Context<Self>) {
        let first_word = &mut self.volatile.first_word;
        if !self.volatile.session.is_first_check() {
            (first_word.has_begun, first_word.is_overdue) = (false, false);
            return;
        }
        if std::mem::replace(&mut first_word.has_begun, true) {
            return;
        }
        first_word.number += 1;
        let (number, time) = (first_word.number, Arc::clone(&self.deps.time));
        let limit = async move { time.sleep(LONGEST_WAIT).await };
        ctx.spawn(limit.into_actor(self).map(move |(), act, ctx| {
            let first_word = &mut act.volatile.first_word;
            if first_word.has_begun && first_word.number == number {
                first_word.is_overdue = true;
                act.release_held(ctx);
            }
        }));
    }
}
