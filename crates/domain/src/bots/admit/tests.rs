use std::{collections::BTreeMap, sync::Arc};

use chrono::DateTime;
use fyers_api::http::{Method, Surface};
use proptest::prelude::*;
use serde_json::json;

use super::*;
pub(crate) use crate::routing::route::tests::snapshot;
use crate::{
    keys::{KeyLimits, StoredKey},
    mode::Mode,
    routing::{exposure::tests::position, own::Own},
};

pub(crate) fn key(name: &str, ceiling: Mode, limits: KeyLimits, halted: bool) -> BotKey {
    let name = BotName::new(name).unwrap();
    let stored = StoredKey { name, ceiling, limits, halted, ..StoredKey::owner(DateTime::UNIX_EPOCH) };
    BotKey { stored, tokens: vec![], hsm_key: None }
}

fn limited(limits: KeyLimits) -> BotKey {
    key("trial", Mode::Live, limits, false)
}

fn request(method: Method, path: &str, body: &Value) -> ApiRequest {
    let (query, content_type) = (String::new(), None);
    let body = body.to_string().into_bytes();
    ApiRequest { surface: Surface::Api, method, path: path.to_owned(), query, content_type, body }
}

fn order(symbol: &str, quantity: i64, price: i64) -> Value {
    json!({"symbol": symbol, "qty": quantity.abs(), "side": quantity.signum(), "productType": "INTRADAY",
        "type": if price == 0 { 2 } else { 1 }, "limitPrice": price})
}

fn place(symbol: &str, quantity: i64, price: i64) -> ApiRequest {
    request(Method::Post, "/orders/sync", &order(symbol, quantity, price))
}

/// The account as the bot of this key sees it after its day.
fn seen(mode: Mode, key: &BotKey, own: Own) -> Snapshot {
    let all = BTreeMap::from([(key.name().clone(), own)]);
    Snapshot { own: Arc::new(all), ..snapshot(mode) }.seen_by(key)
}

fn holding(net: i64) -> Own {
    Own { simulated: vec![position("NSE:A-EQ", net)], ..Own::default() }
}

fn day(orders: u32, result: i64) -> Own {
    let day = OwnDay { orders, result: Decimal::from(result), ..OwnDay::default() };
    Own { day, ..Own::default() }
}

fn goes(now: &Snapshot, key: &BotKey, request: &ApiRequest) -> Route {
    let price = |symbol: &str| (symbol == "NSE:A-EQ").then(|| Decimal::from(100));
    let known = Knowledge { books: &BotBooks::default(), price: &price };
    decide(now, key, &OrderCall::read(request), request, &known)
}

