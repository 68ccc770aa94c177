use fyers_api::http::{Method, Surface};
use serde_json::json;

use super::*;

fn request(path: &str, body: &str) -> ApiRequest {
    ApiRequest {
        surface: Surface::Api,
        method: Method::Post,
        path: path.into(),
        query: String::new(),
        content_type: None,
        body: body.into(),
    }
}

fn read(path: &str, body: &str) -> OrderCall {
    OrderCall::read(&request(path, body))
}

fn order() -> Value {
    json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 1, "side": -1, "productType": "INTRADAY",
        "limitPrice": 800.1, "stopPrice": 0, "offlineOrder": false, "stopLoss": 0, "takeProfit": 0, "orderTag": "a1"})
}

#[test]
fn an_order_is_read_as_bots_write_it() {
    let call = read("/orders/sync", &order().to_string());
    assert!(call.understood && !call.has_extras);
    assert_eq!((call.subject(), call.legs[0].tag.as_deref()), (("NSE:SBIN-EQ".into(), -5), Some("a1")));
    for (name, value) in
        [("qty", json!("5")), ("qty", json!(5.0)), ("side", json!("-1")), ("productType", json!("CO"))]
    {
        let mut body = order();
        body[name] = value;
        assert!(read("/orders/sync", &body.to_string()).understood, "{body}");
    }
}

