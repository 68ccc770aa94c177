//! Whether FYERS' positions show what an order has filled. Answer, order book and positions are three things at FYERS, and
//! none of them waits for the others.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::model::Position;

use super::{
    live_positions::BookRow,
    request::{Leg, Reserved},
};

/// How long FYERS' positions may be behind its order book: what has not come up in them by then is taken for what it is.
const LONGEST_LAG: TimeDelta = TimeDelta::minutes(2);

/// Symbol and product.
pub type Key = (String, String);
/// What the order book shows as filled today, and what is open.
type Books = BTreeMap<Key, (i64, i64)>;

/// The last reading in which positions and order book agreed, for each symbol and product.
#[derive(Debug, Clone, Default)]
pub struct ShownFills {
    has_read: bool,
    base: Books,
    /// The last reading, whatever it was.
    last: Books,
    /// Since when each of them has been read as it was last.
    since: BTreeMap<Key, DateTime<Utc>>,
}

impl ShownFills {
    /// Learns a reading, and tells of each order that FYERS has answered, with its ids, whether the positions show what it
    /// has filled: it is in the order book, and since the books last agreed the position has moved by what was filled. `at`:
    /// when it was read.
    pub fn learn(
        &mut self,
        book: &[BookRow],
        positions: &[Position],
        answered: &[(&[String], &Reserved)],
        at: DateTime<Utc>,
    ) -> Vec<bool> {
        let now = books(book, positions);
        self.note_since(&now, at);
        let is_listed = |id: &String| book.iter().any(|row| row.id == *id);
        let is_shown = |(ids, reserved): &(&[String], &Reserved)| {
            let listed = !ids.is_empty() && ids.iter().all(is_listed);
            listed && !reserved.is_opaque && reserved.legs.iter().all(|leg| self.agrees(&leg.key(), &now))
        };
        let shown: Vec<bool> = answered.iter().map(is_shown).collect();
        let open = answered.iter().zip(&shown).filter(|(_, shown)| !**shown);
        let open: Vec<Key> = open.flat_map(|((_, reserved), _)| reserved.legs.iter().map(Leg::key)).collect();
        // An order that fills between the two calls is in one book and not in the other: no beginning to measure from. What
        // no order explains, as a conversion, is one once it stays; a fill that the positions do not show is none for long.
        let is_stable = |key: &Key, books: &(i64, i64)| {
            let explains_nothing = self.base.get(key).copied().unwrap_or_default().0 == books.0;
            let stays = self.last.get(key) == Some(books);
            let is_old = self.since.get(key).is_some_and(|since| at - *since >= LONGEST_LAG);
            !self.has_read || self.agrees(key, &now) || (stays && (explains_nothing || is_old))
        };
        let settled: Books = now
            .iter()
            .filter(|(key, books)| !open.contains(key) && is_stable(key, books))
            .map(|(key, books)| (key.clone(), *books))
            .collect();
        self.base.extend(settled);
        (self.has_read, self.last) = (true, now);
        shown
    }

    fn note_since(&mut self, now: &Books, at: DateTime<Utc>) {
        for (key, books) in now {
            let since = self.since.entry(key.clone()).or_insert(at);
            if self.last.get(key) != Some(books) {
                *since = at;
            }
        }
    }

    /// Where the last reading showed what an order has filled in one of the books, and not in the other: how much of it the
    /// positions do not show, signed. Nothing of it where they show more.
    pub fn torn(&self) -> Vec<(Key, i64)> {
        let filled = |books: &Books, key: &Key| books.get(key).map_or(0, |books| books.0);
        let unseen = |key: &Key| {
            let moved = filled(&self.last, key) - filled(&self.base, key);
            let ahead = self.ahead(key, &self.last);
            (key.clone(), if ahead.signum() == moved.signum() { ahead } else { 0 })
        };
        self.last.keys().filter(|key| !self.agrees(key, &self.last)).map(unseen).collect()
    }

    fn agrees(&self, key: &Key, now: &Books) -> bool {
        self.has_read && self.ahead(key, now) == 0
    }

    /// How much more the order book has filled since the books last agreed than the positions show.
    fn ahead(&self, key: &Key, now: &Books) -> i64 {
        let of = |books: &Books| books.get(key).copied().unwrap_or_default();
        let ((filled_then, net_then), (filled, net)) = (of(&self.base), of(now));
        (filled - filled_then) - (net - net_then)
    }
}

