use serde_json::{Value, json};

use super::*;
use crate::{
    event::Event,
    keys::BotName,
    mode::Mode,
    order_journal::{
        LookedUp, TakenOrders, Unanswered,
        rejected::tests::{at, learn},
    },
    routing::{Venue, exposure::tests::leg},
};
use fyers_api::operation::Operation;

/// An exit that FYERS has answered at 11:00:00, one second after it was sent.
fn exit(legs: &[Leg]) -> OrderEntry {
    let answer = (200, 200, "The position is closed.", None);
    let by_time = Some(OrdersByTime { sent: at(-1), legs: legs.to_vec() });
    let exit = OrderEntry::new((Operation::ExitPositions, Mode::Live, Venue::Fyers), None, answer, at(0));
    OrderEntry { by_time, ..exit }.of(&BotName::new("scalper").unwrap())
}

/// A row of the order book, of so many seconds after 11:00:00.
fn row(id: &str, symbol: &str, quantity: i64, (status, seconds): (i64, i64)) -> Value {
    let at = fyers_api::ist::ist(at(seconds)).format("%d-%b-%Y %H:%M:%S").to_string();
    json!({"id": id, "symbol": symbol, "qty": quantity.abs(), "side": quantity.signum(), "limitPrice": 0, "status": status,
        "message": "RED:Margin Shortfall", "orderTag": "2:Untagged", "filledQty": 0, "orderDateTime": at,
        "productType": "INTRADAY"})
}

fn waited_for(exits: &[OrderEntry]) -> TakenOrders {
    TakenOrders::recall(exits, at(1))
}

/// What is told of these rows: symbol, quantity and id.
fn told(all: &mut TakenOrders, rows: &[Value]) -> Vec<(String, i64, String)> {
    told_of("exit", all, rows)
}

fn told_of(what: &str, all: &mut TakenOrders, rows: &[Value]) -> Vec<(String, i64, String)> {
    let of = |event| match event {
        Event::OrderRejected { bot: Some(bot), asked, symbol, quantity, taken_as: Some(id), .. } => {
            assert_eq!((bot.as_str(), asked.what.as_str()), ("scalper", what));
            (symbol, quantity, id)
        }
        other => panic!("{other:?}"),
    };
    learn(all, rows).1.into_iter().map(of).collect()
}

#[test]
fn an_order_of_an_exit_that_is_rejected_is_told_once_with_what_it_was_to_close() {
    let sold = [leg("NSE:A-EQ", -50)];
    let mut all = waited_for(&[exit(&sold)]);
    assert_eq!(told(&mut all, &[row("1", "NSE:A-EQ", -50, (6, 0))]), [], "it waits");
    let rejected = [row("1", "NSE:A-EQ", -50, (5, 0))];
    let (entries, events) = learn(&mut all, &rejected);
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.symbol.as_deref(), entry.quantity), (Some("NSE:A-EQ"), Some(-50)));
    let why = entry.rejected.as_ref().map(|rejected| (rejected.id.as_str(), rejected.message.as_str()));
    assert_eq!((why, events.len()), (Some(("1", "RED:Margin Shortfall")), 1));
    assert_eq!(
        entry.replaces(),
        OrderEntry { rejected: entry.rejected.clone(), ..exit(&sold) }.replaces(),
        "it stands in the exit's own row"
    );
    assert_eq!(told(&mut all, &rejected), []);
    assert_eq!(told(&mut waited_for(&entries), &rejected), [], "nor in another life");
    assert_eq!(told(&mut waited_for(&[exit(&sold)]), &rejected).len(), 1, "but where nobody has heard of it");
}

#[test]
fn what_is_no_order_of_the_exit_is_not_told_of_it() {
    let told = |row: Value| told(&mut waited_for(&[exit(&[leg("NSE:A-EQ", -50)])]), &[row]).len();
    let good = || row("1", "NSE:A-EQ", -50, (5, 0));
    assert_eq!(told(good()), 1);
    for (name, other) in [
        ("symbol", json!("NSE:B-EQ")),
        ("productType", json!("CNC")),
        ("side", json!(1)),
        ("id", json!("known")),
        ("orderTag", json!("1:mine")),
        ("status", json!(2)),
        ("status", json!(1)),
        ("orderDateTime", json!("a while ago")),
    ] {
        let mut row = good();
        row[name] = other;
        assert_eq!(told(row), 0, "{name}");
    }
    for (seconds, is_told) in [(-3, 0), (-1, 1), (30, 1), (61, 0)] {
        assert_eq!(told(row("1", "NSE:A-EQ", -50, (5, seconds))), is_told, "{seconds} s");
    }
}

/// FYERS makes as many orders as it needs; what comes when the position is covered is somebody else's.
#[test]
fn the_first_orders_after_an_exit_are_its_own_and_each_that_is_rejected_has_a_row() {
    let legs = [leg("NSE:A-EQ", -50), leg("NSE:B-EQ", 20)];
    let mut all = waited_for(&[exit(&legs)]);
    let rows = [
        row("4", "NSE:A-EQ", -50, (5, 9)),
        row("1", "NSE:A-EQ", -30, (2, 0)),
        row("2", "NSE:A-EQ", -20, (5, 0)),
        row("3", "NSE:B-EQ", 20, (5, 1)),
    ];
    let (entries, events) = learn(&mut all, &rows);
    let of = |entry: &OrderEntry| (entry.quantity, entry.id.clone(), entry.by_time.is_some());
    assert_eq!(
        entries.iter().map(of).collect::<Vec<_>>(),
        [(Some(-20), None, true), (Some(20), Some("3".to_owned()), false)]
    );
    assert_eq!((events.len(), told(&mut all, &rows)), (2, vec![]));
    assert_eq!(told(&mut waited_for(&entries), &rows), []);
    let second = OrderEntry { at: at(8), ..exit(&legs[..1]) };
    let mut both = waited_for(&[exit(&legs[..1]), second]);
    assert_eq!(told(&mut both, &rows).len(), 2, "of the first one and of the second");
}

