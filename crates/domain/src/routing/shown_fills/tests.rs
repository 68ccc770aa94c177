mod contradicted;

use chrono::TimeDelta;
use fyers_api::model::Traded;
use rust_decimal::Decimal;

use super::*;
use crate::routing::{
    exposure::tests::{leg, position},
    request::Reserved,
    settling::{self, SeenBooks, UnreadRequest},
};

pub(in crate::routing) fn row(id: &str, quantity: i64, filled: i64) -> BookRow {
    let leg = leg("A", quantity);
    let average = Decimal::ZERO;
    BookRow {
        id: id.into(),
        whole: quantity,
        leg,
        waits: false,
        filled,
        average,
        stop: average,
        is_unfilled: false,
        at: None,
    }
}

pub(in crate::routing) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

/// An order that FYERS has answered with this id; `""`: with none.
pub(in crate::routing) fn sent(id: &str, quantity: i64) -> UnreadRequest {
    let ids = [id].into_iter().filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let reserved = Reserved { legs: vec![leg("A", quantity)], is_opaque: false };
    UnreadRequest { id: 1, ids, sent: at(0), at: at(0), reserved, effect: None, closed_orders: vec![] }
}

/// A position of which this much was done today.
pub(in crate::routing) fn traded(net: i64, bought: i64, sold: i64) -> Position {
    Position { today: Some(Traded { bought, sold }), ..position("A", net) }
}

/// The same, with all that this book has filled.
fn with_all(book: &[BookRow], net: i64) -> Position {
    let [bought, sold] = [1, -1].map(|side| {
        let of_it = book.iter().map(|row| row.filled).filter(|filled| filled.signum() == side);
        of_it.map(i64::abs).sum()
    });
    traded(net, bought, sold)
}

/// What still counts of these orders after a reading, in which the positions name all that the book has filled.
pub(in crate::routing) fn learn(
    fills: &mut ShownFills,
    (book, net): (&[BookRow], i64),
    requests: &[UnreadRequest],
    now: DateTime<Utc>,
) -> Vec<Option<Reserved>> {
    let positions = if net == 0 { vec![] } else { vec![with_all(book, net)] };
    let is_known = |id: &str| requests.iter().any(|one| one.ids.iter().any(|own| own == id));
    let seen = SeenBooks {
        book,
        positions: &positions,
        gtts: &[],
        began: now,
        at: now,
        is_known: &is_known,
        by_its_clock: &|moment| moment,
        on_the_way: &[],
    };
    settling::learn(fills, &seen, &requests.iter().collect::<Vec<_>>())
}

#[test]
fn an_exit_is_shown_once_book_and_position_have_moved_alike() {
    let before = row("1", 30, 30);
    let mut fills = ShownFills::default();
    learn(&mut fills, (std::slice::from_ref(&before), 100), &[], at(0));
    let mut shows =
        |book: &[BookRow], net| learn(&mut fills, (book, net), &[sent("2", -40)], at(0))[0].is_none();
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
    let mut fills = ShownFills::default();
    let bought = |filled| row("1", 10, filled);
    learn(&mut fills, (&[bought(0)], 0), &[], at(0));
    assert_eq!(fills.torn(), []);
    learn(&mut fills, (&[bought(0)], 10), &[], at(0));
    assert_eq!(fills.torn(), [(leg("A", 10).key(), 0)]);
    let book = [bought(10), row("2", -4, -4)];
    assert_eq!(learn(&mut fills, (&book, 6), &[sent("2", -4)], at(0)), [None]);
    assert_eq!(fills.torn(), []);
}

/// FYERS' order book shows an exit, and its positions do not: however often that is read, the exit is not there to be sent
/// again.
#[test]
fn a_fill_that_the_positions_do_not_show_stays_open_for_two_minutes() {
    let (mut fills, exit) = (ShownFills::default(), [row("1", -10, -10)]);
    learn(&mut fills, (&[], 10), &[], at(0));
    for seconds in [1, 2, 30, 120] {
        learn(&mut fills, (&exit, 10), &[], at(seconds));
        assert_eq!(fills.torn(), [(leg("A", 10).key(), -10)], "{seconds} s");
    }
    learn(&mut fills, (&exit, 10), &[], at(121));
    assert_eq!(fills.torn(), [], "it is what it is");
    let mut fills = ShownFills::default();
    learn(&mut fills, (&[], 10), &[], at(0));
    learn(&mut fills, (&exit, 10), &[], at(1));
    learn(&mut fills, (&exit, 0), &[], at(7));
    assert_eq!(fills.torn(), [], "it has come up");
}

/// Bought and sold within one lag, and the positions show only that it was bought.
#[test]
fn a_sale_is_unseen_although_as_much_was_bought() {
    let mut fills = ShownFills::default();
    learn(&mut fills, (&[], 0), &[], at(0));
    let book = [row("1", 10, 10), row("2", -10, -10)];
    for seconds in 1..5 {
        learn(&mut fills, (&book, 10), &[], at(seconds));
        assert_eq!(fills.torn(), [(leg("A", 10).key(), -10)], "{seconds} s");
    }
    learn(&mut fills, (&book, 0), &[], at(6));
    assert_eq!(fills.torn(), []);
}

#[test]
fn what_no_order_explains_is_a_beginning_after_two_minutes() {
    let (bought, mut fills) = (row("1", 10, 10), ShownFills::default());
    learn(&mut fills, (std::slice::from_ref(&bought), 10), &[], at(0));
    for seconds in [0, 60, 120] {
        // Four of them were converted to another product.
        learn(&mut fills, (std::slice::from_ref(&bought), 6), &[], at(seconds));
    }
    let (book, order) = ([bought, row("2", -4, -4)], UnreadRequest { at: at(120), ..sent("2", -4) });
    assert_eq!(learn(&mut fills, (&book, 2), &[order], at(121)), [None]);
}

/// The position has gone from the book, and nothing of it was ordered today.
#[test]
fn what_is_not_in_the_books_any_more_is_nothing() {
    let mut fills = ShownFills::default();
    learn(&mut fills, (&[], 10), &[], at(0));
    for seconds in [1, 121] {
        learn(&mut fills, (&[], 0), &[], at(seconds));
    }
    let order = UnreadRequest { at: at(121), ..sent("2", 5) };
    assert_eq!(learn(&mut fills, (&[row("2", 5, 5)], 5), &[order], at(122)), [None]);
}

/// Another life of the keeper knows where both agreed.
#[test]
fn what_the_positions_do_not_show_is_known_after_a_restart() {
    let mut fills = ShownFills::default();
    learn(&mut fills, (&[row("1", 10, 10)], 10), &[], at(0));
    let live = LivePositions { agreed: fills.agreed(), read_at: Some(at(0)), ..LivePositions::default() };
    let text = serde_json::to_string(&live).unwrap();
    let live: LivePositions = serde_json::from_str(&text).unwrap();
    let day = ist::date(at(0));
    let book = [row("1", 10, 10), row("2", -10, -10)];
    let unseen = |mut fills: ShownFills| {
        learn(&mut fills, (&book, 10), &[], at(5));
        fills.torn()
    };
    assert_eq!(unseen(ShownFills::recall(&live, day)), [(leg("A", 10).key(), -10)]);
    assert_eq!(unseen(ShownFills::recall(&live, day.succ_opt().unwrap())), [], "of another day");
}
