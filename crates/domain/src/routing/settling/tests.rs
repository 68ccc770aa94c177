use fyers_api::response::GttTerms;

use super::*;
use crate::routing::{
    change::{ChangedGtt, ChangedLeg},
    exposure::tests::leg,
    shown_fills::tests::{at, learn, row, sent},
};

/// An exit of positions that FYERS has answered at a moment.
fn exit_of_positions(quantities: &[i64], seconds: i64) -> UnreadRequest {
    let legs: Vec<Leg> = quantities.iter().map(|quantity| leg("A", *quantity)).collect();
    let reserved = Reserved { legs: legs.clone(), is_opaque: false };
    let (sent, at) = (at(seconds), at(seconds));
    let effect = Some(OrderEffect::Closes(legs));
    UnreadRequest { id: 1, ids: vec![], sent, at, reserved, effect, closed_orders: vec![] }
}

/// An order of nobody here, of this second.
fn made(id: &str, quantity: i64, filled: i64, seconds: i64) -> BookRow {
    BookRow { at: Some(at(seconds)), ..row(id, quantity, filled) }
}

fn holding(net: i64) -> ShownFills {
    let mut fills = ShownFills::default();
    learn(&mut fills, (&[], net), &[], at(0));
    fills
}

fn counts(left: &Option<Reserved>) -> Vec<i64> {
    left.iter().flat_map(|left| left.legs.iter().map(|leg| leg.quantity)).collect()
}

#[test]
fn an_exit_of_positions_counts_until_its_position_is_gone_from_both_books() {
    let mut fills = holding(10);
    let exit = [exit_of_positions(&[-10], 0)];
    let mut left =
        |book: &[BookRow], net, seconds| counts(&learn(&mut fills, (book, net), &exit, at(seconds))[0]);
    for seconds in [1, 4, 30, 119] {
        assert_eq!(left(&[], 10, seconds), [-10], "both books lag: {seconds} s");
    }
    assert_eq!(left(&[made("2", -10, -10, 0)], 10, 5), [-10], "the positions lag");
    assert_eq!(left(&[made("2", -6, -6, 0)], 4, 5), [-10], "a part of it may still fill");
    assert_eq!(left(&[], 0, 5), [-10], "the order book lags");
    assert_eq!(left(&[made("2", -10, -10, 0)], 0, 6), [0; 0]);
}

#[test]
fn an_exit_of_positions_that_comes_up_nowhere_counts_for_two_minutes() {
    for (began, is_over) in [(119, false), (120, true)] {
        let left = learn(&mut holding(10), (&[], 10), &[exit_of_positions(&[-10], 0)], at(began));
        assert_eq!(left[0].is_none(), is_over, "{began} s");
    }
    assert_eq!(
        learn(&mut holding(0), (&[], 0), &[exit_of_positions(&[], 0)], at(0)),
        [None],
        "nothing was open"
    );
}

/// FYERS has made an order of it, which is cancelled or rejected later, or the position was bought again.
#[test]
fn an_exit_of_positions_is_shown_by_orders_of_its_time_that_are_nobodys() {
    let exit = || [exit_of_positions(&[-10], 100)];
    let shows = |book: &[BookRow], net| learn(&mut holding(10), (book, net), &exit(), at(105))[0].is_none();
    assert!(shows(&[made("2", -10, -4, 101)], 6), "the rest was cancelled");
    assert!(shows(&[made("2", -6, -6, 100), made("3", -4, 0, 100)], 4), "in two orders");
    assert!(shows(&[made("2", -10, -10, 100), made("3", 5, 5, 102)], 5), "bought again");
    assert!(!shows(&[made("2", -10, -4, 98)], 6), "one of before");
    assert!(!shows(&[made("2", -6, -6, 100)], 4), "it is smaller");
    assert!(!shows(&[row("2", -10, -4)], 6), "of a time that cannot be read");
    // An order of a bot is its own.
    let own = UnreadRequest { id: 2, ..sent("2", -10) };
    let left = learn(
        &mut holding(10),
        (&[made("2", -10, -4, 101)], 6),
        &[exit_of_positions(&[-10], 100), own],
        at(105),
    );
    assert!(left[0].is_some() && left[1].is_none());
}

/// What was bought right before it is in no book yet, so that a position of nothing says nothing.
#[test]
fn an_exit_of_positions_behind_an_order_that_is_not_shown_is_not_shown_either() {
    let (entry, exit) = (sent("1", 10), UnreadRequest { id: 2, ..exit_of_positions(&[-10], 0) });
    let requests = [entry, exit];
    let mut fills = holding(0);
    let mut left = |book: &[BookRow], net| -> Vec<bool> {
        learn(&mut fills, (book, net), &requests, at(1)).iter().map(Option::is_none).collect()
    };
    let bought = made("1", 10, 10, 0);
    assert_eq!(left(&[], 0), [false, false]);
    assert_eq!(left(std::slice::from_ref(&bought), 0), [false, false]);
    assert_eq!(left(std::slice::from_ref(&bought), 10), [true, false]);
    assert_eq!(left(&[bought.clone(), made("2", -10, -10, 0)], 10), [false, false]);
    assert_eq!(left(&[bought, made("2", -10, -10, 0)], 0), [true, true]);
}

