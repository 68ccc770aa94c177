//! Orders that FYERS has taken and rejects afterwards.

use keeper_domain::{order_journal::EndedRow, ports::Change};

use crate::exchange::{ExchangeActor, state::Volatile};

impl ExchangeActor {
    /// Whichever bot's they are, and once each: that it was told is written down with the order.
    pub(super) fn tell_rejected(&mut self, ended: &[EndedRow], change: &mut Change) {
        let now = self.deps.time.now();
        let Volatile { taken, books, .. } = &mut self.volatile;
        let (entries, events) = taken.learn(ended, |id| books.knows(id), now);
        self.count_rejected(events.len() as u64);
        change.orders.extend(entries);
        change.events.extend(events.into_iter().map(|event| (now, event)));
    }
}
