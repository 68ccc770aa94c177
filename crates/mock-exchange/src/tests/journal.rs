//! The journal on disk: its form, and records that do not fit.

use super::*;

#[test]
fn records_keep_their_form() {
    let traded = Record::Traded {
        id: "MOCK26112300000001".to_owned(),
        number: 1,
        quantity: 5,
        price: inr(800_05),
        charges: inr(1_10),
        at: at(0),
    };
    let text = r#"{"fact":"traded","id":"MOCK26112300000001","number":1,"quantity":5,"price":"800.05","charges":"1.10","at":"2026-11-23T03:45:00Z"}"#;
    assert_eq!(serde_json::to_string(&traded).unwrap(), text);
    assert_eq!(serde_json::from_str::<Record>(text).unwrap(), traded);
    let broken = serde_json::from_str::<Record>(&text.replace("800.05", "secret")).unwrap_err();
    assert!(!broken.to_string().contains("secret"), "an error tells no values: {broken}");
}

#[test]
fn an_accepted_order_keeps_everything_that_was_asked() {
    let asked = order(Side::Sell, 5).stop_limit(790_00, 780_00).tag("entry").ioc();
    let (id, origin, reserve) = ("MOCK1".to_owned(), Origin::Bot, inr(780_00));
    let accepted = Record::OrderAccepted {
        id,
        order: asked,
        origin,
        reserve,
        link: None,
        made_up: false,
        multiplier: 1,
        at: at(0),
    };
    let text = serde_json::to_string(&accepted).unwrap();
    assert!(text.starts_with(r#"{"fact":"order_accepted","id":"MOCK1","order":{"request":"#), "{text}");
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), accepted);
}

/// An order for ten shares of which four are filled, and the record of another six.
fn six_to_go() -> (Engine, String, Record) {
    let mut engine = exchange(rich());
    engine.book(799_00, 800_00, 4);
    let id = engine.place(order(Side::Buy, 10).limit(800_00)).unwrap();
    let (price, charges) = (inr(800_00), inr(0));
    let rest = Record::Traded { id: id.clone(), number: 2, quantity: 6, price, charges, at: at(99) };
    (engine, id, rest)
}

#[test]
fn a_fill_is_booked_once() {
    let (mut engine, id, rest) = six_to_go();
    engine.apply(&rest);
    assert_eq!(engine.status(&id), OrderStatus::Traded);
    let before = engine.ledger().clone();
    engine.apply(&rest);
    engine.apply(&Record::OrderCancelled { id, message: String::new(), at: at(99) });
    assert_eq!(engine.ledger(), &before);
}

#[test]
fn a_fill_beyond_the_order_is_not_booked() {
    let (mut engine, id, rest) = six_to_go();
    let before = engine.ledger().clone();
    let Record::Traded { number, price, charges, at, .. } = rest else { unreachable!() };
    engine.apply(&Record::Traded { id, number, quantity: 7, price, charges, at });
    assert_eq!(engine.ledger(), &before);
}

#[test]
fn a_conversion_of_more_than_there_is_is_not_booked() {
    let (mut engine, _, _) = six_to_go();
    let before = engine.ledger().clone();
    let (symbol, side, from, to) = (SBIN.to_owned(), Side::Buy, Product::Intraday, Product::Cnc);
    engine.apply(&Record::PositionConverted { symbol, side, quantity: 5, from, to, at: at(99) });
    assert_eq!(engine.ledger(), &before);
}