#[test]
fn what_cannot_be_read_in_one_way_only_is_not_understood() {
    let mut odd =
        vec!["".to_owned(), "[]".into(), "null".into(), "{".into(), r#"["NSE:A-EQ",1,1,"CNC"]"#.into()];
    for (name, value) in [
        ("qty", json!(0)),
        ("qty", json!(-5)),
        ("qty", json!(1.5)),
        ("qty", json!(null)),
        ("side", json!(0)),
        ("side", json!(2)),
        ("limitPrice", json!(1e30)),
        ("limitPrice", json!({})),
        ("symbol", json!(7)),
    ] {
        let mut body = order();
        body[name] = value;
        odd.push(body.to_string());
    }
    odd.push(order().to_string().replacen('{', r#"{"side":1,"#, 1));
    for twin in ["Qty", "SIDE", "stoploss", "Symbol"] {
        odd.push(order().to_string().replacen('{', &format!("{{\"{twin}\":500,"), 1));
    }
    for body in odd {
        assert!(!read("/orders/sync", &body).understood, "{body}");
        assert!(!read("/multi-order/sync", &format!("[{},{body}]", order())).understood, "[..{body}]");
    }
    assert!(!read("/multi-order/sync", "[]").understood);
    assert_eq!(read("/multi-order/sync", &format!("[{},{{}}]", order())).legs.len(), 1);
}

#[test]
fn doubled_fields_are_seen_in_everything_that_trades_and_nowhere_else() {
    let twice = r#"{"id":"1","qty":1,"qty":500}"#;
    for (method, path) in [
        (Method::Post, "/orders/sync"),
        (Method::Patch, "/orders/sync"),
        (Method::Delete, "/orders/sync"),
        (Method::Post, "/multi-order/sync"),
        (Method::Patch, "/multi-order/sync"),
        (Method::Post, "/multileg/orders/sync"),
        (Method::Post, "/orders/async"),
        (Method::Patch, "/smart-order/modify"),
        (Method::Post, "/gtt/orders/sync"),
        (Method::Patch, "/gtt/orders/sync"),
        (Method::Put, "/positions"),
        (Method::Patch, "/positions"),
        (Method::Delete, "/positions"),
    ] {
        let call = |body: &str| OrderCall::read(&ApiRequest { method, ..request(path, body) });
        for twice in [twice, &format!("[{twice}]")] {
            assert_eq!(call(twice).spelling, Spelling::Ambiguous, "{path}");
        }
        for hidden in ["qty=1&qty=2", r#"{"qty":1,"x":1e400,"QTY":500}"#, r#"{"qty":1,"x":"\ud800","QTY":5}"#]
        {
            assert_eq!(call(hidden).spelling, Spelling::Unreadable, "{path}");
        }
        for plain in [r#"{"id":"1","qty":1}"#, "", " "] {
            assert_eq!(call(plain).spelling, Spelling::Plain, "{path}");
        }
    }
    let quotes = ApiRequest { surface: Surface::Data, ..request("/quotes", twice) };
    assert_eq!(OrderCall::read(&quotes).spelling, Spelling::Plain);
}

#[test]
fn a_query_beside_a_body_that_trades_is_read_in_two_ways() {
    let with = |query: &str, body: &str| {
        let call = ApiRequest { query: query.into(), ..request("/orders/sync", body) };
        OrderCall::read(&call).spelling == Spelling::Queried
    };
    assert!(with("qty=100&symbol=NSE:SBIN-EQ", &order().to_string()) && with("v=2", "{}"));
    assert!(!with("", &order().to_string()) && !with("{}", "{}") && !with("id=7", ""));
    let margin = ApiRequest { query: "v=2".into(), ..request("/multiorder/margin", "{}") };
    assert_eq!(OrderCall::read(&margin).spelling, Spelling::Plain, "what does not trade is not looked at");
}

#[test]
fn orders_by_other_paths_are_read_or_said_to_be_opaque() {
    let twin = read("/orders/async", &order().to_string());
    assert_eq!((twin.understood, twin.legs.len()), (true, 1));
    assert_eq!(read("/multi-order/async", &format!("[{0},{0}]", order())).legs.len(), 2);
    let leg = |symbol: &str, side: i64| json!({"symbol": symbol, "qty": 75, "side": side, "type": 1, "limitPrice": 200});
    let legs = json!({"productType": "MARGIN", "offlineOrder": false, "orderType": "2L", "validity": "IOC", "orderTag": "m1",
        "legs": {"leg1": leg("NSE:A26NOVFUT", 1), "leg2": leg("NSE:A26NOV100CE", -1)}});
    let legs = read("/multileg/orders/sync", &legs.to_string());
    let of = |leg: &Leg| (leg.symbol.clone(), leg.product.clone(), leg.quantity, leg.price, leg.tag.clone());
    let told = |symbol: &str, quantity| {
        (symbol.to_owned(), "MARGIN".to_owned(), quantity, 200.into(), Some("m1".to_owned()))
    };
    let both = [told("NSE:A26NOVFUT", 75), told("NSE:A26NOV100CE", -75)];
    assert_eq!(legs.legs.iter().map(of).collect::<Vec<_>>(), both);
    assert!(
        !legs.understood && legs.reserved(None).is_opaque,
        "they are told, and nothing shows what becomes of them"
    );
    for path in ["/multileg/orders/sync", "/smart-order/step", "/orders/async/1"] {
        let call = read(path, &order().to_string());
        assert!(!call.understood && call.reserved(None).is_opaque, "{path}");
    }
    assert!(
        !twin.reserved(None).is_opaque
            && !read("/orders/sync", &order().to_string()).reserved(None).is_opaque
    );
}

#[test]
fn a_flag_is_set_by_the_number_one_only_and_once() {
    assert!(cancels_waiting(br#"{"exit_all":1,"pending_orders_cancel":1}"#));
    for body in [
        r#"{"pending_orders_cancel":0,"pending_orders_cancel":1}"#,
        "{}",
        "[1]",
        "",
        r#"{"pending_orders_cancel":2}"#,
        // Whether FYERS understands these is not known.
        r#"{"pending_orders_cancel":"1"}"#,
        r#"{"pending_orders_cancel":true}"#,
        r#"{"pending_orders_cancel":1.0}"#,
    ] {
        assert!(!cancels_waiting(body.as_bytes()), "{body}");
    }
}

#[test]
fn legs_of_gtt_orders_and_extras_are_seen() {
    let leg = json!({"price": 700, "triggerPrice": 705, "qty": 10});
    let gtt = json!({"side": -1, "symbol": "NSE:SBIN-EQ", "productType": "CNC", "orderInfo": {"leg1": leg, "leg2": leg}});
    assert_eq!(read("/gtt/orders/sync", &gtt.to_string()).legs.len(), 2);
    for name in ["stopLoss", "takeProfit"] {
        let mut body = order();
        body[name] = json!(5);
        assert!(read("/orders/sync", &body.to_string()).has_extras);
    }
}
