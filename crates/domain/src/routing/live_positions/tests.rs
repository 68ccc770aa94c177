use serde_json::json;

use super::*;
use crate::routing::exposure::tests::{leg, position};

fn answer(body: &Value) -> ApiResponse {
    ApiResponse { status: 200, headers: vec![], body: body.to_string().into_bytes() }
}

#[allow(clippy::needless_pass_by_value, reason = "callers make the values on the spot")]
fn row(net: Value, product: Value) -> Value {
    json!({"symbol": "NSE:SBIN-EQ", "netQty": net, "productType": product, "netAvg": 800.5, "realized_profit": -209.999})
}

#[test]
fn a_row_is_read_as_fyers_writes_it_or_protects_its_symbol() {
    let rows =
        |row: Value| read_positions(&answer(&json!({"s": "ok", "netPositions": [row]}))).unwrap().value;
    for net in [json!(5), json!(5.0), json!("5")] {
        assert_eq!(rows(row(net, json!("INTRADAY"))).positions[0].net, 5);
    }
    for bad in
        [row(Value::Null, json!("CNC")), row(json!(5.5), json!("CNC")), json!({"symbol": "NSE:SBIN-EQ"})]
    {
        assert_eq!(rows(bad.clone()).unknown, ["NSE:SBIN-EQ"], "{bad}");
    }
    for odd in [json!("CO"), json!("BO"), Value::Null] {
        let known =
            LivePositions { positions: rows(row(json!(5), odd)).positions, ..LivePositions::default() };
        assert!(known.protects(&leg("NSE:SBIN-EQ", -1), []).is_some());
    }
}

#[test]
fn what_is_no_good_answer_says_nothing() {
    for (status, body) in [
        (200, json!({"s": "error", "code": -99, "netPositions": []})),
        (503, json!({"s": "ok", "code": 200, "netPositions": []})),
        (200, json!({"s": "ok"})),
        (200, json!({"s": "ok", "netPositions": [{"netQty": 5}]})),
    ] {
        assert_eq!(read_positions(&ApiResponse { status, ..answer(&body) }), None, "{body}");
    }
    assert_eq!(read_positions(&ApiResponse { status: 200, headers: vec![], body: b"<html>".to_vec() }), None);
}

#[test]
fn waiting_orders_are_read_whole_or_not_at_all() {
    let order = |status: i64| {
        json!({"id": "26", "symbol": "NSE:SBIN-EQ", "side": -1, "qty": 10, "remainingQuantity": 4,
        "productType": "INTRADAY", "status": status, "orderTag": "1:x", "orderDateTime": "24-Nov-2026 11:00:05"})
    };
    let book =
        |rows: Value| read_orders(&answer(&json!({"s": "ok", "orderBook": rows}))).map(|read| read.value);
    let rows = book(json!([order(6), order(2)])).unwrap();
    assert_eq!((rows[0].leg.quantity, rows[0].waits, rows[0].whole), (-4, true, -10));
    assert_eq!(
        (rows[0].leg.tag.as_deref(), rows[0].at.unwrap().to_rfc3339()),
        (Some("x"), "2026-11-24T05:30:05+00:00".into())
    );
    assert!(!rows[1].waits);
    let tag = |tag: Value| {
        let mut row = order(6);
        row["orderTag"] = tag;
        book(json!([row])).unwrap().remove(0).leg.tag
    };
    assert_eq!([tag(json!("2:Untagged")), tag(json!("")), tag(Value::Null)], [None, None, None], "no mark");
    assert_eq!(tag(json!("x")).as_deref(), Some("x"));
    assert_eq!(book(json!([{"id": "1", "status": 6}])), None, "it may fill and cannot be read");
    assert_eq!(book(json!([{"id": "1", "status": 5}])), Some(vec![]));
}

