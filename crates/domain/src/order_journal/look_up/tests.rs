use rust_decimal::Decimal;

use super::*;

pub(in crate::order_journal) fn leg(symbol: &str, quantity: i64, tag: Option<&str>) -> Leg {
    let (product, price) = ("INTRADAY".to_owned(), Decimal::ZERO);
    Leg { symbol: symbol.into(), product, quantity, price, tag: tag.map(str::to_owned) }
}

pub(in crate::order_journal) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_420_000, 0).unwrap()
}

pub(in crate::order_journal) fn intent(what: &str, legs: Vec<Leg>) -> OrderIntent {
    let (path, body) = ("/orders/sync".to_owned(), String::new());
    OrderIntent {
        id: 1,
        at: now(),
        bot: None,
        epoch: 0,
        what: what.into(),
        path,
        body,
        legs,
        ids: vec![],
        is_opaque: None,
        effect: None,
        closed_orders: vec![],
    }
}

pub(in crate::order_journal) fn row(id: &str, leg: Leg, seconds: i64) -> BookRow {
    let (whole, at) = (leg.quantity, Some(now() + TimeDelta::seconds(seconds)));
    let (average, stop, is_unfilled) = (Decimal::ZERO, Decimal::ZERO, false);
    BookRow { id: id.into(), leg, whole, waits: true, filled: 0, average, stop, is_unfilled, at }
}

fn may_be(ids: &[&str]) -> Sighting {
    Sighting::MayBe(ids.iter().map(|id| (*id).to_owned()).collect())
}

fn changed(ids: &[&str]) -> Sighting {
    Sighting::MayBeChanged(ids.iter().map(|id| (*id).to_owned()).collect())
}

fn found(id: &str) -> Sighting {
    Sighting::Found(id.to_owned())
}

fn sought<'a>(intent: &'a OrderIntent, leg: &'a Leg, stood: &'a Stood) -> Sought<'a> {
    Sought { intent, leg, left: (intent.at, intent.at), is_found: false, stood }
}

fn all(lost: &[OrderIntent], book: &[BookRow], known: &[&str]) -> Vec<Sighting> {
    let stood = Stood::default();
    let sought: Vec<_> =
        lost.iter().flat_map(|intent| intent.legs.iter().map(|leg| sought(intent, leg, &stood))).collect();
    look_up(&sought, book, |id| known.contains(&id))
}

fn one(leg: Leg, book: &[BookRow]) -> Sighting {
    all(&[intent("place", vec![leg])], book, &[]).remove(0)
}

fn later(seconds: i64, of: &OrderIntent) -> OrderIntent {
    OrderIntent { id: of.id + 1, at: of.at + TimeDelta::seconds(seconds), ..of.clone() }
}

#[test]
fn an_order_is_found_by_its_tag_or_by_what_it_is() {
    let book = [
        row("old", leg("A", 5, None), -600),
        row("1", leg("A", 5, Some("x")), 1),
        row("2", leg("A", 5, None), 1),
    ];
    assert_eq!(one(leg("A", 5, Some("x")), &book), found("1"));
    assert_eq!(one(leg("A", 5, Some("y")), &book), Sighting::NotThere);
    assert_eq!(one(leg("A", -5, None), &book), Sighting::NotThere);
    let basket = intent("place", vec![leg("A", 5, Some("x")), leg(" a", 5, None), leg("B", 1, None)]);
    assert_eq!(all(&[basket], &book, &[]), [found("1"), found("2"), Sighting::NotThere]);
    let delivery = Leg { product: "CNC".into(), ..leg("A", 5, None) };
    assert_eq!(one(delivery, &book), Sighting::NotThere, "another product is another order");
    let priced = |price: i64| Leg { price: price.into(), ..leg("A", 5, Some("x")) };
    let limits = [row("1", priced(800), 0), row("2", priced(801), 0)];
    assert_eq!(one(priced(801), &limits), found("2"));
    assert_eq!(one(priced(802), &limits), changed(&["1", "2"]), "somebody may have changed it");
    assert_eq!(one(leg("A", 7, Some("x")), &limits), changed(&["1", "2"]));
}

#[test]
fn what_is_somebodys_already_is_no_other_order_and_one_of_two_that_are_equal_is_for_a_person() {
    let lost = [intent("place", vec![leg("A", 5, None)])];
    let book = [row("1", leg("A", 5, None), 0), row("2", leg("A", 5, None), 1)];
    assert_eq!(all(&lost, &book, &[]), [may_be(&["1", "2"])]);
    assert_eq!(all(&lost, &book, &["1"]), [found("2")]);
    assert_eq!(all(&lost, &book, &["1", "2"]), [Sighting::NotThere]);
}

