//! When a request that FYERS has answered counts no longer beside what was read: one rule for whatever trades.
//!
//! It counts until FYERS' books show what it has done, or until a reading that began [`LONGEST_LAG`] after its answer: what
//! has not come up by then is taken for what it is. Less proves nothing, as both books may be behind the answer, and each
//! behind the other.

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::{model::Position, response::GttRow};

use super::{
    change::ChangedOrder,
    closed_orders::{ClosedOrder, without_ended},
    ended_orders::have_filled_nothing,
    live_positions::BookRow,
    request::{Leg, OrderEffect, Reserved},
    shown_fills::{Books, LONGEST_LAG, ShownFills},
    sums::Key,
};

/// FYERS stamps an order with the second that has begun.
const WHOLE_SECOND: TimeDelta = TimeDelta::seconds(1);

/// A request that has changed positions, or may yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadRequest {
    /// Its intent.
    pub id: i64,
    /// FYERS' ids of its orders, as far as they are known.
    pub ids: Vec<String>,
    /// It had not left before.
    pub sent: DateTime<Utc>,
    /// When FYERS had answered.
    pub at: DateTime<Utc>,
    /// What it may have done.
    pub reserved: Reserved,
    /// What it has done to what was there.
    pub effect: Option<OrderEffect>,
    /// Of an exit of positions: orders that it closes too, if they fill before it.
    pub closed_orders: Vec<ClosedOrder>,
}

impl UnreadRequest {
    /// Whether it has made one of these orders, or has changed one of the GTT orders among them.
    pub fn is_about_any(&self, ids: &[String]) -> bool {
        let changed = match &self.effect {
            Some(OrderEffect::ChangesGtt { change, .. }) => Some(&change.id),
            _ => None,
        };
        self.ids.iter().chain(changed).any(|id| ids.contains(id))
    }

    /// What of it still `counts`, each order with its id where it is known which that is.
    pub fn with_ids<'a>(&'a self, counts: &'a Reserved) -> impl Iterator<Item = (Option<&'a str>, &'a Leg)> {
        let is_known = self.effect.is_none() && self.ids.len() == counts.legs.len();
        let id = move |place: usize| self.ids.get(place).filter(|_| is_known).map(String::as_str);
        counts.legs.iter().enumerate().map(move |(place, leg)| (id(place), leg))
    }

    /// Whether the GTT book shows what it has done.
    pub fn changes_gtt(&self) -> bool {
        matches!(self.effect, Some(OrderEffect::ChangesGtt { .. }))
    }

    /// Whether the order book has each of its orders.
    pub fn is_listed(&self, book: &[BookRow]) -> bool {
        !self.ids.is_empty() && self.ids.iter().all(|id| book.iter().any(|row| row.id == *id))
    }
}

/// Both books as they were read.
pub struct SeenBooks<'a> {
    /// The rows of the order book.
    pub book: &'a [BookRow],
    /// The positions.
    pub positions: &'a [Position],
    /// The rows of the GTT book, where it was read.
    pub gtts: &'a [GttRow],
    /// When that began.
    pub began: DateTime<Utc>,
    /// When it was there.
    pub at: DateTime<Utc>,
    /// Tells the ids of orders that are somebody's.
    pub is_known: &'a dyn Fn(&str) -> bool,
    /// A moment of the keeper's clock by that of FYERS, at the earliest.
    pub by_its_clock: &'a dyn Fn(DateTime<Utc>) -> DateTime<Utc>,
    /// What is on its way while it is read.
    pub on_the_way: &'a [Reserved],
}

/// Learns a reading, and tells of each request, from the oldest on, what of it still counts beside that; `None`: the books show
/// what it has done.
pub fn learn(
    fills: &mut ShownFills,
    seen: &SeenBooks<'_>,
    requests: &[&UnreadRequest],
) -> Vec<Option<Reserved>> {
    fills.begin(seen.positions);
    let now = fills.books(seen.book, seen.positions);
    fills.note_since(&now, seen.at);
    let left = still_counts(fills, &now, seen, requests);
    let unshown = left.iter().flatten().chain(seen.on_the_way);
    let open = unshown.flat_map(|left| left.legs.iter().map(Leg::key)).collect();
    fills.keep(now, &open, seen.at);
    left
}

/// What of each of these still counts, from the oldest on; `None`: the books show what it has done.
fn still_counts(
    fills: &ShownFills,
    now: &Books,
    seen: &SeenBooks<'_>,
    requests: &[&UnreadRequest],
) -> Vec<Option<Reserved>> {
    let mut rule = Rule { fills, now, seen, free: FreeRows::of(seen), before: vec![] };
    requests.iter().map(|request| rule.still_counts(request)).collect()
}

struct Rule<'a> {
    fills: &'a ShownFills,
    now: &'a Books,
    seen: &'a SeenBooks<'a>,
    free: FreeRows<'a>,
    /// What requests before this one may still change.
    before: Vec<Key>,
}

