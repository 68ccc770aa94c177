use serde_json::{Value, json};

use super::*;
use crate::{
    event::Event,
    keys::BotName,
    mode::Mode,
    order_journal::{
        TakenOrders,
        rejected::tests::{at, learn},
    },
    routing::{Venue, exposure::tests::leg},
};
use fyers_api::operation::Operation;

/// An exit that FYERS has answered at 11:00:00, one second after it was sent.
fn exit(legs: &[Leg]) -> OrderEntry {
    let answer = (200, 200, "The position is closed.", None);
    let closes = Some(Closing { sent: at(-1), legs: legs.to_vec() });
    let exit = OrderEntry::new((Operation::ExitPositions, Mode::Live, Venue::Fyers), None, answer, at(0));
    OrderEntry { closes, ..exit }.of(&BotName::new("scalper").unwrap())
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
    let of = |event| match event {
        Event::OrderRejected { bot: Some(bot), asked, symbol, quantity, taken_as: Some(id), .. } => {
            assert_eq!((bot.as_str(), asked.what.as_str()), ("scalper", "exit"));
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
        entry.replaces().map(|[at, _]| at),
        OrderEntry { rejected: entry.rejected.clone(), ..exit(&sold) }.replaces().map(|[at, _]| at),
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
    let of = |entry: &OrderEntry| (entry.quantity, entry.id.clone(), entry.closes.is_some());
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