#[test]
fn equal_orders_without_an_answer_are_as_many_as_the_book_has() {
    let first = intent("place", vec![leg("A", 5, None)]);
    let lost = [first.clone(), later(4, &first)];
    let (early, late) = (row("1", leg("A", 5, None), 0), row("2", leg("A", 5, None), 4));
    assert_eq!(all(&lost, &[late.clone(), early.clone()], &[]), [found("1"), found("2")]);
    assert_eq!(all(&lost, std::slice::from_ref(&early), &[]), [found("1"), Sighting::NotThere]);
    assert_eq!(all(&lost, std::slice::from_ref(&late), &[]), [Sighting::NotThere, found("2")]);
    let third = row("3", leg("A", 5, None), 6);
    let all_three = [may_be(&["1", "2", "3"]), may_be(&[])];
    assert_eq!(all(&lost, &[early, late, third], &[]), all_three, "one of them names the rows");
}

#[test]
fn of_equal_orders_of_two_bots_none_is_given_the_others() {
    let bot = |name: &str| Some(crate::keys::BotName::new(name).unwrap());
    let first = OrderIntent { bot: bot("one"), ..intent("place", vec![leg("A", 5, None)]) };
    let second = OrderIntent { bot: bot("two"), ..later(1, &first) };
    let book = [row("1", leg("A", 5, None), 0), row("2", leg("A", 5, None), 1)];
    let lost = [first.clone(), second];
    assert_eq!(all(&lost, &book, &[]), [may_be(&["1", "2"]), may_be(&["1", "2"])]);
    assert_eq!(all(&lost, &book[..1], &[]), [may_be(&["1"]), may_be(&["1"])]);
    assert_eq!(all(&lost, &book, &["1", "2"]), [Sighting::NotThere, Sighting::NotThere]);
    let hours = OrderIntent { bot: bot("two"), ..later(600, &first) };
    let apart = [row("1", leg("A", 5, None), 0), row("2", leg("A", 5, None), 600)];
    assert_eq!(all(&[first, hours], &apart, &[]), [found("1"), found("2")], "their times tell");
    let tagged = OrderIntent { legs: vec![leg("A", 5, Some("x"))], ..lost[1].clone() };
    let marked = [row("1", leg("A", 5, None), 0), row("2", leg("A", 5, Some("x")), 0)];
    assert_eq!(all(&[lost[0].clone(), tagged], &marked, &[]), [found("1"), found("2")], "their tags tell");
}

/// FYERS stamps whole seconds: the order left 0.4 s after one, so a row of that second or of the next one may be it alone.
#[test]
fn without_a_mark_only_the_seconds_in_which_an_order_left_tell_it() {
    let order = intent("place", vec![leg("A", 5, None)]);
    let order = OrderIntent { at: order.at + TimeDelta::milliseconds(400), ..order };
    let row_at = |seconds| row("1", leg("A", 5, None), seconds);
    for (seconds, says) in [
        (-60, Sighting::NotThere),
        (-59, may_be(&["1"])),
        (-1, may_be(&["1"])),
        (0, found("1")),
        (1, found("1")),
        (2, may_be(&["1"])),
        (120, may_be(&["1"])),
        (181, may_be(&["1"])),
        (9_000, may_be(&["1"])),
    ] {
        assert_eq!(all(std::slice::from_ref(&order), &[row_at(seconds)], &[]), [says], "{seconds}");
    }
    let with_a_persons = [row_at(0), row("2", leg("A", 5, None), 7)];
    assert_eq!(all(std::slice::from_ref(&order), &with_a_persons, &[]), [may_be(&["1", "2"])]);
    let much_later = [row_at(7), row("2", leg("A", 5, None), 9_000)];
    assert_eq!(all(std::slice::from_ref(&order), &much_later, &[]), [may_be(&["1", "2"])]);
    let untimed = BookRow { at: None, ..row_at(0) };
    assert_eq!(all(&[order], &[untimed], &[]), [may_be(&["1"])]);
}