/// What an answered order may still fill, or may have filled unseen, beside what waits of it in the order book: that counts
/// there already.
pub fn beside_the_book(book: &[BookRow], ids: &[String], sent: &Reserved) -> Reserved {
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

fn books(book: &[BookRow], positions: &[Position]) -> Books {
    let mut books = Books::new();
    for row in book {
        books.entry(row.leg.key()).or_default().0 += row.filled;
    }
    for position in positions {
        books.entry(Leg::closing(position).key()).or_default().1 += position.net;
    }
    books
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::routing::exposure::tests::{leg, position};

    fn row(id: &str, quantity: i64, filled: i64) -> BookRow {
        let leg = leg("A", quantity);
        let average = Decimal::ZERO;
        let (stop, is_unfilled) = (Decimal::ZERO, false);
        BookRow {
            id: id.into(),
            whole: quantity,
            leg,
            waits: false,
            filled,
            average,
            stop,
            is_unfilled,
            at: None,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn exit(quantity: i64) -> Reserved {
        Reserved { legs: vec![leg("A", quantity)], is_opaque: false }
    }

    #[test]
    fn an_exit_is_shown_once_book_and_position_have_moved_alike() {
        let (ids, sent) = (vec!["2".to_owned()], exit(-40));
        let before = row("1", 30, 30);
        let mut fills = ShownFills::default();
        fills.learn(std::slice::from_ref(&before), &[position("A", 100)], &[], at(0));
        let mut shows = |book: &[BookRow], net| {
            let order: (&[String], &Reserved) = (&ids, &sent);
            fills.learn(book, &[position("A", net)], &[order], at(0))[0]
        };
        assert!(
            !shows(std::slice::from_ref(&before), 100),
            "FYERS has answered, and its book does not know of it yet"
        );
        assert!(!shows(std::slice::from_ref(&before), 60), "the position is ahead of the book");
        let filled = [before.clone(), row("2", -40, -40)];
        for _ in 0..3 {
            assert!(!shows(&filled, 100), "the book is ahead of the position, however often it is read");
        }
        assert!(shows(&filled, 60));
        assert!(shows(&[before, row("2", -40, 0)], 100), "it was rejected: nothing has moved");
    }

    /// A resting order fills between the reading of the order book and that of the positions. An exit right after that is
    /// shown as any other.
    #[test]
    fn a_reading_in_which_the_books_disagree_is_no_beginning() {
        let (ids, sent) = (vec!["2".to_owned()], exit(-4));
        let mut fills = ShownFills::default();
        let bought = |filled| row("1", 10, filled);
        assert!(fills.learn(&[bought(0)], &[], &[], at(0)).is_empty());
        assert_eq!(fills.torn(), []);
        assert!(fills.learn(&[bought(0)], &[position("A", 10)], &[], at(0)).is_empty(), "torn");
        assert_eq!(fills.torn(), [(leg("A", 10).key(), 0)]);
        let book = [bought(10), row("2", -4, -4)];
        assert_eq!(fills.learn(&book, &[position("A", 6)], &[(&ids, &sent)], at(0)), [true]);
        assert_eq!(fills.torn(), []);
    }

    /// FYERS' order book shows an exit, and its positions do not: however often that is read, the exit is not there to be sent
    /// again.
    #[test]
    fn a_fill_that_the_positions_do_not_show_stays_open_for_two_minutes() {
        let (mut fills, exit) = (ShownFills::default(), row("1", -10, -10));
        let open = [position("A", 10)];
        fills.learn(&[], &open, &[], at(0));
        for seconds in [1, 2, 30, 120] {
            fills.learn(std::slice::from_ref(&exit), &open, &[], at(seconds));
            assert_eq!(fills.torn(), [(leg("A", 10).key(), -10)], "{seconds} s");
        }
        fills.learn(std::slice::from_ref(&exit), &open, &[], at(121));
        assert_eq!(fills.torn(), [], "it is what it is");
        let mut fills = ShownFills::default();
        fills.learn(&[], &open, &[], at(0));
        fills.learn(std::slice::from_ref(&exit), &open, &[], at(1));
        fills.learn(std::slice::from_ref(&exit), &[], &[], at(7));
        assert_eq!(fills.torn(), [], "it has come up");
    }

    #[test]
    fn what_no_order_explains_is_a_beginning_once_it_stays() {
        let (ids, sent) = (vec!["2".to_owned()], exit(-4));
        let (bought, mut fills) = (row("1", 10, 10), ShownFills::default());
        fills.learn(std::slice::from_ref(&bought), &[position("A", 10)], &[], at(0));
        for _ in 0..2 {
            // Four of them were converted to another product.
            fills.learn(std::slice::from_ref(&bought), &[position("A", 6)], &[], at(0));
        }
        let book = [bought, row("2", -4, -4)];
        assert_eq!(fills.learn(&book, &[position("A", 2)], &[(&ids, &sent)], at(0)), [true]);
    }

    /// An order that rests in the order book and is not settled yet is one order.
    #[test]
    fn what_waits_in_the_book_counts_there_and_only_the_rest_beside_it() {
        let waits = |left: i64| BookRow { waits: true, leg: leg("A", left), ..row("2", -6, left + 6) };
        let beside = |row: BookRow| -> Vec<i64> {
            let legs = beside_the_book(&[row], &["2".to_owned()], &exit(-6)).legs;
            legs.iter().map(|leg| leg.quantity).collect()
        };
        assert_eq!(beside(waits(-6)), [] as [i64; 0]);
        assert_eq!(beside(waits(-2)), [-4], "what has filled may not be in the positions yet");
        assert_eq!(beside(row("2", -6, -6)), [-6]);
        assert_eq!(beside(BookRow { id: "3".into(), ..waits(-6) }), [-6]);
        assert_eq!(beside(BookRow { leg: leg("B", -6), ..waits(-6) }), [-6]);
        assert_eq!(beside_the_book(&[waits(-6)], &[], &exit(-6)), exit(-6), "which it is cannot be told");
    }

    #[test]
    fn what_cannot_be_told_is_not_shown() {
        let ids = vec!["2".to_owned()];
        let filled = [row("2", -40, -40)];
        let mut fills = ShownFills::default();
        assert_eq!(
            fills.learn(&filled, &[position("A", 60)], &[(&ids, &exit(-40))], at(0)),
            [false],
            "the first reading"
        );
        let opaque = Reserved { is_opaque: true, ..exit(-40) };
        assert_eq!(
            fills.learn(&filled, &[position("A", 60)], &[(&ids, &opaque), (&[], &exit(-40))], at(0)),
            [false, false]
        );
    }
}
