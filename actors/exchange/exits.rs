//! Exits under a halt: the positions are read after an exit came and before it leaves, and it is decided by that reading.
//!
//! One reading serves all exits that wait when it begins; they are decided in the order in which they came, each with
//! those before it counted as on their way. What comes while a reading runs waits for the next one. The readings take
//! from the bots' share of FYERS' limits.

use std::{sync::Arc, time::Duration};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use keeper_domain::routing::route::Refused;

use crate::exchange::{ExchangeActor, messages::TokenDied, waiting::Forwarding};

/// Longest wait for the reading. After that the exit is refused, and it is not sent later either.
const LIMIT: Duration = Duration::from_secs(5);

/// The exits that wait, each with its number.
#[derive(Default)]
pub(super) struct Exits {
    last: u64,
    /// For the reading that runs.
    current: Vec<(u64, Forwarding)>,
    /// For the next one.
    next: Vec<(u64, Forwarding)>,
}

impl Exits {
    /// A reading begins.
    pub(super) fn begin(&mut self) {
        self.current.append(&mut self.next);
    }

    pub(super) fn are_being_read_for(&self) -> bool {
        !self.current.is_empty()
    }

    fn give_up(&mut self, number: u64) -> Option<Forwarding> {
        let of = |all: &mut Vec<(u64, Forwarding)>| {
            let place = all.iter().position(|(other, _)| *other == number)?;
            Some(all.remove(place).1)
        };
        of(&mut self.current).or_else(|| of(&mut self.next))
    }
}

/// Decide about this request as if it came now.
#[derive(Message)]
#[rtype(result = "()")]
struct Again(Forwarding);

impl ExchangeActor {
    /// Keeps an exit until the positions have been read.
    pub(super) fn read_before(&mut self, exit: Forwarding, ctx: &mut Context<Self>) {
        self.volatile.exits.last += 1;
        let number = self.volatile.exits.last;
        self.volatile.exits.next.push((number, exit));
        let time = Arc::clone(&self.deps.time);
        let limit = async move { time.sleep(LIMIT).await };
        ctx.spawn(limit.into_actor(self).map(move |(), act, ctx| {
            if let Some(exit) = act.volatile.exits.give_up(number) {
                act.refuse(exit, &Refused::HaltedUnknown, ctx);
            }
        }));
        self.look(ctx);
    }

    /// The reading has ended: what waited for it is decided by it, or refused when it brought nothing.
    pub(super) fn after_look(&mut self, was_read: bool, ctx: &mut Context<Self>) {
        for (_, exit) in std::mem::take(&mut self.volatile.exits.current) {
            match was_read {
                true => self.decide_again(exit, true, ctx),
                false => self.refuse(exit, &Refused::HaltedUnknown, ctx),
            }
        }
        if !self.volatile.exits.next.is_empty() {
            self.look(ctx);
        }
    }

    /// There was no reading, because the token has died: once that has changed the mode, they are decided anew.
    pub(super) fn after_token_death(&mut self, death: TokenDied, ctx: &mut Context<Self>) {
        ctx.notify(death);
        self.volatile.exits.begin();
        for (_, exit) in std::mem::take(&mut self.volatile.exits.current) {
            ctx.notify(Again(exit));
        }
    }

    /// Without a way to read there is nothing to wait for.
    pub(super) fn cannot_read(&mut self, ctx: &mut Context<Self>) {
        self.volatile.exits.begin();
        for (_, exit) in std::mem::take(&mut self.volatile.exits.current) {
            self.decide_again(exit, true, ctx);
        }
    }
}

impl Handler<Again> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, Again(exit): Again, ctx: &mut Context<Self>) {
        self.decide_again(exit, false, ctx);
    }
}