#[test]
fn what_is_odd_and_not_needed_is_told_and_costs_no_row() {
    let row = json!({"id": "26", "symbol": "NSE:SBIN-EQ", "side": -1, "qty": 10, "remainingQuantity": 4, "filledQty": 6,
        "productType": "INTRADAY", "status": 6, "orderTag": "1:x", "orderDateTime": "24-Nov-2026 11:00:05",
        "limitPrice": 800.5, "stopPrice": 0, "tradedPrice": 0});
    let read = |rows: Value| read_orders(&answer(&json!({"s": "ok", "orderBook": rows}))).unwrap();
    assert_eq!(read(json!([row])).drift, Vec::<String>::new());
    let optional =
        ["remainingQuantity", "filledQty", "orderDateTime", "limitPrice", "stopPrice", "tradedPrice"];
    for field in optional {
        for odd in [json!("odd"), json!([]), Value::Null] {
            let mut bent = row.clone();
            bent[field] = odd;
            let read = read(json!([bent, row]));
            assert_eq!((read.value.len(), read.drift), (2, vec![format!("orderBook[].{field}")]));
        }
    }
    let over = read(json!([row, {"id": "1", "status": 5}]));
    assert_eq!((over.value.len(), over.drift), (1, vec!["orderBook[]".to_owned()]));
    let position = self::row(json!(5), json!("NEW WORD"));
    let read = read_positions(&answer(&json!({"s": "ok", "netPositions": [position]}))).unwrap();
    assert_eq!(
        (read.value.positions[0].net, read.drift),
        (5, vec!["netPositions[0].productType".to_owned()])
    );
}

#[test]
fn knowledge_has_a_state() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let mut known = LivePositions::default();
    assert_eq!((known.known(now), known.is_open()), (Known::Never, false));
    known.was_live = true;
    assert_eq!((known.known(now), known.is_open()), (Known::Unknown, true), "not known is not none");
    known.read_at = Some(now);
    assert_eq!((known.known(now), known.is_open()), (Known::Known, false));
    assert_eq!(known.known(now + TimeDelta::hours(1)), Known::Stale);
    known.unread_since = Some(now);
    assert_eq!((known.known(now), known.is_open()), (Known::Unknown, true));
}

#[test]
fn whatever_may_be_an_exit_is_protected() {
    let known = LivePositions {
        positions: vec![position("NSE:SBIN-EQ", 10)],
        unknown: vec!["NSE:INFY-EQ".into()],
        ..LivePositions::default()
    };
    for exit in [
        leg("NSE:SBIN-EQ", -1),
        leg(" nse:sbin-eq", -500),
        leg("NSE:INFY-EQ", 1),
        leg("NSE:INFY-EQ", -1),
        Leg { product: "BO".into(), ..leg("NSE:SBIN-EQ", -1) },
    ] {
        assert!(known.protects(&exit, []).is_some(), "{exit:?}");
    }
    for other in [
        leg("NSE:SBIN-EQ", 1),
        leg("NSE:TCS-EQ", -1),
        Leg { product: "CNC".into(), ..leg("NSE:SBIN-EQ", -1) },
    ] {
        assert_eq!(known.protects(&other, []), None, "{other:?}");
    }
}

#[test]
fn what_may_have_filled_since_the_last_reading_is_protected_as_if_it_had() {
    let held = |net: i64| LivePositions {
        positions: vec![position("NSE:SBIN-EQ", net)],
        ..LivePositions::default()
    };
    for (net, sent, order, at_risk) in [
        (0, 10, -10, true),
        (0, -10, 10, true),
        (0, 10, 10, false),
        // A stop that waits below a position cannot turn it.
        (10, -10, 5, false),
        (10, -15, 5, true),
        (-3, 10, -1, true),
    ] {
        let sent = [leg("NSE:TCS-EQ", sent), leg("nse:sbin-eq", sent)];
        let told = held(net).protects(&leg("NSE:SBIN-EQ", order), &sent);
        assert_eq!(told.is_some(), at_risk, "{net} {sent:?} {order}: {told:?}");
    }
    let other = [Leg { product: "CNC".into(), ..leg("NSE:SBIN-EQ", 10) }];
    assert_eq!(held(0).protects(&leg("NSE:SBIN-EQ", -10), &other), None);
    let unread = [Leg { product: String::new(), ..leg("NSE:SBIN-EQ", 10) }];
    assert!(held(0).protects(&leg("NSE:SBIN-EQ", -10), &unread).is_some());
}