/// It had been ordered before the exit, and FYERS has rejected it: the exit had nothing to close, whether it was rejected or not.
#[test]
fn an_exit_of_positions_counts_no_longer_for_an_order_that_is_over_and_unfilled() {
    let ordered = ClosedOrder { id: "1".into(), leg: leg("A", -10) };
    let exit = [UnreadRequest { closed_orders: vec![ordered], ..exit_of_positions(&[-50, -10], 100) }];
    let entry = |is_unfilled| BookRow { is_unfilled, ..made("1", 10, 0, 99) };
    let left = |book: &[BookRow]| counts(&learn(&mut holding(50), (book, 50), &exit, at(105))[0]);
    assert_eq!(left(&[entry(true)]), [-50], "of the position nothing is known");
    assert_eq!(left(&[entry(true), made("2", -50, 0, 100)]), [0; 0], "its order was rejected, too");
    assert_eq!(left(&[entry(false), made("2", -50, 0, 100)]), [-10], "it may fill");
    assert_eq!(left(&[made("2", -50, 0, 100)]), [-10], "the order book lags");
}

#[test]
fn a_change_counts_until_the_order_book_has_its_quantity() {
    let change = |quantity| {
        let effect = Some(OrderEffect::Changes(vec![ChangedOrder { id: "1".into(), quantity }]));
        let reserved = Reserved { legs: vec![], is_opaque: true };
        UnreadRequest { ids: vec![], reserved, effect, ..sent("", 0) }
    };
    let waits = |whole: i64, filled: i64| BookRow {
        waits: true,
        leg: leg("A", whole - filled),
        ..row("1", whole, filled)
    };
    let shows = |book: &[BookRow], quantity| {
        learn(&mut holding(10), (book, 10), &[change(quantity)], at(5))[0].is_none()
    };
    assert!(!shows(&[waits(-4, 0)], Some(6)));
    assert!(shows(&[waits(-6, 0)], Some(6)) && shows(&[waits(-8, -2)], Some(6)));
    assert!(shows(&[waits(-4, 0)], None), "only its price is another");
    assert!(shows(&[row("1", -4, 0)], Some(6)), "it has ended");
    assert!(!shows(&[], Some(6)) && !shows(&[], None));
}

#[test]
fn a_changed_gtt_order_counts_until_the_gtt_book_has_it_waiting_as_it_is_now() {
    let [one, two] = [700, 705].map(rust_decimal::Decimal::from);
    let legs = vec![ChangedLeg { place: 0, quantity: 4, price: Some(one), trigger: None }];
    let effect =
        OrderEffect::ChangesGtt { change: ChangedGtt { id: "7".into(), legs }, legs: vec![leg("A", -4)] };
    let reserved = Reserved { legs: effect.legs(), is_opaque: false };
    let change = UnreadRequest { ids: vec![], reserved, effect: Some(effect), at: at(10), ..sent("", 0) };
    let terms =
        |quantity, price| GttTerms { quantity: Some(quantity), price: Some(price), trigger: Some(two) };
    let row = |quantity: i64, price| GttRow {
        ids: vec!["7".into()],
        symbol: "A".into(),
        quantity: Some(-quantity),
        legs: [terms(quantity, price), GttTerms::default()],
        is_over: false,
    };
    let left = |gtts: &[GttRow], began| {
        let none = |_: &str| false;
        let seen = SeenBooks {
            book: &[],
            positions: &[],
            gtts,
            began: at(began),
            at: at(began),
            is_known: &none,
            by_its_clock: &|moment| moment,
            on_the_way: &[],
        };
        counts(&super::learn(&mut holding(0), &seen, &[&change])[0])
    };
    assert_eq!(left(&[row(4, one)], 10), [0; 0], "it waits");
    assert_eq!(left(&[row(4, one)], 9), [-4], "read before the change");
    assert_eq!(left(&[row(6, one)], 11), [-4], "the quantity of before");
    assert_eq!(left(&[row(4, two)], 11), [-4], "the price of before");
    assert_eq!(left(&[GttRow { is_over: true, ..row(4, one) }], 11), [-4], "it has triggered");
    assert_eq!(left(&[GttRow { ids: vec!["8".into()], ..row(4, one) }], 11), [-4], "another one");
    assert_eq!(left(&[], 11), [-4], "not there");
    assert_eq!((left(&[], 129), left(&[], 130)), (vec![-4], vec![]), "no longer than two minutes");
    assert!(change.is_about_any(&["7".into()]) && !change.is_about_any(&["8".into()]));
}