impl Rule<'_> {
    fn still_counts(&mut self, request: &UnreadRequest) -> Option<Reserved> {
        if (self.seen.began - request.at).abs() >= LONGEST_LAG {
            return None;
        }
        let left = match &request.effect {
            Some(OrderEffect::Closes(_)) => self.not_closed(request),
            Some(OrderEffect::Converts(legs)) => {
                let is_shown = legs.iter().all(|leg| self.is_converted(leg));
                (!is_shown).then(|| request.reserved.clone())
            }
            Some(OrderEffect::Changes(changes)) => {
                let is_shown = changes.iter().all(|change| self.is_changed(change));
                (!is_shown).then(|| request.reserved.clone())
            }
            Some(OrderEffect::ChangesGtt { change, .. }) => {
                let began_later = self.seen.began >= request.at;
                let is_shown = began_later && self.seen.gtts.iter().any(|row| change.waits_in(row));
                (!is_shown).then(|| request.reserved.clone())
            }
            // No book shows them.
            Some(OrderEffect::OrdersIn(_)) => Some(request.reserved.clone()),
            None if have_filled_nothing(self.seen.book, &request.ids, &request.reserved) => None,
            None => (!self.are_filled(request))
                .then(|| beside_the_book(self.seen.book, &request.ids, &request.reserved)),
        };
        self.before.extend(left.iter().flat_map(|left| left.legs.iter().map(Leg::key)));
        left
    }

    /// Of what would close the positions, that which FYERS has not closed yet, as far as the books show.
    fn not_closed(&mut self, request: &UnreadRequest) -> Option<Reserved> {
        let legs = &request.reserved.legs;
        let legs: Vec<Leg> = legs.iter().filter(|leg| !self.is_closed(leg, request.sent)).cloned().collect();
        let legs = without_ended(legs, &request.closed_orders, self.seen.book);
        let is_opaque = request.reserved.is_opaque && (!legs.is_empty() || request.reserved.legs.is_empty());
        (is_opaque || !legs.is_empty()).then_some(Reserved { legs, is_opaque })
    }

    /// Whether the position is gone, in both books and after all that came before; or as much was ordered as would close it.
    fn is_closed(&mut self, leg: &Leg, sent: DateTime<Utc>) -> bool {
        let key = leg.key();
        if !self.fills.agrees(&key, self.now) {
            return false;
        }
        let net = self.now.get(&key).map_or(0, |books| books.net);
        let is_gone = net.signum() != -leg.quantity.signum();
        let has_moved = self.fills.has_moved(&key, self.now);
        (is_gone && has_moved && !self.before.contains(&key))
            || self.free.take(leg, (self.seen.by_its_clock)(sent))
    }

    /// A conversion is no order: the position has become smaller, and no fill tells why.
    fn is_converted(&self, leg: &Leg) -> bool {
        self.fills.ahead(&leg.key(), self.now).signum() == -leg.quantity.signum()
    }

    /// A change of the price alone makes no order larger.
    fn is_changed(&self, change: &ChangedOrder) -> bool {
        let row = self.seen.book.iter().find(|row| row.id == change.id);
        row.is_some_and(|row| {
            let is_new = |quantity| [row.whole.abs(), row.leg.quantity.abs()].contains(&quantity);
            !row.waits || change.quantity.is_none_or(is_new)
        })
    }

    /// Whether its orders are in the order book, and the positions show what was filled of them. One that waits in the GTT book
    /// has done nothing. An order of which FYERS has told no id is known by its time.
    fn are_filled(&mut self, request: &UnreadRequest) -> bool {
        let UnreadRequest { ids, sent, reserved, .. } = request;
        let Reserved { legs, is_opaque } = reserved;
        let waits = |id: &String| self.seen.gtts.iter().any(|row| !row.is_over && row.ids.contains(id));
        if *is_opaque || legs.is_empty() || (!ids.is_empty() && ids.iter().all(waits)) {
            return !is_opaque;
        }
        if !legs.iter().all(|leg| self.fills.agrees(&leg.key(), self.now)) {
            return false;
        }
        let from = (self.seen.by_its_clock)(*sent);
        match ids.is_empty() {
            true => legs.iter().all(|leg| self.free.take(leg, from)),
            false => request.is_listed(self.seen.book),
        }
    }
}

/// What is in the order book and nobody's here: what FYERS has made of an exit of positions, or an order of the app.
struct FreeRows<'a>(Vec<(&'a BookRow, i64)>);

impl<'a> FreeRows<'a> {
    fn of(seen: &SeenBooks<'a>) -> Self {
        let free = seen.book.iter().filter(|row| !(seen.is_known)(&row.id));
        Self(free.map(|row| (row, row.whole.abs())).collect())
    }

    /// Whether as much as this was ordered since then, by orders that explain nothing else. They are its own from now on.
    fn take(&mut self, leg: &Leg, from: DateTime<Utc>) -> bool {
        let is_its = |(row, left): &&mut (&BookRow, i64)| {
            let is_in_time = row.at.is_some_and(|at| at + WHOLE_SECOND > from);
            let is_of_it = row.leg.key() == leg.key() && row.whole.signum() == leg.quantity.signum();
            *left > 0 && is_in_time && is_of_it && (leg.tag.is_none() || leg.tag == row.leg.tag)
        };
        let mut missing = leg.quantity.abs();
        let its: Vec<&mut (&BookRow, i64)> = self.0.iter_mut().filter(is_its).collect();
        if its.iter().map(|(_, left)| *left).sum::<i64>() < missing {
            return false;
        }
        for (_, left) in its {
            let taken = missing.min(*left);
            (*left, missing) = (*left - taken, missing - taken);
        }
        true
    }
}

/// What an answered order may still fill, or may have filled unseen, beside what waits of it in the order book: that counts
/// there already.
fn beside_the_book(book: &[BookRow], ids: &[String], sent: &Reserved) -> Reserved {
    if ids.len() != sent.legs.len() {
        return sent.clone();
    }
    let beside = |(id, leg): (&String, &Leg)| {
        let is_it = |row: &&BookRow| row.waits && row.id == *id && row.leg.key() == leg.key();
        let waits = book.iter().find(is_it).map_or(0, |row| row.leg.quantity);
        let left = if waits.signum() == leg.quantity.signum() { leg.quantity - waits } else { leg.quantity };
        (left.signum() == leg.quantity.signum()).then(|| Leg { quantity: left, ..leg.clone() })
    };
    Reserved { legs: ids.iter().zip(&sent.legs).filter_map(beside).collect(), ..sent.clone() }
}

#[cfg(test)]
mod tests;
