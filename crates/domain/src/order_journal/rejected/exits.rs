//! Exits of positions that FYERS has taken, and whose orders it rejects afterwards. Its answer has no id of these orders, and no
//! bot's mark is on them: they are known by their time, and by what they would have closed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{CLOCKS_APART, EndedRow, WAITED_FOR};
use crate::{
    order_journal::{BrokerClock, OrderEntry, OrderIntent},
    routing::request::{Leg, OrderEffect},
};

/// FYERS stamps an order with the second that has begun.
const WHOLE_SECOND: TimeDelta = TimeDelta::seconds(1);

/// What an exit of positions has set out to close.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// It had not left before.
    pub sent: DateTime<Utc>,
    /// What would close each position, as far as it was known.
    pub legs: Vec<Leg>,
}

impl OrderIntent {
    /// What it has set out to close.
    pub fn closing(&self) -> Option<Closing> {
        match &self.effect {
            Some(OrderEffect::Closes(legs)) if !legs.is_empty() => {
                Some(Closing { sent: self.at, legs: legs.clone() })
            }
            _ => None,
        }
    }
}

/// One of them, with what the order book has not shown of it.
#[derive(Debug, Clone)]
struct TakenExit {
    entry: OrderEntry,
    sent: DateTime<Utc>,
    left: Vec<Leg>,
}

/// All that the order book has not shown whole.
#[derive(Debug, Clone, Default)]
pub(super) struct TakenExits {
    all: Vec<TakenExit>,
    /// The rows that are one's, so that they are no other's.
    rows: BTreeMap<String, DateTime<Utc>>,
}

impl TakenExits {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// One more. Of one that was told as rejected other orders may be yet.
    pub(super) fn add(&mut self, entry: &OrderEntry, Closing { sent, legs }: &Closing) {
        self.all.push(TakenExit { entry: entry.clone(), sent: *sent, left: legs.clone() });
    }

    /// Of the exit of which this row is an order: whatever has become of that, it is no other exit's.
    pub(super) fn whose(
        &mut self,
        row: &EndedRow,
        clock: BrokerClock,
        now: DateTime<Utc>,
    ) -> Option<&mut OrderEntry> {
        if self.rows.contains_key(&row.id) || row.tag.is_some() {
            return None;
        }
        let mut in_time = self.all.iter_mut().filter(|exit| exit.is_in_time(row, clock));
        let exit = in_time.find_map(|exit| exit.takes(row).then_some(exit))?;
        self.rows.insert(row.id.clone(), now);
        Some(&mut exit.entry)
    }

    pub(super) fn forget(&mut self, now: DateTime<Utc>) {
        self.all.retain(|exit| !exit.left.is_empty() && now - exit.entry.at < WAITED_FOR);
        self.rows.retain(|_, seen| now - *seen < WAITED_FOR);
    }
}

impl TakenExit {
    /// A row of before is somebody else's. FYERS may make its orders after its answer.
    fn is_in_time(&self, row: &EndedRow, clock: BrokerClock) -> bool {
        let (first, last) = (clock.of(self.sent).0.min(self.sent), clock.of(self.entry.at).1);
        let until = last.max(self.entry.at) + CLOCKS_APART;
        row.at.is_some_and(|at| at + WHOLE_SECOND > first && at <= until)
    }

    /// Whether it may close one of the positions, of which nothing was left to be closed then.
    fn takes(&mut self, row: &EndedRow) -> bool {
        let mut more = row.quantity.abs();
        for leg in self.left.iter_mut().filter(|leg| row.is_as(leg)) {
            let taken = more.min(leg.quantity.abs());
            leg.quantity -= taken * leg.quantity.signum();
            more -= taken;
        }
        self.left.retain(|leg| leg.quantity != 0);
        more < row.quantity.abs()
    }
}

impl EndedRow {
    /// Whether it is in this symbol, product and direction. A product that is not known may be any.
    fn is_as(&self, leg: &Leg) -> bool {
        let own = Leg { product: self.product.clone(), ..Leg::unknown_product(&self.symbol, self.quantity) };
        let apart = own.known_product().zip(leg.known_product()).is_some_and(|(own, other)| own != other);
        own.is_in(&leg.symbol) && !apart && own.quantity.signum() == leg.quantity.signum()
    }

    /// What is written down of an exit of which this order is rejected: in the row of the exit, or in one more when that
    /// tells of another order already.
    pub(super) fn of_exit(&self, exit: &OrderEntry) -> OrderEntry {
        let is_first = exit.rejected.is_none();
        OrderEntry {
            symbol: Some(self.symbol.clone()),
            quantity: Some(self.quantity),
            price: Some(self.price),
            id: (!is_first).then(|| self.id.clone()),
            closes: exit.closes.clone().filter(|_| is_first),
            ..exit.clone()
        }
    }
}

#[cfg(test)]
mod tests;
