//! Orders that FYERS makes of a request without telling the id of each, and rejects afterwards. To an exit of positions its
//! answer has no id, to an order of several legs it has one for all; they are known by their time, and by what they do.

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

/// Such orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersByTime {
    /// The request had not left before.
    pub sent: DateTime<Utc>,
    /// What they do: what would close each position, as far as it was known, or a leg.
    pub legs: Vec<Leg>,
}

impl OrderIntent {
    /// What FYERS makes of it without telling an id of each; of this leg, where each has an entry of its own.
    pub fn orders_by_time(&self, leg: Option<&Leg>) -> Option<OrdersByTime> {
        let legs = match &self.effect {
            Some(OrderEffect::Closes(legs)) => legs.clone(),
            _ => leg.filter(|_| self.is_multi_leg()).cloned().into_iter().collect(),
        };
        (!legs.is_empty()).then_some(OrdersByTime { sent: self.at, legs })
    }
}

/// An entry of such a request, with what the order book has not shown of it.
#[derive(Debug, Clone)]
struct TakenByTime {
    entry: OrderEntry,
    sent: DateTime<Utc>,
    left: Vec<Leg>,
}

/// All that the order book has not shown whole.
#[derive(Debug, Clone, Default)]
pub(super) struct AllTakenByTime {
    all: Vec<TakenByTime>,
    /// The rows that are one's, so that they are no other's.
    rows: BTreeMap<String, DateTime<Utc>>,
}

impl AllTakenByTime {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// One more, or what a search says of one whose answer was lost. Of one that was told as rejected other orders may be yet.
    pub(super) fn add(&mut self, entry: &OrderEntry, OrdersByTime { sent, legs }: &OrdersByTime) {
        match self.all.iter_mut().find(|known| known.entry.is_same_lost(entry)) {
            Some(known) => known.entry = known.entry.searched(entry),
            None => self.all.push(TakenByTime { entry: entry.clone(), sent: *sent, left: legs.clone() }),
        }
    }

    /// What is to be written down of one that was looked for: a reject that was told stays.
    pub(super) fn with_reject(&self, entry: OrderEntry) -> OrderEntry {
        match self.all.iter().find(|known| known.entry.is_same_lost(&entry)) {
            Some(known) => known.entry.searched(&entry),
            None => entry,
        }
    }

    /// Whether FYERS has told this id of one of them.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.all.iter().any(|one| one.has_id(id))
    }

    /// That of which this row is an order: whatever has become of it, it is no other's.
    pub(super) fn whose(
        &mut self,
        row: &EndedRow,
        clock: BrokerClock,
        now: DateTime<Utc>,
    ) -> Option<&mut OrderEntry> {
        if self.rows.contains_key(&row.id) {
            return None;
        }
        let may_be = |one: &&mut TakenByTime| one.has_id(&row.id) || one.is_in_time(row, clock);
        let mut may_be: Vec<&mut TakenByTime> = self.all.iter_mut().filter(may_be).collect();
        // Which of the legs has the id FYERS does not say.
        may_be.sort_by_key(|one| !one.has_id(&row.id));
        let one = may_be.into_iter().find_map(|one| one.takes(row).then_some(one))?;
        self.rows.insert(row.id.clone(), now);
        Some(&mut one.entry)
    }

    pub(super) fn forget(&mut self, now: DateTime<Utc>) {
        self.all.retain(|one| now - one.entry.at < WAITED_FOR && !(one.left.is_empty() && one.is_answered()));
        self.rows.retain(|_, seen| now - *seen < WAITED_FOR);
    }
}

impl TakenByTime {
    fn has_id(&self, id: &str) -> bool {
        self.entry.id.as_deref() == Some(id)
    }

    fn is_answered(&self) -> bool {
        self.entry.unanswered.is_none()
    }

    /// A row of before is somebody else's. FYERS may make its orders after its answer.
    fn is_in_time(&self, row: &EndedRow, clock: BrokerClock) -> bool {
        let (first, last) = (clock.of(self.sent).0.min(self.sent), clock.of(self.entry.at).1);
        let until = last.max(self.entry.at) + CLOCKS_APART;
        row.at.is_some_and(|at| at + WHOLE_SECOND > first && at <= until)
    }

    /// Whether it may be one of its orders, of which nothing was left then.
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

impl OrderEntry {
    /// Whether both are of the same order whose answer was lost.
    fn is_same_lost(&self, other: &Self) -> bool {
        let of = |entry: &Self| entry.unanswered.as_ref().map(|lost| (lost.intent, lost.place));
        self.by_time.is_some() && of(self).is_some() && of(self) == of(other)
    }

    /// The same after a search.
    fn searched(&self, found: &Self) -> Self {
        let rejected = self.rejected.clone();
        let Self { symbol, quantity, price, .. } = if rejected.is_some() { self } else { found }.clone();
        Self { symbol, quantity, price, rejected, ..found.clone() }
    }
}

impl EndedRow {
    /// Whether it is in this symbol, product and direction, with the same mark or none. A product that is not known may be any.
    fn is_as(&self, leg: &Leg) -> bool {
        let own = Leg { product: self.product.clone(), ..Leg::unknown_product(&self.symbol, self.quantity) };
        let apart = own.known_product().zip(leg.known_product()).is_some_and(|(own, other)| own != other);
        let is_same = own.is_in(&leg.symbol) && own.quantity.signum() == leg.quantity.signum();
        is_same && !apart && self.tag == leg.tag
    }

    /// What is written down of a request of which this order is rejected: in its own entry, or in one more when that tells of
    /// another order already.
    pub(super) fn of_request(&self, entry: &OrderEntry) -> OrderEntry {
        let own = Some(entry).filter(|entry| entry.rejected.is_none());
        OrderEntry {
            symbol: own.and_then(|own| own.symbol.clone()).or_else(|| Some(self.symbol.clone())),
            quantity: own.and_then(|own| own.quantity).or(Some(self.quantity)),
            price: own.and_then(|own| own.price).or(Some(self.price)),
            id: own.map_or_else(|| Some(self.id.clone()), |own| own.id.clone()),
            by_time: own.and_then(|own| own.by_time.clone()),
            unanswered: own.and_then(|own| own.unanswered.clone()),
            ..entry.clone()
        }
    }
}

#[cfg(test)]
mod tests;
