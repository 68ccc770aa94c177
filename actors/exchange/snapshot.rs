//! What readers decide by, published after each change.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use fyers_api::{codes, ist};
use keeper_domain::{
    feeds::news::ModeNotice,
    mode::Mode,
    order_journal::OrderIntent,
    reason::Reason,
    routing::{
        OnTokenLoss,
        live_positions::LivePositions,
        request::{Leg, Reserved},
        route::Snapshot,
    },
};
use rust_decimal::Decimal;

use crate::exchange::{
    actor::ExchangeActor,
    facts::BookView,
    reads::SharedSnapshot,
    state::{Answered, Volatile},
};

/// What readers see before the actor has said anything: no token, so nothing goes to FYERS.
pub fn nothing_known(sandbox: bool, on_token_loss: OnTokenLoss) -> SharedSnapshot {
    Arc::new(ArcSwap::from_pointee(Snapshot {
        mode: Mode::Mock,
        reason: Reason::Starting,
        halted: false,
        sandbox,
        on_token_loss,
        stopping: false,
        awaits_first_word: true,
        token: None,
        live: LivePositions::default(),
        looked: false,
        sent: Reserved::default(),
        not_shown: vec![],
        listed: vec![],
        torn: vec![],
        untold: vec![],
        unanswered: vec![],
        simulated: vec![],
        simulated_waiting: vec![],
        simulated_today: 0,
        placed_today: 0,
        rejected_today: 0,
        epoch: 0,
        at: DateTime::<Utc>::default(),
        own: Arc::default(),
    }))
}

/// What was sent to FYERS and may not be in the last reading.
pub(super) struct Sent {
    pub(super) all: Reserved,
    /// What FYERS has answered.
    not_shown: Vec<Leg>,
    /// Of those, what of orders that the order book has.
    listed: Vec<Leg>,
    /// What got no answer.
    unanswered: Vec<Leg>,
}

impl ExchangeActor {
    /// What decides now.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.deps.snapshot.load_full()
    }

    /// The book as it is in memory.
    pub(super) fn view(&self) -> BookView {
        let (now, book) = (self.deps.time.now(), &self.volatile.book);
        let waiting = book.engine().ledger().accounts.values().flat_map(|account| {
            let sides = [account.open_buy.quantity, -account.open_sell.quantity].into_iter();
            sides.filter(|quantity| *quantity != 0).map(|quantity| Leg {
                symbol: account.symbol.clone(),
                product: codes::product_word(account.product).to_owned(),
                quantity,
                price: Decimal::ZERO,
                tag: None,
            })
        });
        BookView {
            simulated: self.simulated(),
            waiting: waiting.collect(),
            today: book.taken_today(now),
            own: Arc::new(self.owns(now)),
        }
    }

    /// What was sent to FYERS and may not be in the last reading.
    pub(super) fn sent(&self) -> Sent {
        let Volatile { answered, lost, .. } = &self.volatile;
        let on_the_way = self.deps.in_flight.reserved();
        let is_listed = |intent: &&OrderIntent| !answered.iter().any(|order| order.id() == intent.id);
        let unknown: Vec<Reserved> = lost.unsettled().filter(is_listed).map(OrderIntent::reserved).collect();
        // What FYERS has answered, and what it has not.
        let has_answer = |order: &&Answered| {
            order.may_arrive_until.is_none() && !lost.unsettled().any(|intent| intent.id == order.id())
        };
        let legs = |orders: Vec<&Answered>| -> Vec<Leg> {
            orders.into_iter().flat_map(|order| order.counts.legs.iter().cloned()).collect()
        };
        let (not_shown, mut unanswered) = (
            legs(answered.iter().filter(has_answer).collect()),
            legs(answered.iter().filter(|order| !has_answer(order)).collect()),
        );
        unanswered.extend(unknown.iter().flat_map(|reserved| reserved.legs.iter().cloned()));
        let sent = on_the_way.iter().chain(answered.iter().map(|order| &order.counts)).chain(&unknown);
        let all = Reserved {
            legs: sent.clone().flat_map(|reserved| reserved.legs.iter().cloned()).collect(),
            is_opaque: sent.into_iter().any(|reserved| reserved.is_opaque),
        };
        let listed = legs(answered.iter().filter(|order| order.is_listed).collect());
        Sent { all, not_shown, listed, unanswered }
    }

    /// Tells readers what decides from now on; of the book, what is on disk.
    pub(super) fn publish(&mut self) {
        if self.volatile.pipeline.is_settled() {
            self.volatile.shown = self.view();
        }
        let now = self.deps.time.now();
        let Volatile { session, shown, .. } = &self.volatile;
        let Sent { all: sent, not_shown, listed, unanswered } = self.sent();
        let snapshot = Snapshot {
            mode: self.volatile.mode,
            reason: self.volatile.reason,
            halted: self.volatile.halted,
            sandbox: self.deps.sandbox,
            on_token_loss: self.deps.on_token_loss,
            stopping: self.volatile.stopping,
            awaits_first_word: session.awaits_first_word() && self.deps.proxy.is_some(),
            token: session.usable.clone().filter(|_| self.deps.proxy.is_some()),
            live: self.live(),
            looked: self.volatile.looks.done,
            sent,
            not_shown,
            listed,
            torn: self.volatile.fills.torn(),
            untold: self.volatile.fills.untold().into_iter().map(|(symbol, _)| symbol).collect(),
            unanswered,
            simulated: shown.simulated.clone(),
            simulated_waiting: shown.waiting.clone(),
            simulated_today: shown.today,
            placed_today: self.volatile.placed.count(ist::date(now)),
            rejected_today: self.rejected_today(now),
            epoch: self.deps.epoch,
            at: now,
            own: Arc::clone(&shown.own),
        };
        let (mode, shown, reason) = (snapshot.mode, snapshot.shown(), snapshot.reason);
        self.deps.snapshot.store(Arc::new(snapshot));
        let notice = ModeNotice { mode, shown, reason, at: now };
        self.deps.hub.with(|feeds, monotonic| feeds.set_mode(notice, monotonic));
        self.deps.hub.wake();
    }

    /// Tells readers of the book that is shown from now on; all else is as it was.
    pub(super) fn publish_book(&mut self) {
        if self.volatile.pipeline.is_settled() {
            self.volatile.shown = self.view();
        }
        let (now, shown) = (self.deps.time.now(), &self.volatile.shown);
        let snapshot = Snapshot {
            simulated: shown.simulated.clone(),
            simulated_waiting: shown.waiting.clone(),
            simulated_today: shown.today,
            placed_today: self.volatile.placed.count(ist::date(now)),
            rejected_today: self.rejected_today(now),
            at: now,
            own: Arc::clone(&shown.own),
            ..(*self.snapshot()).clone()
        };
        self.deps.snapshot.store(Arc::new(snapshot));
    }

    pub(super) fn rejected_today(&self, now: DateTime<Utc>) -> u64 {
        let (day, count) = self.volatile.rejected;
        if day == Some(ist::date(now)) { count } else { 0 }
    }

    pub(super) fn count_rejected(&mut self, orders: u64) {
        let now = self.deps.time.now();
        self.volatile.rejected = (Some(ist::date(now)), self.rejected_today(now) + orders);
    }
}
