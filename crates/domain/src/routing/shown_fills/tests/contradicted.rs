//! Where order book and positions do not agree about what is open, for whatever reason, and until when that protects.

use fyers_api::model::Product;

use super::*;

/// A row of the positions in this product.
fn open(product: Product, net: i64) -> Position {
    Position { product, ..position("A", net) }
}

/// Reads these, and gives what is known of the account then.
fn look(fills: &mut ShownFills, book: &[BookRow], positions: &[Position], seconds: i64) -> LivePositions {
    let seen = SeenBooks {
        book,
        positions,
        gtts: &[],
        began: at(seconds),
        at: at(seconds),
        is_known: &|_| true,
        by_its_clock: &|moment| moment,
        on_the_way: &[],
    };
    settling::learn(fills, &seen, &[]);
    let (agreed, contradicted, untold) = (fills.agreed(), fills.contradicted(), fills.untold());
    let (positions, read_at) = (positions.to_vec(), Some(at(seconds)));
    LivePositions {
        positions,
        agreed,
        contradicted,
        untold,
        read_at,
        was_live: true,
        ..LivePositions::default()
    }
}

/// Whether orders that buy and that sell in this product are refused while there is no token.
fn protects(live: &LivePositions, product: &str) -> [bool; 2] {
    [1, -1].map(|quantity| {
        let order = Leg { product: product.into(), ..leg("A", quantity) };
        live.protects(&order, []).is_some()
    })
}

const INTRADAY: &str = "INTRADAY";

/// Where another position has agreed, a later life does not begin anew.
#[test]
fn what_may_agree_by_chance_is_known_after_a_restart() {
    let told = Position { today: Some(Traded::default()), ..position("B", 5) };
    let positions = [position("A", 10), told];
    let live = look(&mut ShownFills::default(), &[], &positions, 0);
    let live: LivePositions = serde_json::from_str(&serde_json::to_string(&live).unwrap()).unwrap();
    let untold = |live: &LivePositions, seconds: &[i64]| {
        let mut fills = ShownFills::recall(live, ist::date(at(0)));
        seconds.iter().for_each(|seconds| drop(look(&mut fills, &[], &positions, *seconds)));
        fills.untold()
    };
    assert_eq!(untold(&live, &[5]), [leg("A", 10).key()]);
    assert_eq!(untold(&live, &[5, 60, 124]), [leg("A", 10).key()]);
    assert_eq!(untold(&live, &[5, 60, 125]), [], "two minutes have told");
    let old = LivePositions { untold: vec![], ..live };
    assert_eq!(untold(&old, &[5]), [], "as an older keeper has written it");
}

#[test]
fn positions_that_have_lost_what_the_order_book_has_filled_are_not_nothing() {
    let (mut fills, bought) = (ShownFills::default(), [row("1", 50, 50)]);
    let live = look(&mut fills, &bought, &[traded(50, 50, 0)], 0);
    assert_eq!((&live.contradicted[..], protects(&live, INTRADAY)), (&[][..], [false, true]));
    for seconds in [1, 2, 3, 60, 120] {
        let live = look(&mut fills, &bought, &[], seconds);
        assert_eq!(live.contradicted, [(leg("A", 1).key(), 50)], "{seconds} s");
        assert_eq!(protects(&live, INTRADAY), [false, true], "{seconds} s");
        assert!(live.is_open() && live.protects(&leg("B", -1), []).is_none());
        let told = live.open().unwrap();
        assert_eq!(told, ["A (order book and positions differ by +50)"]);
    }
    let live = look(&mut fills, &bought, &[open(Product::Intraday, 50)], 121);
    assert_eq!((&live.contradicted[..], protects(&live, INTRADAY)), (&[][..], [false, true]));
}

/// A short one, and one of which a part is shown.
#[test]
fn it_protects_against_the_order_that_would_close_it() {
    let (mut fills, sold) = (ShownFills::default(), [row("1", -50, -50)]);
    look(&mut fills, &[], &[], 0);
    assert_eq!(protects(&look(&mut fills, &sold, &[], 1), INTRADAY), [true, false]);
    let part = look(&mut fills, &sold, &[open(Product::Intraday, -20)], 2);
    assert_eq!(
        (&part.contradicted[..], protects(&part, INTRADAY)),
        (&[(leg("A", 1).key(), -30)][..], [true, false])
    );
    // A sale that the positions do not show has closed a part of what they show: no more than that is open.
    let (mut fills, bought) = (ShownFills::default(), row("1", 50, 50));
    look(&mut fills, std::slice::from_ref(&bought), &[traded(50, 50, 0)], 0);
    let late = look(&mut fills, &[bought, row("2", -50, -50)], &[open(Product::Intraday, 50)], 1);
    assert_eq!(protects(&late, INTRADAY), [false, true]);
}