/// FYERS' answer at 11:00:00 to an order of these legs: one id, and nothing of which leg it is.
fn several(legs: &[Leg], id: &str) -> Vec<OrderEntry> {
    let of = |(place, leg): (usize, &Leg)| {
        let id = Some(id.to_owned()).filter(|_| place == 0);
        let answer = (200, 1101, "Order submitted", id);
        let by_time = Some(OrdersByTime { sent: at(-1), legs: vec![leg.clone()] });
        let of = OrderEntry::new((Operation::LiveOrder, Mode::Live, Venue::Fyers), Some(leg), answer, at(0));
        OrderEntry { by_time, ..of }.of(&BotName::new("scalper").unwrap())
    };
    legs.iter().enumerate().map(of).collect()
}

#[test]
fn each_leg_of_an_order_of_several_that_is_rejected_is_told_once_in_its_own_entry() {
    let legs = [leg("NSE:A-EQ", 75), leg("NSE:B-EQ", -75)];
    let all = || waited_for(&several(&legs, "known"));
    let told = |all: &mut TakenOrders, rows: &[Value]| told_of("", all, rows);
    let (first, second) =
        (("NSE:A-EQ".to_owned(), 75, "known".to_owned()), ("NSE:B-EQ".to_owned(), -75, "2".to_owned()));
    let rows = [row("2", "NSE:B-EQ", -75, (5, 0)), row("known", "NSE:A-EQ", 75, (5, 0))];
    assert_eq!(told(&mut all(), &rows), [second.clone(), first.clone()]);
    let filled = row("known", "NSE:A-EQ", 75, (2, 0));
    assert_eq!(told(&mut all(), &[filled, rows[0].clone()]), [second], "of one alone");
    // The id may be the other leg's.
    let turned = [row("known", "NSE:B-EQ", -75, (5, 0)), row("1", "NSE:A-EQ", 75, (5, 0))];
    assert_eq!(told(&mut all(), &turned).len(), 2);
    let (entries, _) = learn(&mut all(), &turned);
    let of = |entry: &OrderEntry| (entry.symbol.clone().unwrap(), entry.rejected.clone().unwrap().id);
    let told_in = |symbol: &str, id: &str| (symbol.to_owned(), id.to_owned());
    assert_eq!(
        entries.iter().map(of).collect::<Vec<_>>(),
        [told_in("NSE:B-EQ", "known"), told_in("NSE:A-EQ", "1")]
    );
    assert_eq!(told(&mut waited_for(&entries), &turned), [], "nor in another life");
    let own =
        |entry: &OrderEntry, text: &str| entry.replaces().unwrap().iter().all(|mark| text.contains(mark));
    let written: Vec<String> =
        several(&legs, "known").iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    let places = entries.iter().map(|entry| written.iter().position(|text| own(entry, text)));
    assert_eq!(places.collect::<Vec<_>>(), [Some(1), Some(0)], "each stands in its own row");
}

/// Two orders of the same legs, one right behind the other: FYERS' ids tell which is which.
#[test]
fn a_row_with_the_id_of_one_order_is_not_of_the_one_before_it() {
    let legs = [leg("NSE:A-EQ", 75)];
    let mut second = several(&legs, "known");
    second.iter_mut().for_each(|entry| entry.bot = Some(BotName::new("second").unwrap()));
    let mut both = waited_for(&[several(&legs, "first"), second].concat());
    let (entries, _) = learn(&mut both, &[row("known", "NSE:A-EQ", 75, (5, 0))]);
    assert_eq!(entries[0].bot.as_ref().unwrap().as_str(), "second");
}

#[test]
fn an_exit_whose_answer_was_lost_is_told_as_rejected_once_whenever_it_is_searched() {
    let lost = |known: LookedUp| {
        let sold = exit(&[leg("NSE:A-EQ", -50)]);
        let unanswered = Unanswered {
            intent: 7,
            place: 0,
            product: String::new(),
            known,
            sent: None,
            is_told: false,
            rows: vec![],
        };
        OrderEntry { unanswered: Some(unanswered), ..sold }
    };
    let rows = [row("1", "NSE:A-EQ", -50, (5, 0))];
    for searched_first in [true, false] {
        let mut all = waited_for(&[lost(LookedUp::LookedFor)]);
        let mut written = vec![];
        if searched_first {
            written.push(all.take_in(lost(LookedUp::LookYourself)));
        }
        let (entries, events) = learn(&mut all, &rows);
        assert_eq!((entries.len(), events.len()), (1, 1), "{searched_first}");
        written.extend(entries);
        if !searched_first {
            written.push(all.take_in(lost(LookedUp::LookYourself)));
        }
        let last = written.last().unwrap();
        assert_eq!((last.symbol.as_deref(), last.quantity), (Some("NSE:A-EQ"), Some(-50)));
        assert!(last.rejected.is_some() && last.unanswered.as_ref().unwrap().known == LookedUp::LookYourself);
        assert_eq!(told(&mut all, &rows), []);
        assert_eq!(told(&mut waited_for(std::slice::from_ref(last)), &rows), [], "nor in another life");
    }
}
