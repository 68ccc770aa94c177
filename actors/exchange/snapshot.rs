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

use crate::exchange::{actor::ExchangeActor, reads::SharedSnapshot, state::Volatile};

/// What readers see before the actor has said anything: no token, so nothing goes to FYERS.
pub fn nothing_known(sandbox: bool, on_token_loss: OnTokenLoss) -> SharedSnapshot {
    Arc::new(ArcSwap::from_pointee(Snapshot {
        mode: Mode::Mock,
        reason: Reason::Starting,
        halted: false,
        sandbox,
        on_token_loss,
        stopping: false,
        token: None,
        live: LivePositions::default(),
        looked: false,
        sent: Reserved::default(),
        simulated: vec![],
        simulated_waiting: vec![],
        simulated_today: 0,
        rejected_today: 0,
        epoch: 0,
        at: DateTime::<Utc>::default(),
        own: Arc::default(),
    }))
}

impl ExchangeActor {
    /// What decides now.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.deps.snapshot.load_full()
    }

    /// Tells readers what decides from now on.
    pub(super) fn publish(&mut self) {
        let now = self.deps.time.now();
        let Volatile { session, book, live, answered, unknown, .. } = &self.volatile;
        let accounts = || book.engine().ledger().accounts.values();
        let waiting = accounts().flat_map(|account| {
            [account.open_buy.quantity, -account.open_sell.quantity].map(|quantity| Leg {
                symbol: account.symbol.clone(),
                product: codes::product_word(account.product).to_owned(),
                quantity,
                price: Decimal::ZERO,
                tag: None,
            })
        });
        let on_the_way = self.deps.in_flight.reserved();
        let is_listed = |intent: &&OrderIntent| !answered.iter().any(|order| order.id == intent.id);
        let unknown: Vec<Reserved> = unknown.iter().filter(is_listed).map(OrderIntent::reserved).collect();
        let sent = on_the_way.iter().chain(answered.iter().map(|order| &order.reserved)).chain(&unknown);
        let sent = Reserved {
            legs: sent.clone().flat_map(|reserved| reserved.legs.iter().cloned()).collect(),
            is_opaque: sent.into_iter().any(|reserved| reserved.is_opaque),
        };
        let snapshot = Snapshot {
            mode: self.volatile.mode,
            reason: self.volatile.reason,
            halted: self.volatile.halted,
            sandbox: self.deps.sandbox,
            on_token_loss: self.deps.on_token_loss,
            stopping: self.volatile.stopping,
            token: session.usable.clone().filter(|_| self.deps.proxy.is_some()),
            live: live.clone(),
            looked: self.volatile.looks.done,
            sent,
            simulated: self.simulated(),
            simulated_waiting: waiting.filter(|leg| leg.quantity != 0).collect(),
            simulated_today: book.taken_today(now),
            rejected_today: self.rejected_today(now),
            epoch: self.deps.epoch,
            at: now,
            own: Arc::new(self.owns(now)),
        };
        let (mode, shown, reason) = (snapshot.mode, snapshot.shown(), snapshot.reason);
        self.deps.snapshot.store(Arc::new(snapshot));
        let notice = ModeNotice { mode, shown, reason, at: now };
        self.deps.hub.with(|feeds, monotonic| feeds.set_mode(notice, monotonic));
        self.deps.hub.wake();
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