#[test]
fn a_smart_order_counts_for_two_minutes_whatever_the_books_show() {
    let effect = OrderEffect::OrdersIn(vec!["A".into()]);
    let reserved = Reserved { legs: effect.legs(), is_opaque: false };
    let smart = UnreadRequest { effect: Some(effect), reserved, ..sent("7", 0) };
    let left = |began| {
        let book = [row("7", -4, -4)];
        learn(&mut holding(10), (&book, 6), std::slice::from_ref(&smart), at(began))[0].is_some()
    };
    assert!(left(5) && left(119) && !left(120));
}

#[test]
fn a_conversion_counts_until_the_position_is_smaller_without_a_fill() {
    let legs = vec![leg("A", -10)];
    let reserved = Reserved { legs: legs.clone(), is_opaque: true };
    let converted =
        UnreadRequest { ids: vec![], reserved, effect: Some(OrderEffect::Converts(legs)), ..sent("", 0) };
    let shows = |book: &[BookRow], net| {
        learn(&mut holding(10), (book, net), std::slice::from_ref(&converted), at(5))[0].is_none()
    };
    assert!(!shows(&[], 10) && shows(&[], 6) && shows(&[], 0));
    assert!(!shows(&[row("2", -4, -4)], 6), "that was an order");
}

#[test]
fn an_order_without_an_id_is_known_by_its_time_and_its_mark() {
    let order = UnreadRequest { sent: at(100), at: at(101), ..sent("", -4) };
    let marked = UnreadRequest {
        reserved: Reserved { legs: vec![Leg { tag: Some("x".into()), ..leg("A", -4) }], is_opaque: false },
        ..order.clone()
    };
    let shows = |request: &UnreadRequest, book: &[BookRow], net| {
        learn(&mut holding(10), (book, net), std::slice::from_ref(request), at(105))[0].is_none()
    };
    let own = made("2", -4, -4, 101);
    assert!(shows(&order, std::slice::from_ref(&own), 6) && !shows(&order, std::slice::from_ref(&own), 10));
    assert!(!shows(&order, &[made("2", -4, -4, 98)], 6) && !shows(&order, &[], 10));
    assert!(!shows(&marked, std::slice::from_ref(&own), 6));
    let leg = Leg { tag: Some("x".into()), ..own.leg.clone() };
    assert!(shows(&marked, &[BookRow { leg, ..own.clone() }], 6));
    let two = [order.clone(), UnreadRequest { id: 2, ..order }];
    let left = learn(&mut holding(10), (&[own], 6), &two, at(105));
    assert_eq!((&left[0], left[1].is_some()), (&None, true), "one row is not both");
}

/// An order that rests in the order book and is not settled yet is one order.
#[test]
fn what_waits_in_the_book_counts_there_and_only_the_rest_beside_it() {
    let waits = |left: i64| BookRow { waits: true, leg: leg("A", left), ..row("2", -6, left + 6) };
    let exit = sent("2", -6).reserved;
    let beside = |row: BookRow| -> Vec<i64> {
        let legs = beside_the_book(&[row], &["2".to_owned()], &exit).legs;
        legs.iter().map(|leg| leg.quantity).collect()
    };
    assert_eq!(beside(waits(-6)), [] as [i64; 0]);
    assert_eq!(beside(waits(-2)), [-4], "what has filled may not be in the positions yet");
    assert_eq!(beside(row("2", -6, -6)), [-6]);
    assert_eq!(beside(BookRow { id: "3".into(), ..waits(-6) }), [-6]);
    assert_eq!(beside(BookRow { leg: leg("B", -6), ..waits(-6) }), [-6]);
    assert_eq!(beside_the_book(&[waits(-6)], &[], &exit), exit, "which it is cannot be told");
}

#[test]
fn what_cannot_be_told_is_not_shown() {
    let filled = [row("2", -40, -40)];
    let first = learn(&mut ShownFills::default(), (&filled, 60), &[sent("2", -40)], at(0));
    assert!(first[0].is_some(), "the first reading");
    let opaque = Reserved { is_opaque: true, ..sent("2", -40).reserved };
    let requests = [UnreadRequest { reserved: opaque, ..sent("2", -40) }, sent("", -40)];
    let left = learn(&mut holding(100), (&filled, 60), &requests, at(0));
    assert!(left.iter().all(Option::is_some), "{left:?}");
    let waits = GttRow {
        ids: vec!["7".into()],
        symbol: "A".into(),
        quantity: None,
        legs: Default::default(),
        is_over: false,
    };
    for (is_over, is_shown) in [(false, true), (true, false)] {
        let gtts = [GttRow { is_over, ..waits.clone() }];
        let none = |_: &str| false;
        let seen = SeenBooks {
            book: &[],
            positions: &[],
            gtts: &gtts,
            began: at(1),
            at: at(1),
            is_known: &none,
            by_its_clock: &|moment| moment,
            on_the_way: &[],
        };
        let left = super::learn(&mut holding(0), &seen, &[&sent("7", -4)]);
        assert_eq!(left[0].is_none(), is_shown, "a GTT order that waits has done nothing");
    }
}
