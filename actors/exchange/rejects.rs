//! Orders that FYERS has taken and rejects afterwards.

use keeper_domain::{
    order_journal::{EndedRow, OrderEntry},
    ports::Change,
};

use crate::exchange::{ExchangeActor, state::Volatile};

impl ExchangeActor {
    /// Whichever bot's they are, and once each: that it was told is written down with the order.
    pub(super) fn tell_rejected(&mut self, ended: &[EndedRow], change: &mut Change) {
        let now = self.deps.time.now();
        let Volatile { taken, books, looks, .. } = &mut self.volatile;
        let (entries, events) = taken.learn(ended, |id| books.knows(id), (looks.clock, now));
        for entry in &entries {
            self.settle_rejected(entry);
            self.volatile.placed.learn(entry);
        }
        self.count_rejected(events.len() as u64);
        change.orders.extend(entries);
        change.events.extend(events.into_iter().map(|event| (now, event)));
    }
    /// One that FYERS has answered without an id is known by it from now on, so that it counts no longer as sent.
    fn settle_rejected(&mut self, entry: &OrderEntry) {
        let mut answered = self.volatile.answered.iter_mut();
        if let Some(order) = answered.find(|order| entry.is_marked_as(&order.request)) {
            order.request.ids.extend(entry.rejected.as_ref().map(|rejected| rejected.id.clone()));
        }
    }
}