fn refused(now: &Snapshot, key: &BotKey, request: &ApiRequest) -> Refused {
    match goes(now, key, request) {
        Route::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

fn limit(why: &Refused) -> Option<LimitKind> {
    match why {
        Refused::Limit { limit, .. } => Some(*limit),
        _ => None,
    }
}

fn value_limit(inr: i64) -> KeyLimits {
    KeyLimits { max_order_value: Some(Decimal::from(inr)), ..KeyLimits::default() }
}

#[test]
fn an_order_is_worth_at_most_what_its_key_says() {
    let key = limited(value_limit(1_000));
    for mode in [Mode::Live, Mode::Sandbox, Mode::Mock] {
        let now = seen(mode, &key, Own::default());
        for good in [place("NSE:A-EQ", 10, 100), place("NSE:A-EQ", 10, 0), place("NSE:NEW-EQ", 1, 1_000)] {
            assert!(!matches!(goes(&now, &key, &good), Route::Refused(_)), "{mode:?}");
        }
        for bad in [
            place("NSE:A-EQ", 11, 100),
            place("NSE:A-EQ", -11, 0),
            place("NSE:A-EQ", -11, 1),
            place("NSE:NEW-EQ", 1, 1_001),
        ] {
            assert_eq!(limit(&refused(&now, &key, &bad)), Some(LimitKind::OrderValue), "{mode:?}");
        }
        let sold = refused(&now, &key, &place("NSE:NEW-EQ", -1, 1));
        assert!(
            matches!(sold, Refused::Unchecked { .. }),
            "the limit of a sell order is the least it brings"
        );
        let why = refused(&now, &key, &place("NSE:NEW-EQ", 1, 0));
        assert!(matches!(why, Refused::Unchecked { .. }), "no price, no check: {why}");
        assert!(why.is_of_key() && why.to_string().contains("NSE:NEW-EQ"), "{why}");
    }
    let words = refused(&seen(Mode::Live, &key, Own::default()), &key, &place("NSE:A-EQ", 11, 100));
    assert_eq!(
        words.to_string(),
        "this order of 11 NSE:A-EQ is worth 1100 INR, and the max-order-value of bot trial's key is 1000 INR; exits pass"
    );
}

#[test]
fn a_basket_is_checked_order_by_order_and_counted_whole() {
    let many = |orders: &[Value]| request(Method::Post, "/multi-order/sync", &json!(orders));
    let key = limited(KeyLimits { max_orders_per_day: Some(3), ..value_limit(1_000) });
    let now = seen(Mode::Live, &key, day(1, 0));
    let small = order("NSE:A-EQ", 1, 100);
    assert_eq!(goes(&now, &key, &many(&[small.clone(), small.clone()])), Route::Fyers);
    let three = many(&[small.clone(), small.clone(), small.clone()]);
    assert_eq!(limit(&refused(&now, &key, &three)), Some(LimitKind::OrdersPerDay));
    let large = many(&[small.clone(), order("NSE:A-EQ", 11, 100)]);
    assert_eq!(limit(&refused(&now, &key, &large)), Some(LimitKind::OrderValue));
    let odd = many(&[small, json!({"symbol": "NSE:A-EQ"})]);
    assert!(matches!(refused(&now, &key, &odd), Refused::Unchecked { .. }));
}

#[test]
fn a_day_ends_for_entries_with_its_orders_or_its_loss() {
    let orders = limited(KeyLimits { max_orders_per_day: Some(2), ..KeyLimits::default() });
    let loss = limited(KeyLimits { max_loss: Some(Decimal::from(500)), ..KeyLimits::default() });
    let entry = place("NSE:A-EQ", 1, 0);
    assert_eq!(goes(&seen(Mode::Live, &orders, day(1, 0)), &orders, &entry), Route::Fyers);
    let used_up = refused(&seen(Mode::Live, &orders, day(2, 0)), &orders, &entry);
    assert_eq!(limit(&used_up), Some(LimitKind::OrdersPerDay));
    assert_eq!(goes(&seen(Mode::Live, &loss, day(9, -499)), &loss, &entry), Route::Fyers);
    assert_eq!(goes(&seen(Mode::Live, &loss, day(9, 5_000)), &loss, &entry), Route::Fyers);
    let lost = refused(&seen(Mode::Live, &loss, day(9, -500)), &loss, &entry);
    assert_eq!(limit(&lost), Some(LimitKind::Loss));
}

#[test]
fn a_read_only_key_reads() {
    let mut key = key("viewer", Mode::Live, KeyLimits::default(), false);
    key.stored.read_only = true;
    let now = seen(Mode::Live, &key, holding(10));
    for trades in [
        place("NSE:A-EQ", 1, 0),
        place("NSE:A-EQ", -1, 0),
        request(Method::Delete, "/positions", &json!({"exit_all": 1})),
        request(Method::Delete, "/orders/sync", &json!({"id": "1"})),
    ] {
        assert!(matches!(refused(&now, &key, &trades), Refused::ReadOnly(_)));
    }
    assert_eq!(goes(&now, &key, &request(Method::Get, "/orders", &Value::Null)), Route::Fyers);
}

#[test]
fn what_cannot_be_checked_is_refused_for_a_key_with_limits_only() {
    let key = limited(value_limit(1_000));
    let free = limited(KeyLimits::default());
    let now = seen(Mode::Live, &key, Own::default());
    for odd in [
        request(Method::Post, "/multileg/orders/sync", &json!({"legs": {}})),
        request(Method::Patch, "/multi-order/sync", &json!([{"id": "1", "qty": 9_999}])),
        request(Method::Patch, "/gtt/orders/sync", &json!({"id": "1"})),
        request(Method::Patch, "/orders/sync", &json!({"id": "1", "qty": 9_999})),
    ] {
        assert!(matches!(refused(&now, &key, &odd), Refused::Unchecked { .. }), "{}", odd.path);
        assert_eq!(goes(&now, &free, &odd), Route::Fyers, "{}", odd.path);
    }
}

#[test]
fn a_halt_of_one_bot_is_its_own() {
    let halted = key("trial", Mode::Live, KeyLimits::default(), true);
    let other = key("second", Mode::Live, KeyLimits::default(), false);
    let now = snapshot(Mode::Live);
    let entry = place("NSE:A-EQ", 1, 0);
    assert_eq!(refused(&now.seen_by(&halted), &halted, &entry), Refused::Halted);
    assert_eq!(goes(&now.seen_by(&other), &other, &entry), Route::Fyers);
}

/// A trial's simulated position must not keep another bot from trading for real.
#[test]
fn what_another_bot_holds_in_the_simulation_refuses_nobody_else() {
    let (trial, live) = (
        key("trial", Mode::Sandbox, KeyLimits::default(), false),
        key("main", Mode::Live, KeyLimits::default(), false),
    );
    let all = BTreeMap::from([(trial.name().clone(), holding(10))]);
    let simulated = vec![position("NSE:A-EQ", 10)];
    let now = Snapshot { own: Arc::new(all), simulated, ..snapshot(Mode::Live) };
    let sell = place("NSE:A-EQ", -10, 0);
    assert_eq!(goes(&now.seen_by(&live), &live, &sell), Route::Fyers);
    assert_eq!(goes(&now.seen_by(&trial), &trial, &sell), Route::MockExchange);
}

proptest! {
    /// Whatever the limits and the day: an order that only reduces the bot's position passes.
    #[test]
    fn exits_always_pass(net in -50i64..50, part in 1i64..60, price in 0i64..200, orders: u32, result in -9_999i64..9_999) {
        prop_assume!(net != 0);
        let limits = KeyLimits {
            max_order_value: Some(Decimal::ONE),
            max_orders_per_day: Some(1),
            max_loss: Some(Decimal::ONE),
        };
        let key = key("trial", Mode::Sandbox, limits, false);
        let own = Own { simulated: vec![position("NSE:A-EQ", net)], ..day(orders, result) };
        let now = seen(Mode::Sandbox, &key, own);
        let exit = place("NSE:A-EQ", -net.signum() * part, price);
        let passes = goes(&now, &key, &exit) == Route::MockExchange;
        prop_assert!(passes || part > net.abs(), "{net} {part}");
        let entry = place("NSE:A-EQ", net.signum() * part, price);
        prop_assert!(orders == 0 && result > -1 && part * price.max(1) <= 1 || matches!(goes(&now, &key, &entry), Route::Refused(_)));
    }
}
