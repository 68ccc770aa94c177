//! Exits under a halt: the positions are read after an exit came and before it leaves, and it is decided by that reading.
//!
//! One reading serves all orders that wait when it begins; they are decided in the order in which they came, each with
//! those before it counted as on their way. What comes while a reading runs waits for the next one. What is no exit by the
//! last reading may have become one since, so it waits too, but begins readings at a pace: a bot that goes on sending
//! entries must not use up what is there for reading. Some readings a minute for exits are the keeper's own
//! (`domain/routing/exit_readings`), however much the bots read; more take from the bots' share of FYERS' limits. One that
//! FYERS' limits held back is tried again, as long as somebody waits for it.

use std::{sync::Arc, time::Duration};

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::operation::Operation;
use keeper_domain::routing::{
    exit_readings::ExitReadings,
    route::{ReadsFirst, Refused},
};

use crate::exchange::{
    ExchangeActor,
    waiting::{Forwarding, HasRead},
};

/// Longest wait for the reading. After that the exit is refused, and it is not sent later either.
const LIMIT: TimeDelta = TimeDelta::seconds(5);

/// The pause before FYERS' books are read again that do not show yet what an exit has filled.
const AGAIN: Duration = Duration::from_millis(1_500);
/// Between readings for what is no exit by the last one.
const PACE: TimeDelta = TimeDelta::milliseconds(2_500);

/// How a reading has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LookEnd {
    /// Both books were read.
    Read,
    /// FYERS' limits have left no room for it.
    HeldBack,
    /// One of them was not.
    Failed,
}

/// An exit that waits.
struct Waiting {
    number: u64,
    until: DateTime<Utc>,
    first: ReadsFirst,
    /// Why it is refused without a reading.
    why: Refused,
    exit: Forwarding,
}

/// The exits that wait.
#[derive(Default)]
pub(super) struct Exits {
    last: u64,
    /// For the reading that runs.
    current: Vec<Waiting>,
    /// For the next one.
    next: Vec<Waiting>,
    /// Those out of the keeper's own share.
    own: ExitReadings,
}

impl Exits {
    /// A reading begins.
    pub(super) fn begin(&mut self) {
        self.current.append(&mut self.next);
    }

    pub(super) fn are_being_read_for(&self) -> bool {
        !self.current.is_empty()
    }

    /// Whether the reading that begins now is the keeper's own.
    pub(super) fn take_own(&mut self, now: DateTime<Utc>) -> bool {
        let waiting: Vec<_> = self.current.iter().map(|one| (one.first, &one.exit.bot)).collect();
        self.own.take(&waiting, now)
    }

    fn give_up(&mut self, number: u64) -> Option<Waiting> {
        let of = |all: &mut Vec<Waiting>| {
            let place = all.iter().position(|other| other.number == number)?;
            Some(all.remove(place))
        };
        of(&mut self.current).or_else(|| of(&mut self.next))
    }
}

fn is_urgent(all: &[Waiting]) -> bool {
    all.iter().any(|waiting| waiting.first == ReadsFirst::AtOnce)
}

/// Decide about this request as if it came now.
#[derive(Message)]
#[rtype(result = "()")]
struct Again(Forwarding);

impl ExchangeActor {
    /// Keeps an exit until the positions have been read.
    pub(super) fn read_before(
        &mut self,
        exit: Forwarding,
        (first, why): (ReadsFirst, Refused),
        ctx: &mut Context<Self>,
    ) {
        let (now, time) = (self.deps.time.now(), Arc::clone(&self.deps.time));
        let until = match exit.has_read {
            HasRead::Yes(until) => until,
            HasRead::No | HasRead::Tried => now + LIMIT,
        };
        self.volatile.exits.last += 1;
        let number = self.volatile.exits.last;
        self.volatile.exits.next.push(Waiting { number, until, first, why, exit });
        let limit = async move { time.sleep((until - now).to_std().unwrap_or_default()).await };
        ctx.spawn(limit.into_actor(self).map(move |(), act, ctx| {
            if let Some(waiting) = act.volatile.exits.give_up(number) {
                act.decide_unread(waiting, ctx);
            }
        }));
        self.look_for_exits(ctx);
    }

