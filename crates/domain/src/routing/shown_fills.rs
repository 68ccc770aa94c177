//! Whether FYERS' positions show what an order has filled. Answer, order book and positions are three things at FYERS, and
//! none of them waits for the others.

use std::collections::BTreeMap;

use fyers_api::model::Position;

use super::{
    live_positions::BookRow,
    request::{Leg, Reserved},
};

/// Symbol and product.
type Key = (String, String);
/// What the order book shows as filled today, and what is open.
type Books = BTreeMap<Key, (i64, i64)>;

/// The last reading in which positions and order book agreed, for each symbol and product.
#[derive(Debug, Clone, Default)]
pub struct ShownFills {
    has_read: bool,
    base: Books,
    /// The last reading, whatever it was.
    last: Books,
}

impl ShownFills {
    /// Learns a reading, and tells of each order that FYERS has answered, with its ids, whether the positions show what it
    /// has filled: it is in the order book, and since the books last agreed the position has moved by what was filled.
    pub fn learn(
        &mut self,
        book: &[BookRow],
        positions: &[Position],
        answered: &[(&[String], &Reserved)],
    ) -> Vec<bool> {
        let now = books(book, positions);
        let is_listed = |id: &String| book.iter().any(|row| row.id == *id);
        let is_shown = |(ids, reserved): &(&[String], &Reserved)| {
            let listed = !ids.is_empty() && ids.iter().all(is_listed);
            listed && !reserved.is_opaque && reserved.legs.iter().all(|leg| self.agrees(&leg.key(), &now))
        };
        let shown: Vec<bool> = answered.iter().map(is_shown).collect();
        let open = answered.iter().zip(&shown).filter(|(_, shown)| !**shown);
        let open: Vec<Key> = open.flat_map(|((_, reserved), _)| reserved.legs.iter().map(Leg::key)).collect();
        // An order that fills between the two calls is in one book and not in the other: no beginning to measure from. What
        // no order explains, as a conversion, is one once it stays.
        let is_stable = |key: &Key, books: &(i64, i64)| {
            !self.has_read || self.agrees(key, &now) || self.last.get(key) == Some(books)
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

    /// Where the last reading showed what an order has filled in one of the books, and not in the other.
    pub fn torn(&self) -> Vec<Key> {
        self.last.keys().filter(|key| !self.agrees(key, &self.last)).cloned().collect()
    }

    fn agrees(&self, key: &Key, now: &Books) -> bool {
        let of = |books: &Books| books.get(key).copied().unwrap_or_default();
        let ((filled_then, net_then), (filled, net)) = (of(&self.base), of(now));
        self.has_read && net - net_then == filled - filled_then
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
        BookRow { id: id.into(), whole: quantity, leg, waits: false, filled, average, at: None }
    }

    fn exit(quantity: i64) -> Reserved {
        Reserved { legs: vec![leg("A", quantity)], is_opaque: false }
    }

    #[test]
    fn an_exit_is_shown_once_book_and_position_have_moved_alike() {
        let (ids, sent) = (vec!["2".to_owned()], exit(-40));
        let before = row("1", 30, 30);
        let mut fills = ShownFills::default();
        fills.learn(std::slice::from_ref(&before), &[position("A", 100)], &[]);
        let mut shows = |book: &[BookRow], net| {
            let order: (&[String], &Reserved) = (&ids, &sent);
            fills.learn(book, &[position("A", net)], &[order])[0]
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
        assert!(fills.learn(&[bought(0)], &[], &[]).is_empty());
        assert_eq!(fills.torn(), []);
        assert!(fills.learn(&[bought(0)], &[position("A", 10)], &[]).is_empty(), "torn");
        assert_eq!(fills.torn(), [leg("A", 10).key()]);
        let book = [bought(10), row("2", -4, -4)];
        assert_eq!(fills.learn(&book, &[position("A", 6)], &[(&ids, &sent)]), [true]);
        assert_eq!(fills.torn(), []);
    }

    #[test]
    fn what_no_order_explains_is_a_beginning_once_it_stays() {
        let (ids, sent) = (vec!["2".to_owned()], exit(-4));
        let (bought, mut fills) = (row("1", 10, 10), ShownFills::default());
        fills.learn(std::slice::from_ref(&bought), &[position("A", 10)], &[]);
        for _ in 0..2 {
            // Four of them were converted to another product.
            fills.learn(std::slice::from_ref(&bought), &[position("A", 6)], &[]);
        }
        let book = [bought, row("2", -4, -4)];
        assert_eq!(fills.learn(&book, &[position("A", 2)], &[(&ids, &sent)]), [true]);
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
            fills.learn(&filled, &[position("A", 60)], &[(&ids, &exit(-40))]),
            [false],
            "the first reading"
        );
        let opaque = Reserved { is_opaque: true, ..exit(-40) };
        assert_eq!(
            fills.learn(&filled, &[position("A", 60)], &[(&ids, &opaque), (&[], &exit(-40))]),
            [false, false]
        );
    }
}