/// What stays so for two minutes is what it is: no bot is locked out for ever.
#[test]
fn books_that_never_agree_are_taken_as_they_are_after_two_minutes() {
    let (mut fills, bought) = (ShownFills::default(), [row("1", 50, 50)]);
    look(&mut fills, &bought, &[traded(50, 50, 0)], 0);
    for (seconds, is_over) in [(10, false), (70, false), (129, false), (130, true)] {
        let live = look(&mut fills, &bought, &[], seconds);
        assert_eq!(live.contradicted.is_empty(), is_over, "{seconds} s");
        assert_eq!(protects(&live, INTRADAY), [false, !is_over], "{seconds} s");
    }
}

#[test]
fn a_first_reading_without_a_row_for_what_has_filled_is_no_beginning() {
    let bought = [row("1", 50, 50)];
    let mut fills = ShownFills::default();
    let live = look(&mut fills, &bought, &[], 0);
    assert_eq!((live.contradicted.len(), protects(&live, INTRADAY)), (1, [false, true]));
    assert_eq!(fills.torn(), [(leg("A", 1).key(), 50)], "a halt knows of it too");
    assert!(look(&mut fills, &bought, &[open(Product::Intraday, 50)], 5).contradicted.is_empty());
    let closed = [row("1", 50, 50), row("2", -50, -50)];
    assert!(look(&mut ShownFills::default(), &closed, &[], 0).contradicted.is_empty(), "nothing is missing");
    let mut fills = ShownFills::default();
    for (seconds, is_over) in [(0, false), (119, false), (120, true)] {
        let live = look(&mut fills, &bought, &[], seconds);
        assert_eq!(live.contradicted.is_empty(), is_over, "{seconds} s");
    }
}

/// Bought on another day, sold today: before the keeper's first reading, or after it.
#[test]
fn what_was_there_before_the_day_explains_its_sale() {
    let sold = [row("1", -50, -50)];
    let mut fills = ShownFills::default();
    look(&mut fills, &[], &[traded(50, 0, 0)], 0);
    for positions in [&[][..], &[open(Product::Intraday, 0)]] {
        let live = look(&mut fills.clone(), &sold, positions, 1);
        assert_eq!((&live.contradicted[..], protects(&live, INTRADAY)), (&[][..], [false, false]));
    }
    for left in [0, 20] {
        let live = look(&mut ShownFills::default(), &sold, &[traded(left, 0, 50)], 0);
        assert_eq!((&live.contradicted[..], protects(&live, INTRADAY)), (&[][..], [false, left > 0]));
    }
}

/// The first reading of a keeper without memory may be of one book as it is and of the other as it was. Where FYERS does not
/// tell what of a position is of today, it may be as well that the order book does not show yet how it came about.
#[test]
fn a_first_reading_of_books_that_lag_is_no_beginning() {
    let (bought, sold) = (row("1", 10, 10), row("2", -10, -10));
    let both = [bought.clone(), sold];
    for bought_today in [traded(10, 10, 0), open(Product::Intraday, 10)] {
        let mut fills = ShownFills::default();
        look(&mut fills, &[], std::slice::from_ref(&bought_today), 0);
        assert_eq!(fills.contradicted(), [(leg("A", 1).key(), -10)], "the order book lags");
        assert_eq!(fills.torn(), [(leg("A", 1).key(), 0)], "and the positions show all that it has");
        look(&mut fills, std::slice::from_ref(&bought), std::slice::from_ref(&bought_today), 1);
        assert_eq!(fills.contradicted(), []);
        let is_known = bought_today.today.is_some();
        assert_eq!(fills.torn().is_empty(), is_known, "else it may be a coincidence");
        look(&mut fills, &both, std::slice::from_ref(&bought_today), 2);
        assert_eq!(fills.torn(), [(leg("A", 1).key(), -10)], "the positions lag");
        look(&mut fills, &both, &[traded(0, 10, 10)], 3);
        assert_eq!(fills.contradicted(), []);
    }
    let mut fills = ShownFills::default();
    look(&mut fills, &both, &[traded(10, 10, 0)], 0);
    assert_eq!(fills.torn(), [(leg("A", 1).key(), -10)], "at once");
}

