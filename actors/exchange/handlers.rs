//! The mode follows the session, and a person's halt stands beside it.

use actix::{ActorFutureExt, AtomicResponse, Context, Handler, MessageResult, fut};
use keeper_domain::{
    bots::leftovers::leftovers,
    event::Event,
    mode::Mode,
    notes::{HALTED_FOR_PUT_BACK, SIMULATED_IN_GAP, SIMULATED_TOLD},
    order_journal::OrderProgress,
    ports::Change,
    routing::{Standing, decide},
};

use crate::exchange::{
    actor::{ExchangeActor, Turn},
    messages::{GetLivePositions, GetMode, GetProgress, ModeView, SetHalted, SetInstruments, StopOrders},
    state::Volatile,
};

impl ExchangeActor {
    /// Brings the mode in line with the session: one step, journalled.
    pub(super) fn settle(&mut self, extra: Change) -> Turn<()> {
        let standing = Standing {
            usable: self.volatile.session.usable.is_some(),
            why: self.volatile.session.reason,
            sandbox: self.deps.sandbox,
        };
        let (to, why) = decide(standing);
        let from = std::mem::replace(&mut self.volatile.mode, to);
        self.volatile.reason = why;
        let (now, mut change) = (self.deps.time.now(), extra);
        if from != to {
            let open = self.live().with_sent(&self.sent().all).open();
            change.events.push((now, Event::ModeChanged { from, to, why, open }));
        }
        if to == Mode::Live {
            self.enter_live(from != to, &mut change);
        }
        if from != to {
            self.tell_leftovers(to, &mut change);
        }
        self.publish();
        let commit = self.commit_or_keep(change);
        Box::pin(commit.map(move |(), act: &mut Self, ctx| {
            act.cancel_left_orders(ctx);
            if act.volatile.mode != Mode::Live && !act.volatile.lost.are_looked_for() {
                return;
            }
            match from == to && act.volatile.looks.done {
                // What FYERS refuses although the token works is not asked for again and again.
                true => {
                    let wait = act.next_look();
                    act.plan_look(wait, ctx);
                }
                false => act.look_soon(ctx),
            }
        }))
    }

    /// From now on there may be positions at FYERS, and those in the MockExchange are not among them.
    fn enter_live(&mut self, changed: bool, change: &mut Change) {
        let now = self.deps.time.now();
        if !self.volatile.live.was_live {
            self.volatile.live.was_live = true;
            change.live_positions = Some(self.volatile.live.clone());
        }
        if changed && self.volatile.gap > 0 {
            let orders = std::mem::take(&mut self.volatile.gap);
            change.events.push((now, Event::SimulatedMeanwhile { orders }));
            change.notes.extend(SIMULATED_IN_GAP.set(&0));
        }
    }

    /// Once, whichever keeper of the account is live how often.
    fn tell_leftovers(&mut self, to: Mode, change: &mut Change) {
        let now = self.deps.time.now();
        let open = leftovers(&self.owns(now), &self.deps.keys.load());
        let before = self.volatile.leftovers.clone();
        let news = self.volatile.leftovers.news(to, open);
        // Where orders waited, it is told with them, once they are cancelled.
        if let Some(positions) = news.filter(|_| self.orders_left().is_empty()) {
            change.events.push((now, Event::SimulatedLeft { positions, cancelled: vec![] }));
        }
        if self.volatile.leftovers != before {
            change.notes.extend(SIMULATED_TOLD.set(self.volatile.leftovers.told()));
        }
    }
}

impl Handler<SetHalted> for ExchangeActor {
    type Result = AtomicResponse<Self, bool>;

    fn handle(&mut self, SetHalted { halted, by }: SetHalted, _: &mut Context<Self>) -> Self::Result {
        if self.volatile.halted == halted {
            return AtomicResponse::new(Box::pin(fut::ready(true)));
        }
        // A halt counts at once. Its end counts when it is on disk, or a restart would bring the halt back.
        self.volatile.halted = true;
        self.publish();
        let waiting = if halted { self.snapshot().waiting_at_fyers() } else { vec![] };
        let events = vec![(self.deps.time.now(), Event::HaltChanged { halted, by, waiting })];
        let notes = Some(()).filter(|()| !halted).and_then(|()| HALTED_FOR_PUT_BACK.set(&false).ok());
        let notes = notes.into_iter().collect();
        let change = Change { halted: Some(halted), events, notes, ..Change::default() };
        let kept = change.clone();
        AtomicResponse::new(Box::pin(self.commit(change).map(move |committed, act: &mut Self, ctx| {
            match committed {
                Ok(()) => act.volatile.halted = halted,
                Err(_) if halted => act.keep_unsaved(kept),
                Err(_) => {}
            }
            act.publish();
            act.look_soon(ctx);
            committed.is_ok()
        })))
    }
}

impl Handler<StopOrders> for ExchangeActor {
    type Result = ();

    fn handle(&mut self, _: StopOrders, ctx: &mut Context<Self>) {
        self.volatile.stopping = true;
        self.publish();
        self.release_held(ctx);
        self.keep_all(vec![], ctx);
    }
}

impl Handler<SetInstruments> for ExchangeActor {
    type Result = ();

    /// Kept in what a next life is given too.
    fn handle(&mut self, SetInstruments(instruments): SetInstruments, _: &mut Context<Self>) {
        self.deps.instruments = instruments.clone();
        self.volatile.book.set_instruments(std::sync::Arc::new(instruments));
    }
}

impl Handler<GetLivePositions> for ExchangeActor {
    type Result = MessageResult<GetLivePositions>;

    fn handle(&mut self, _: GetLivePositions, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.live().with_sent(&self.sent().all))
    }
}

impl Handler<GetProgress> for ExchangeActor {
    type Result = MessageResult<GetProgress>;

    fn handle(&mut self, GetProgress(ids): GetProgress, _: &mut Context<Self>) -> Self::Result {
        let Volatile { book, progress, .. } = &self.volatile;
        let simulated = &book.engine().ledger().orders;
        let of = |id: String| {
            let at_fyers = progress.get(&id).copied();
            let found = at_fyers.or_else(|| simulated.get(&id).as_ref().map(OrderProgress::simulated));
            found.map(|found| (id, found))
        };
        MessageResult(ids.into_iter().filter_map(of).collect())
    }
}

impl Handler<GetMode> for ExchangeActor {
    type Result = MessageResult<GetMode>;

    fn handle(&mut self, _: GetMode, _: &mut Context<Self>) -> Self::Result {
        let Volatile { mode, reason, halted, .. } = self.volatile;
        let simulated_today = self.snapshot().simulated_today;
        MessageResult(ModeView { mode, reason, halted, simulated_today })
    }
}