/// It waited for its turn: what counts is when it left.
#[test]
fn the_second_is_that_in_which_it_left_and_not_that_in_which_it_was_made() {
    let (order, stood) = (intent("place", vec![leg("A", 5, None)]), Stood::default());
    let left = order.at + TimeDelta::seconds(5);
    let left = (left, left);
    let sought = [Sought { intent: &order, leg: &order.legs[0], left, is_found: false, stood: &stood }];
    let says = |seconds| look_up(&sought, &[row("1", leg("A", 5, None), seconds)], |_| false).remove(0);
    assert_eq!((says(0), says(5), says(6)), (may_be(&["1"]), found("1"), found("1")));
}

/// FYERS' clock is ahead by 3.2 to 3.9 s, as far as is known.
#[test]
fn the_second_is_that_of_fyers_clock() {
    let (order, stood) = (intent("place", vec![leg("A", 5, None)]), Stood::default());
    let left = [3_200, 3_900].map(|ahead| order.at + TimeDelta::milliseconds(ahead)).into();
    let sought = [Sought { intent: &order, leg: &order.legs[0], left, is_found: false, stood: &stood }];
    let says = |seconds| look_up(&sought, &[row("1", leg("A", 5, None), seconds)], |_| false).remove(0);
    let may_be = may_be(&["1"]);
    assert_eq!([2, 3, 4, 5].map(says), [may_be.clone(), found("1"), found("1"), may_be]);
}

/// FYERS' clock tells that the machine's is far ahead: the row is stamped long before the intent.
#[test]
fn a_machine_whose_clock_is_wrong_finds_its_orders_all_the_same() {
    let stood = Stood::default();
    for (tag, ahead) in [(Some("m"), 65), (None, 65), (Some("m"), 1_200), (None, 1_200), (None, -1_200)] {
        let order = intent("place", vec![leg("A", 5, tag)]);
        let left = order.at - TimeDelta::seconds(ahead);
        let left = (left, left + TimeDelta::milliseconds(800));
        let sought = [Sought { intent: &order, leg: &order.legs[0], left, is_found: false, stood: &stood }];
        let says = |seconds| look_up(&sought, &[row("1", leg("A", 5, tag), seconds)], |_| false).remove(0);
        assert_eq!(says(-ahead), found("1"), "{tag:?} {ahead}");
    }
}

#[test]
fn an_order_of_another_quantity_hides_no_late_one() {
    let other = row("1", leg("A", 7, None), 20);
    assert_eq!(one(leg("A", 5, None), std::slice::from_ref(&other)), changed(&["1"]));
    let late = row("2", leg("A", 5, None), 900);
    assert_eq!(one(leg("A", 5, None), &[other, late]), may_be(&["2"]));
}

/// Nobody puts a bot's mark on an order in the FYERS app.
#[test]
fn a_bots_own_mark_tells_its_order_however_late_it_is() {
    let marked = |id: &str, seconds| row(id, leg("A", 5, Some("x")), seconds);
    for (seconds, says) in [
        (-3, may_be(&["1"])),
        (-2, found("1")),
        (119, found("1")),
        (121, found("1")),
        (135, found("1")),
        (180, found("1")),
        (181, found("1")),
        (9_000, found("1")),
    ] {
        assert_eq!(one(leg("A", 5, Some("x")), &[marked("1", seconds)]), says, "{seconds}");
    }
    let late = [marked("1", 600), marked("2", 700)];
    assert_eq!(one(leg("A", 5, Some("x")), &late), may_be(&["1", "2"]));
    let first = intent("place", vec![leg("A", 5, Some("x"))]);
    let two = [first.clone(), later(9, &first)];
    assert_eq!(all(&two, &late[..1], &[]), [may_be(&["1"]), may_be(&[])]);
    let with_its_own = [marked("0", 0), marked("1", 600)];
    assert_eq!(one(leg("A", 5, Some("x")), &with_its_own), found("0"), "a later one is another order");
}

#[test]
fn thousands_of_orders_and_rows_are_looked_up_at_once() {
    let leg = |number: usize| leg("NSE:SBIN-EQ", 5, number.is_multiple_of(2).then_some("x"));
    let lost: Vec<_> = (0..1_500)
        .map(|number| OrderIntent { id: number as i64, ..intent("place", vec![leg(number)]) })
        .collect();
    let book: Vec<_> = (0..1_500).map(|number| row(&number.to_string(), leg(number), 1)).collect();
    assert!(all(&lost, &book, &[]).iter().all(|seen| matches!(seen, Sighting::Found(_))));
}