#[test]
fn what_fyers_does_not_explain_is_a_beginning_after_two_minutes() {
    let mut fills = ShownFills::default();
    let carried = [open(Product::Intraday, 10)];
    for (seconds, is_over) in [(0, false), (119, false), (120, true)] {
        look(&mut fills, &[], &carried, seconds);
        assert_eq!(fills.contradicted().is_empty(), is_over, "{seconds} s");
    }
    let mut fills = ShownFills::default();
    look(&mut fills, &[], &[traded(10, 0, 0)], 0);
    assert_eq!(fills.contradicted(), [], "it says that it is of another day");
}

/// A conversion is no order: what has gone from one product is in another one, and is protected there.
#[test]
fn a_conversion_explains_what_has_gone() {
    let (mut fills, bought) = (ShownFills::default(), [row("1", 50, 50)]);
    look(&mut fills, &bought, &[traded(50, 50, 0)], 0);
    let (whole, part) =
        ([open(Product::Margin, 50)], [open(Product::Intraday, 20), open(Product::Margin, 30)]);
    let live = look(&mut fills.clone(), &bought, &whole, 1);
    assert_eq!(live.contradicted, []);
    assert_eq!([INTRADAY, "MARGIN"].map(|product| protects(&live, product)), [[false, false], [false, true]]);
    let live = look(&mut fills.clone(), &bought, &part, 1);
    assert_eq!(live.contradicted, []);
    assert_eq!([INTRADAY, "MARGIN"].map(|product| protects(&live, product)), [[false, true], [false, true]]);
    // Not as much has come up there, or something has filled beside it: it may be two books that lag.
    let less = look(&mut fills.clone(), &bought, &[open(Product::Margin, 49)], 1);
    assert_eq!(protects(&less, INTRADAY), [false, true]);
    let more = [row("1", 50, 50), row("2", 10, 10)];
    let filled = look(&mut fills.clone(), &more, &[open(Product::Margin, 60)], 1);
    assert_eq!(protects(&filled, INTRADAY), [false, true]);
    for seconds in [1, 61, 121] {
        look(&mut fills, &more, &[open(Product::Margin, 60)], seconds);
    }
    assert_eq!(fills.contradicted(), [], "for two minutes");
}

/// Rows that the order book has no more, as where it is longer than what is read of it.
#[test]
fn an_order_book_that_gets_shorter_locks_nobody_out_for_ever() {
    let (mut fills, all) = (ShownFills::default(), [row("1", 50, 50), row("2", -50, -50)]);
    look(&mut fills, &all, &[traded(0, 50, 50)], 0);
    for (seconds, is_over) in [(1, false), (120, false), (121, true)] {
        let live = look(&mut fills, &all[..1], &[open(Product::Intraday, 0)], seconds);
        assert_eq!(protects(&live, INTRADAY), [false, !is_over], "{seconds} s");
    }
    // Later orders are measured from there.
    let later = [row("1", 50, 50), row("3", 5, 5)];
    let live = look(&mut fills, &later, &[open(Product::Intraday, 5)], 122);
    assert_eq!(live.contradicted, []);
}

/// A token may be dead when the next life begins, and then nothing is read.
#[test]
fn another_life_knows_that_they_did_not_agree() {
    let mut fills = ShownFills::default();
    look(&mut fills, &[row("1", 50, 50)], &[traded(50, 50, 0)], 0);
    let live = look(&mut fills, &[row("1", 50, 50)], &[], 1);
    let text = serde_json::to_string(&live).unwrap();
    let recalled: LivePositions = serde_json::from_str(&text).unwrap();
    assert_eq!(protects(&recalled, INTRADAY), [false, true]);
    let mut before: serde_json::Value = serde_json::from_str(&text).unwrap();
    before.as_object_mut().unwrap().remove("contradicted");
    let before: LivePositions = serde_json::from_value(before).unwrap();
    assert_eq!(before.contradicted, [], "what was written before there was this field");
    let mut next = ShownFills::recall(&recalled, ist::date(at(1)));
    let live = look(&mut next, &[row("1", 50, 50)], &[], 2);
    assert_eq!(protects(&live, INTRADAY), [false, true], "and a reading of that life finds it again");
}