    /// Begins a reading for those that wait, or plans it.
    fn look_for_exits(&mut self, ctx: &mut Context<Self>) {
        let since = self.volatile.looks.began.map_or(PACE, |began| (self.deps.time.now() - began).abs());
        if since >= PACE || is_urgent(&self.volatile.exits.next) {
            self.look(ctx);
        } else {
            self.plan_look(PACE - since, ctx);
        }
    }

    fn time_left(&self, exit: &Forwarding) -> Duration {
        match exit.has_read {
            HasRead::Yes(until) => (until - self.deps.time.now()).to_std().unwrap_or_default(),
            HasRead::No | HasRead::Tried => Duration::ZERO,
        }
    }

    /// The same once more a little later: FYERS' books do not show yet what the exit before it has filled.
    pub(super) fn read_again(
        &mut self,
        exit: Forwarding,
        how: (ReadsFirst, Refused),
        ctx: &mut Context<Self>,
    ) {
        let (time, left) = (Arc::clone(&self.deps.time), self.time_left(&exit));
        let pause = async move { time.sleep(AGAIN.min(left)).await };
        ctx.spawn(pause.into_actor(self).map(move |(), act, ctx| act.read_before(exit, how, ctx)));
    }

    /// The reading has ended: what waited for it is decided by it, or refused when it brought nothing. One that was held back
    /// has asked FYERS nothing, so the next one is waited for.
    pub(super) fn after_look(&mut self, end: LookEnd, ctx: &mut Context<Self>) {
        let mut held = vec![];
        for waiting in std::mem::take(&mut self.volatile.exits.current) {
            match end {
                LookEnd::Read => self.decide_again(waiting.exit, HasRead::Yes(waiting.until), ctx),
                LookEnd::HeldBack => held.push(waiting),
                LookEnd::Failed => self.decide_unread(waiting, ctx),
            }
        }
        if !self.volatile.exits.next.is_empty() {
            self.volatile.exits.next.splice(0..0, held);
            self.look_for_exits(ctx);
        } else if !held.is_empty() {
            self.volatile.exits.next = held;
            self.plan_look(TimeDelta::from_std(AGAIN).unwrap_or_default(), ctx);
        }
    }

    /// There was no reading: it is refused, unless it needs none.
    fn decide_unread(&mut self, Waiting { exit, why, .. }: Waiting, ctx: &mut Context<Self>) {
        match exit.call.operation {
            Operation::ExitPositions => self.decide_again(exit, HasRead::Tried, ctx),
            _ => self.refuse(exit, &why, ctx),
        }
    }

    /// There was no reading, because FYERS refused the token: once it is known what that means, they are decided anew, and
    /// refused if they would still go to FYERS.
    pub(super) fn after_token_death(&mut self, ctx: &mut Context<Self>) {
        self.volatile.exits.begin();
        for Waiting { exit, .. } in std::mem::take(&mut self.volatile.exits.current) {
            // Behind the news of the death, which was sent before the answer came.
            ctx.address().do_send(Again(exit));
        }
    }

    /// Without a way to read there is nothing to wait for.
    pub(super) fn cannot_read(&mut self, ctx: &mut Context<Self>) {
        self.tell_unread_without_token(ctx);
        self.volatile.exits.begin();
        for Waiting { exit, .. } in std::mem::take(&mut self.volatile.exits.current) {
            self.decide_again(exit, HasRead::Tried, ctx);
        }
    }
}

impl Handler<Again> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, Again(exit): Again, ctx: &mut Context<Self>) {
        self.decide_again(exit, HasRead::Tried, ctx);
    }
}
