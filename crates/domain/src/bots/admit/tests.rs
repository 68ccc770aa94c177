use std::{collections::BTreeMap, sync::Arc};

use chrono::DateTime;
use fyers_api::http::{Method, Surface};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
pub(crate) use crate::routing::route::tests::snapshot;
use crate::{
    keys::{KeyLimits, StoredKey},
    mode::Mode,
    order_journal::OrderEntry,
    routing::{
        Venue,
        exposure::tests::position,
        live_positions::{BookRow, LivePositions},
        own::Own,
    },
};

pub(crate) fn key(name: &str, ceiling: Mode, limits: KeyLimits, halted: bool) -> BotKey {
    let name = BotName::new(name).unwrap();
    let stored = StoredKey { name, ceiling, limits, halted, ..StoredKey::owner(DateTime::UNIX_EPOCH) };
    BotKey { stored, tokens: vec![], hsm_key: None }
}

pub(super) fn limited(limits: KeyLimits) -> BotKey {
    key("trial", Mode::Live, limits, false)
}

pub(super) fn request(method: Method, path: &str, body: &Value) -> ApiRequest {
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
pub(super) fn seen(mode: Mode, key: &BotKey, own: Own) -> Snapshot {
    let all = BTreeMap::from([(key.name().clone(), own)]);
    Snapshot { own: Arc::new(all), ..snapshot(mode) }.seen_by(key)
}

fn holding(net: i64) -> Own {
    let simulated = vec![position("NSE:A-EQ", net)];
    Own { left: simulated.clone(), simulated, ..Own::default() }
}

pub(super) fn day(orders: u32, result: i64) -> Own {
    let day = OwnDay { orders, result: Decimal::from(result), ..OwnDay::default() };
    Own { day, ..Own::default() }
}

fn goes(now: &Snapshot, key: &BotKey, request: &ApiRequest) -> Route {
    let price = |symbol: &str| (symbol == "NSE:A-EQ").then(|| Decimal::from(100));
    let known = Knowledge {
        books: &BotBooks::default(),
        price: &price,
        units: &|_| Some(1),
        day: now.own(key).day.clone(),
    };
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

pub(super) fn value_limit(inr: i64) -> KeyLimits {
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
        "this order of 11 NSE:A-EQ is worth ₹1,100.00, and the max-order-value of bot trial's key is ₹1,000.00; exits pass"
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

fn loss_limit(inr: i64) -> BotKey {
    limited(KeyLimits { max_loss: Some(Decimal::from(inr)), ..KeyLimits::default() })
}

/// A day in the black by the prices that are known, with one that is not.
fn half_priced(result: i64) -> Own {
    let mut own = day(0, result);
    own.day.unpriced.insert("NSE:B-EQ".to_owned());
    own
}

#[test]
fn a_loss_that_is_not_known_stops_entries_and_no_exit() {
    let (key, free) = (loss_limit(500), limited(value_limit(1_000_000)));
    let entry = place("NSE:A-EQ", 1, 100);
    for mode in [Mode::Live, Mode::Sandbox, Mode::Mock] {
        let why = refused(&seen(mode, &key, half_priced(5_000)), &key, &entry);
        assert!(matches!(why, Refused::Unchecked { .. }) && why.to_string().contains("NSE:B-EQ"), "{why}");
        assert!(why.to_string().contains("exits pass"), "{why}");
        assert!(!matches!(goes(&seen(mode, &free, half_priced(5_000)), &free, &entry), Route::Refused(_)));
        let (open, now) = (vec![position("NSE:A-EQ", 5)], seen(mode, &key, half_priced(0)));
        let now = if mode == Mode::Live {
            Snapshot { live: LivePositions { positions: open, ..now.live.clone() }, ..now }
        } else {
            Snapshot { simulated: open, ..now }
        };
        assert!(
            !matches!(goes(&now, &key, &place("NSE:A-EQ", -5, 0)), Route::Refused(_)),
            "{mode:?}: an exit"
        );
    }
    // Nor is it known before FYERS' order book has been read, or long after.
    let now = seen(Mode::Live, &key, day(0, 0));
    let long_ago = LivePositions { read_at: Some(DateTime::UNIX_EPOCH), ..now.live.clone() };
    for now in [Snapshot { looked: false, ..now.clone() }, Snapshot { live: long_ago, ..now.clone() }] {
        let why = refused(&now, &key, &entry);
        assert!(matches!(why, Refused::Unchecked { .. }) && why.to_string().contains("order book"), "{why}");
        assert_eq!(goes(&now, &free, &entry), Route::Fyers, "no loss is limited");
    }
    assert_eq!(goes(&now, &key, &entry), Route::Fyers);
}

/// Of a bot that holds one share, and whose order 7 sells ten more.
fn books_with_a_day() -> BotBooks {
    let mut books = BotBooks::default();
    let trial = limited(KeyLimits::default());
    books.begin(DateTime::UNIX_EPOCH.date_naive());
    let mut rows = vec![];
    for (id, quantity) in [("6", 1), ("7", -10)] {
        let leg = Leg { quantity, ..Leg::closing(&position("NSE:B-EQ", 1)) };
        let place = (Operation::Place, Mode::Live, Venue::Fyers);
        let answer = (200, 1101, "", Some(id.to_owned()));
        books.placed(&OrderEntry::new(place, Some(&leg), answer, DateTime::UNIX_EPOCH).of(trial.name()));
        let filled = quantity.max(0);
        let (whole, waits, at) = (quantity, filled == 0, None);
        let (id, average, stop) = (id.to_owned(), Decimal::from(100), Decimal::ZERO);
        rows.push(BookRow { id, leg, whole, waits, filled, average, stop, is_unfilled: false, at });
    }
    books.saw(&rows, None, &|_| Some(1));
    books
}

#[test]
fn what_is_held_is_priced_for_a_loss_and_what_is_ordered_for_a_value() {
    let books = books_with_a_day();
    let asked = |key: &BotKey, own: Own, request: &ApiRequest| {
        let now = seen(Mode::Sandbox, key, own);
        to_be_priced(&now, key, &OrderCall::read(request), request, &books)
    };
    let both = limited(KeyLimits { max_loss: Some(Decimal::ONE), ..value_limit(1_000) });
    let (entry, exit) = (place("NSE:A-EQ", 1, 0), place("NSE:A-EQ", -5, 0));
    assert_eq!(asked(&both, Own::default(), &entry), ["NSE:A-EQ", "NSE:B-EQ"]);
    assert_eq!(asked(&loss_limit(1), Own::default(), &entry), ["NSE:B-EQ"]);
    assert_eq!(asked(&loss_limit(1), Own::default(), &place("NSE:A-EQ", 1, 100)), ["NSE:B-EQ"]);
    assert_eq!(asked(&limited(value_limit(1_000)), Own::default(), &entry), ["NSE:A-EQ"]);
    assert_eq!(asked(&both, holding(5), &exit), [""; 0], "an exit waits for nothing");
    assert_eq!(asked(&limited(KeyLimits::default()), Own::default(), &entry), [""; 0]);
    let now = seen(Mode::Live, &both, Own::default());
    for (id, symbols) in [("7", &["NSE:B-EQ"][..]), ("8", &[])] {
        let change = request(Method::Patch, "/orders/sync", &json!({"id": id, "qty": 9}));
        let asked = |key: &BotKey| to_be_priced(&now, key, &OrderCall::read(&change), &change, &books);
        assert_eq!(
            asked(&limited(value_limit(1_000))),
            symbols,
            "the order's own symbol, if it is the bot's"
        );
        assert_eq!(asked(&both), symbols);
    }
    let cancel = request(Method::Delete, "/orders/sync", &json!({"id": "1"}));
    assert_eq!(asked(&both, Own::default(), &cancel), [""; 0]);
}

#[test]
fn only_shares_are_sold_from_delivery() {
    let key = limited(value_limit(100));
    let now = seen(Mode::Live, &key, Own::default());
    let sale = |symbol: &str| {
        let mut body = order(symbol, -50, 0);
        body["productType"] = json!("CNC");
        request(Method::Post, "/orders/sync", &body)
    };
    for share in ["NSE:A-EQ", "BSE:SBIN-A", "nse:m&m-be "] {
        assert_eq!(goes(&now, &key, &sale(share)), Route::Fyers, "{share}");
    }
    for contract in [
        "NSE:NIFTY26NOVFUT",
        "nse:nifty26novfut",
        "NSE:NIFTY26NOV25000CE",
        "NSE:USDINR26NOVFUT",
        "MCX:GOLDM26DECFUT",
        "MCX:GOLD",
        "NSE:NIFTY50-INDEX",
        "NIFTY",
    ] {
        assert!(matches!(refused(&now, &key, &sale(contract)), Refused::Unchecked { .. }), "{contract}");
    }
}

#[test]
fn a_field_that_comes_twice_is_refused_for_every_key_in_every_mode() {
    let (limits, free) = (limited(value_limit(1_000)), limited(KeyLimits::default()));
    for body in [r#"{"id":"1","qty":1,"qty":9999}"#, r#"{"id":"1","QTY":9999}"#] {
        for (method, path) in [
            (Method::Post, "/orders/sync"),
            (Method::Patch, "/orders/sync"),
            (Method::Put, "/positions"),
            (Method::Post, "/multileg/orders/sync"),
            (Method::Post, "/gtt/orders/sync"),
            (Method::Patch, "/gtt/orders/sync"),
        ] {
            let twice = ApiRequest { body: body.into(), ..request(method, path, &Value::Null) };
            for (key, mode) in
                [(&limits, Mode::Live), (&free, Mode::Live), (&free, Mode::Sandbox), (&free, Mode::Mock)]
            {
                let now = seen(mode, key, Own::default());
                assert_eq!(refused(&now, key, &twice), Refused::Ambiguous, "{path} {body} {mode:?}");
                let hidden = ApiRequest { body: r#"{"x":1e400,"QTY":5}"#.into(), ..twice.clone() };
                assert_eq!(refused(&now, key, &hidden), Refused::Unreadable, "{path} {mode:?}");
            }
        }
    }
}

#[test]
fn a_change_is_refused_after_a_loss_and_never_makes_another_order() {
    let mut books = BotBooks::default();
    let (today, key) = (DateTime::UNIX_EPOCH.date_naive(), loss_limit(500));
    books.begin(today);
    let leg = Leg::closing(&position("NSE:A-EQ", -5));
    let place = (Operation::Place, Mode::Live, Venue::Fyers);
    let entry =
        OrderEntry::new(place, Some(&leg), (200, 1101, "", Some("7".to_owned())), DateTime::UNIX_EPOCH);
    books.placed(&entry.of(key.name()));
    let goes = |result: i64, body: &Value| {
        let request = request(Method::Patch, "/orders/sync", body);
        let known =
            Knowledge { books: &books, price: &|_| None, units: &|_| Some(1), day: day(0, result).day };
        decide(&seen(Mode::Live, &key, day(0, result)), &key, &OrderCall::read(&request), &request, &known)
    };
    let larger = json!({"id": "7", "qty": 500});
    assert_eq!(goes(-499, &larger), Route::Fyers);
    assert!(matches!(goes(-500, &larger), Route::Refused(Refused::Limit { limit: LimitKind::Loss, .. })));
    for (field, value) in [("side", json!(-1)), ("symbol", json!("NSE:B-EQ")), ("productType", json!("CNC"))]
    {
        let mut other = larger.clone();
        other[field] = value;
        assert!(matches!(goes(0, &other), Route::Refused(Refused::Unchecked { .. })), "{field}");
    }
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
        let simulated = vec![position("NSE:A-EQ", net)];
        let own = Own { left: simulated.clone(), simulated, ..day(orders, result) };
        let now = seen(Mode::Sandbox, &key, own);
        let exit = place("NSE:A-EQ", -net.signum() * part, price);
        let passes = goes(&now, &key, &exit) == Route::MockExchange;
        prop_assert!(passes || part > net.abs(), "{net} {part}");
        let entry = place("NSE:A-EQ", net.signum() * part, price);
        prop_assert!(orders == 0 && result > -1 && part * price.max(1) <= 1 || matches!(goes(&now, &key, &entry), Route::Refused(_)));
    }
}
