//! Whether FYERS' positions show what its order book has filled. Answer, order book and positions are three things at FYERS,
//! and none of them waits for the others.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{ist, model::Position};

use super::{
    live_positions::{BookRow, LivePositions},
    request::Leg,
    sums::{Key, Sums},
};

/// What both books say of each.
pub(super) type Books = BTreeMap<Key, Sums>;

/// How long FYERS' books may be behind its answer, and behind each other.
pub const LONGEST_LAG: TimeDelta = TimeDelta::minutes(2);

/// The last reading in which positions and order book agreed, for each symbol and product.
#[derive(Debug, Clone, Default)]
pub struct ShownFills {
    has_read: bool,
    base: Books,
    /// Of these the first reading has not told what is of today: where both books seem to agree, it may be by chance.
    untold: BTreeSet<Key>,
    /// The last reading, whatever it was.
    last: Books,
    /// Since when each of them has been read as it was last.
    since: BTreeMap<Key, DateTime<Utc>>,
}

impl ShownFills {
    /// As the reading on disk has left it. The order book of another day tells nothing of this one.
    pub fn recall(live: &LivePositions, today: NaiveDate) -> Self {
        if live.agreed.is_empty() || live.read_at.is_none_or(|at| ist::date(at) != today) {
            return Self::default();
        }
        let base: Books = live.agreed.iter().cloned().collect();
        let untold = live.untold.iter().cloned().collect();
        Self { has_read: true, last: base.clone(), base, untold, ..Self::default() }
    }

    /// What another life needs of it.
    pub fn agreed(&self) -> Vec<(Key, Sums)> {
        let known = self.base.iter().filter(|(_, sums)| **sums != Sums::default());
        known.map(|(key, sums)| (key.clone(), *sums)).collect()
    }

    /// Before the first reading of a keeper without memory. Books that are read at one moment need not be of one moment, so
    /// there the positions say themselves what they contain of the day. Where they do not, nothing is known to be shown
    /// before two minutes have told.
    pub(super) fn begin(&mut self, positions: &[Position]) {
        if self.has_read {
            return;
        }
        self.untold = positions.iter().filter(|row| row.today.is_none()).map(key).collect();
        for position in positions.iter().filter(|row| !self.untold.contains(&key(row))) {
            let base = self.base.entry(key(position)).or_default();
            let today = position.today.unwrap_or_default();
            (base.bought, base.sold) = (base.bought + today.bought, base.sold + today.sold);
            base.net += position.net;
        }
    }

    /// Takes the sums of a reading for the last one, and for the base what agrees in them and is not `open`: of what nothing
    /// counts beside the books.
    pub(super) fn keep(&mut self, now: Books, open: &BTreeSet<Key>, at: DateTime<Utc>) {
        // What has filled is in one book and not in the other for a while: no beginning to measure from. What still is so
        // after that is what it is, as a position that was converted.
        let is_stable = |key: &Key| {
            let is_old = self.since.get(key).is_some_and(|since| at - *since >= LONGEST_LAG);
            (self.ahead(key, &now) == 0 && !self.untold.contains(key)) || is_old
        };
        let settled: Books = now
            .iter()
            .filter(|(key, _)| !open.contains(*key) && is_stable(key))
            .map(|(key, sums)| (key.clone(), *sums))
            .collect();
        self.untold.retain(|key| !settled.contains_key(key));
        self.base.extend(settled);
        (self.has_read, self.last) = (true, now);
    }

    pub(super) fn note_since(&mut self, now: &Books, at: DateTime<Utc>) {
        for (key, books) in now {
            let since = self.since.entry(key.clone()).or_insert(at);
            if self.last.get(key) != Some(books) {
                *since = at;
            }
        }
    }

    /// Where both books may agree by chance: what is open there may be more, or less.
    pub fn untold(&self) -> Vec<Key> {
        self.untold.iter().cloned().collect()
    }

    /// Where the last reading showed what an order has filled in one of the books, and not in the other: how much of it the
    /// positions do not show, signed. Nothing of it where they show more.
    pub fn torn(&self) -> Vec<(Key, i64)> {
        let unseen = |(key, now): (&Key, &Sums)| {
            let (ahead, base) =
                (self.ahead(key, &self.last), self.base.get(key).copied().unwrap_or_default());
            let filled = if ahead < 0 { now.sold - base.sold } else { now.bought - base.bought };
            (key.clone(), ahead.signum() * ahead.abs().min(filled.max(0)))
        };
        self.last.iter().filter(|(key, _)| !self.agrees(key, &self.last)).map(unseen).collect()
    }

    /// How much more the order book has filled than the positions show, signed, wherever the last reading does not agree: by one
    /// book that much more is open than by the other. What was converted to another product is where the positions say.
    pub fn contradicted(&self) -> Vec<(Key, i64)> {
        let ahead = |key: &Key| (key.clone(), self.ahead(key, &self.last));
        let all: Vec<(Key, i64)> = self.last.keys().map(ahead).filter(|(_, ahead)| *ahead != 0).collect();
        let is_converted = |symbol: &String| {
            let of_it: Vec<&(Key, i64)> = all.iter().filter(|((other, _), _)| other == symbol).collect();
            let is_balanced = of_it.iter().map(|(_, ahead)| ahead).sum::<i64>() == 0;
            is_balanced && of_it.iter().all(|(key, _)| self.has_filled_nothing(key))
        };
        all.iter().filter(|((symbol, _), _)| !is_converted(symbol)).cloned().collect()
    }

    /// Whether the order book has the same fills as when both books last agreed.
    fn has_filled_nothing(&self, key: &Key) -> bool {
        let of = |books: &Books| books.get(key).map_or((0, 0), |sums| (sums.bought, sums.sold));
        of(&self.base) == of(&self.last)
    }

    /// Whether positions and order book have moved alike since they last agreed.
    pub(super) fn agrees(&self, key: &Key, now: &Books) -> bool {
        self.has_read && !self.untold.contains(key) && self.ahead(key, now) == 0
    }

    /// Whether anything is another than when they last agreed.
    pub(super) fn has_moved(&self, key: &Key, now: &Books) -> bool {
        self.base.get(key).copied().unwrap_or_default() != now.get(key).copied().unwrap_or_default()
    }

    /// How much more the order book has filled since the books last agreed than the positions show.
    pub(super) fn ahead(&self, key: &Key, now: &Books) -> i64 {
        let of = |books: &Books| books.get(key).copied().unwrap_or_default();
        let (then, now) = (of(&self.base), of(now));
        (now.filled() - then.filled()) - (now.net - then.net)
    }

    /// The sums of both, with nothing for what has gone from them.
    pub(super) fn books(&self, book: &[BookRow], positions: &[Position]) -> Books {
        let mut books: Books = self.base.keys().map(|key| (key.clone(), Sums::default())).collect();
        for row in book {
            let sums = books.entry(row.leg.key()).or_default();
            let side = if row.filled > 0 { &mut sums.bought } else { &mut sums.sold };
            *side += row.filled.abs();
        }
        for position in positions {
            books.entry(key(position)).or_default().net += position.net;
        }
        books
    }
}

fn key(position: &Position) -> Key {
    Leg::closing(position).key()
}

#[cfg(test)]
pub(in crate::routing) mod tests;
