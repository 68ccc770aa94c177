//! An account that begins as a copy of one at the broker.

use serde_json::json;

use super::*;
use crate::tests::api::{Floor, body, with, words};

fn held(symbol: &str, quantity: i64) -> SeededHolding {
    SeededHolding { symbol: symbol.to_owned(), quantity, cost_price: inr(700_00) }
}

#[test]
fn shares_of_the_broker_can_be_sold() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    let strange = held("NSE:sbin", 5);
    let seeded = floor.exchange.seed(Some(inr(50_000_00)), vec![held(SBIN, 10), strange], floor.now);
    assert!(
        matches!(&seeded[..], [Record::AccountSeeded { holdings, .. }] if holdings.len() == 1),
        "{seeded:?}"
    );
    let row = floor.only("/holdings", "holdings");
    assert_eq!((&row["quantity"], &row["costPrice"]), (&json!(10), &json!(700.0)));
    let sell = |quantity| with(body(SBIN, -1, quantity), &json!({"productType": "CNC"}));
    assert_eq!(floor.place(sell(5)).1["code"], 1101);
    assert!(words(&floor.place(sell(6)).1).contains("Free:5"));
    assert_eq!(floor.exchange.engine().funds().total, inr(50_000_00));
}

#[test]
fn only_an_untouched_account_is_seeded_and_only_once() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.place(body(SBIN, 1, 1));
    assert_eq!(floor.exchange.seed(Some(inr(1)), vec![held(SBIN, 10)], floor.now), []);
    let mut floor = Floor::open();
    assert_eq!(floor.exchange.seed(None, vec![], floor.now).len(), 2, "a day, and the account");
    assert_eq!(floor.exchange.engine().funds().total, Decimal::from(1_000_000), "money that is not known");
    assert_eq!(floor.exchange.seed(Some(inr(1)), vec![held(SBIN, 10)], floor.now), []);
}

#[test]
fn a_seeded_account_keeps_its_money_whatever_capital_the_settings_name() {
    let mut floor = Floor::open();
    floor.exchange.seed(Some(inr(50_000_00)), vec![held(SBIN, 10)], floor.now);
    floor.now += TimeDelta::days(1);
    floor.exchange.tick(floor.now, crate::exchange::Prices::Last);
    let opening = floor.exchange.engine().opening().unwrap().clone();
    let again = Engine::resume(Config::new(Decimal::from(7)), Instruments::default(), opening);
    assert_eq!(again.ledger().cash, inr(50_000_00));
    assert!(again.ledger().seeded && again.ledger().holdings[SBIN].quantity == 10);
}

/// The account's own worth: shares that were copied are not in it, whatever their price does and whoever sells them.
#[test]
fn copied_shares_are_not_in_the_worth_of_the_account_and_their_sale_is_no_gain() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.exchange.seed(Some(inr(50_000_00)), vec![held(SBIN, 10)], floor.now);
    let worth = |floor: &Floor, paise| floor.exchange.engine().worth(|_| Some(inr(paise)));
    assert_eq!([worth(&floor, 800_00), worth(&floor, 900_00)], [inr(50_000_00); 2]);
    assert_eq!(floor.exchange.engine().worth(|_| None), inr(50_000_00), "without a price too");
    assert_eq!(floor.place(with(body(SBIN, 1, 3), &json!({"productType": "CNC"}))).1["code"], 1101);
    assert_eq!(worth(&floor, 810_00), inr(50_030_00), "what was bought here is");
    assert_eq!(floor.place(with(body(SBIN, -1, 13), &json!({"productType": "CNC"}))).1["code"], 1101);
    assert_eq!(worth(&floor, 800_00), inr(50_000_00), "700 were paid for each, but not here");
    assert_eq!(worth(&floor, 790_00), inr(50_100_00), "sold before it fell");
    floor.now += TimeDelta::days(1);
    floor.exchange.tick(floor.now, crate::exchange::Prices::Last);
    assert_eq!(worth(&floor, 790_00), inr(50_100_00), "on the next day too");
    let opening = floor.exchange.engine().opening().unwrap().clone();
    let again = Engine::resume(Config::new(Decimal::from(7)), Instruments::default(), opening);
    assert_eq!(again.worth(|_| Some(inr(790_00))), inr(50_100_00), "and after a restart");
}

/// A snapshot that was written before copied shares were told apart.
#[test]
fn all_shares_of_an_older_copy_count_as_copied() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.exchange.seed(Some(inr(50_000_00)), vec![held(SBIN, 10)], floor.now);
    floor.now += TimeDelta::days(1);
    floor.exchange.tick(floor.now, crate::exchange::Prices::Last);
    let mut older = serde_json::to_value(floor.exchange.engine().opening().unwrap()).unwrap();
    assert!(older.as_object_mut().unwrap().remove("copied").is_some());
    let older = serde_json::from_value(older).unwrap();
    let again = Engine::resume(Config::new(Decimal::from(7)), Instruments::default(), older);
    assert_eq!(again.worth(|_| Some(inr(900_00))), inr(50_000_00));
}

#[test]
fn shares_that_came_with_the_account_are_no_trade_and_an_order_that_waits_is_none() {
    let mut floor = Floor::open();
    floor.see(SBIN, 800_00);
    floor.exchange.seed(Some(inr(50_000_00)), vec![held(SBIN, 10)], floor.now);
    let has_traded = |floor: &Floor| floor.exchange.engine().ledger().has_traded();
    assert!(!has_traded(&floor));
    let far = with(body(SBIN, 1, 1), &json!({"type": 1, "limitPrice": 790}));
    assert_eq!(floor.place(far).1["code"], 1101);
    assert!(!has_traded(&floor));
    floor.place(body(SBIN, 1, 1));
    assert!(has_traded(&floor));
}
