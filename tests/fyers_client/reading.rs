//! Funds, quotes, orders, positions: from the documented JSON to the model, and every field bent once.

use std::collections::BTreeMap;

use fyers_api::model::{Funds, OrderStatus, OrderType, Product, Quote, Side};
use fyers_keeper::fyers::FyersClient;
use keeper_domain::{
    broker_error::{BrokerError, Garble},
    ports::{Broker, Exchange},
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::{ACCESS, APP, access, answering_json};

fn inr(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn a_fund(id: i64, amount: &Value) -> Value {
    json!({"id":id,"title":"x","equityAmount":amount,"commodityAmount":0})
}

fn an_order_row() -> Value {
    json!({"clientId":"XX00001","id":"26112300000017","exchOrdId":null,"qty":5,"remainingQuantity":3,"filledQty":2,
        "limitPrice":800.1,"stopPrice":0,"tradedPrice":800.05,"type":1,"fyToken":"10100000003045",
        "symbol":"NSE:SBIN-EQ","message":"","orderDateTime":"23-Nov-2026 09:20:31","productType":"INTRADAY",
        "side":1,"status":6,"orderTag":"2:Untagged"})
}

fn a_position_row() -> Value {
    json!({"id":"NSE:SBIN-EQ-INTRADAY","symbol":"NSE:SBIN-EQ","productType":"INTRADAY","side":-1,"netQty":-5,
        "qty":5,"netAvg":800.15,"realized_profit":-12.5})
}

fn a_quote(symbol: &str, price: &Value) -> Value {
    json!({"n":symbol,"s":"ok","v":{"lp":price,"tt":"1795392000"}})
}

async fn answer(body: &Value) -> (wiremock::MockServer, FyersClient) {
    answering_json(200, &body.to_string()).await
}

fn symbols(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn reads_are_one_get_each_on_their_own_path() {
    let body = json!({"s":"ok","fund_limit":[a_fund(1, &json!(1)), a_fund(2, &json!(1)), a_fund(10, &json!(1))],
        "orderBook":[],"netPositions":[],"data":{"fy_id":"XX00001"},"d":[a_quote("NSE:M&M-EQ", &json!(1))]});
    let (server, client) = answer(&body).await;
    Exchange::funds(&client, &access()).await.unwrap();
    client.orders(&access()).await.unwrap();
    client.positions(&access()).await.unwrap();
    Exchange::profile(&client, &access()).await.unwrap();
    client.quotes(&access(), &symbols(&["NSE:M&M-EQ"])).await.unwrap();
    assert_eq!(client.quotes(&access(), &[]).await, Ok(Vec::new()));

    let calls = server.received_requests().await.unwrap();
    let seen: Vec<_> = calls.iter().map(|call| (call.method.as_str(), call.url.path())).collect();
    let paths = ["/api/v3/funds", "/api/v3/orders", "/api/v3/positions", "/api/v3/profile", "/data/quotes"];
    assert_eq!(seen, paths.map(|path| ("GET", path)));
    assert!(calls.iter().all(|call| call.headers["authorization"] == format!("{APP}:{ACCESS}").as_str()));
    assert_eq!(calls[4].url.query(), Some("symbols=NSE%3AM%26M-EQ"));
}

#[tokio::test]
async fn funds_are_found_by_id_in_any_order_and_exact() {
    let rows =
        [a_fund(10, &json!(99_999.95)), a_fund(7, &json!(1)), a_fund(2, &json!(0.1)), a_fund(1, &json!(195))];
    let (_server, client) = answer(&json!({"s":"ok","fund_limit":rows})).await;
    let want = Funds { total: inr("195"), utilized: inr("0.1"), available: inr("99999.95") };
    assert_eq!(Exchange::funds(&client, &access()).await, Ok(want));

    // What is not told is not known, which is neither zero nor a reason to refuse the session.
    let good = json!(1);
    for rows in [
        json!([a_fund(1, &good), a_fund(2, &good)]),
        json!([]),
        json!({}),
        json!([1]),
        json!([a_fund(1, &json!(null)), a_fund(2, &good), a_fund(10, &good)]),
    ] {
        let (_server, client) = answer(&json!({"s":"ok","fund_limit":rows})).await;
        assert_eq!(Exchange::funds(&client, &access()).await.unwrap_err(), field_error("fund_limit"));
        assert!(Broker::funds(&client, &access()).await.is_ok(), "{rows}");
    }
}

#[tokio::test]
async fn an_order_row_is_read_whole() {
    let mut second = an_order_row();
    second["orderTag"] = json!("1:bot1");
    second["side"] = json!(-1);
    let (_server, client) = answer(&json!({"s":"ok","orderBook":[an_order_row(), second]})).await;
    let orders = client.orders(&access()).await.unwrap();
    let order = &orders[0];
    assert_eq!((order.id.as_str(), order.status, order.filled), ("26112300000017", OrderStatus::Pending, 2));
    assert_eq!((order.average, order.request.limit_price), (inr("800.05"), inr("800.1")));
    assert_eq!(order.placed_at.to_rfc3339(), "2026-11-23T03:50:31+00:00");
    let request = &order.request;
    assert_eq!((request.symbol.as_str(), request.quantity, request.side), ("NSE:SBIN-EQ", 5, Side::Buy));
    assert_eq!((request.order_type, request.product), (OrderType::Limit, Product::Intraday));
    assert_eq!(request.tag, None);
    assert_eq!((orders[1].request.tag.as_deref(), orders[1].request.side), (Some("bot1"), Side::Sell));
}

#[tokio::test]
async fn numbers_of_status_type_and_product_mean_what_is_documented() {
    use OrderStatus::{Cancelled, Expired, Pending, Rejected, Traded, Transit};
    let statuses = BTreeMap::from([
        (1, Cancelled),
        (2, Traded),
        (4, Transit),
        (5, Rejected),
        (6, Pending),
        (7, Expired),
    ]);
    let types = [OrderType::Limit, OrderType::Market, OrderType::Stop, OrderType::StopLimit];
    let products = [
        ("CNC", Product::Cnc),
        ("INTRADAY", Product::Intraday),
        ("MARGIN", Product::Margin),
        ("MTF", Product::Mtf),
        ("CO", Product::Co),
        ("BO", Product::Bo),
        ("NEW", Product::Other),
    ];
    let mut rows = Vec::new();
    rows.extend(statuses.keys().map(|number| bent(&an_order_row(), "status", &json!(number))));
    rows.extend((1..=4).map(|number| bent(&an_order_row(), "type", &json!(number))));
    rows.extend(products.iter().map(|(name, _)| bent(&an_order_row(), "productType", &json!(name))));
    let (_server, client) = answer(&json!({"s":"ok","orderBook":rows})).await;
    let orders = client.orders(&access()).await.unwrap();
    assert!(orders[..6].iter().map(|order| order.status).eq(statuses.into_values()));
    assert!(orders[6..10].iter().map(|order| order.request.order_type).eq(types));
    assert!(orders[10..].iter().map(|order| order.request.product).eq(products.map(|(_, product)| product)));
}

#[tokio::test]
async fn positions_are_signed_and_closed_ones_are_zero() {
    let closed = json!({"symbol":"NSE:ACC-EQ","productType":"CNC","side":0,"netQty":0,"netAvg":0,"realized_profit":94.99});
    let bare = json!({"symbol":"NSE:ACC-EQ","productType":"MARGIN","netQty":0});
    let (_server, client) = answer(&json!({"s":"ok","netPositions":[a_position_row(), closed, bare]})).await;
    let positions = client.positions(&access()).await.unwrap();
    assert_eq!(
        (positions[0].net, positions[0].average, positions[0].realized),
        (-5, inr("800.15"), inr("-12.5"))
    );
    assert_eq!(positions[0].product, Product::Intraday);
    assert_eq!((positions[1].net, positions[1].realized), (0, inr("94.99")));
    assert_eq!((positions[2].net, positions[2].average), (0, Decimal::ZERO));
}

#[tokio::test]
async fn a_bent_field_is_named_and_hides_no_row() {
    let required = ["id", "symbol", "qty", "side", "type", "productType", "status", "orderDateTime"];
    let optional = ["limitPrice", "stopPrice", "filledQty", "tradedPrice", "message", "orderTag"];
    for field in required {
        let rows = [an_order_row(), bent(&an_order_row(), field, &json!([]))];
        let (_server, client) = answer(&json!({"s":"ok","orderBook":rows})).await;
        assert_eq!(client.orders(&access()).await.unwrap_err(), field_error(field));
    }
    for field in optional {
        let rows = [Value::Null, json!([]), json!({})].map(|value| bent(&an_order_row(), field, &value));
        let (_server, client) = answer(&json!({"s":"ok","orderBook":rows})).await;
        assert_eq!(client.orders(&access()).await.map(|orders| orders.len()), Ok(3), "{field} is optional");
    }
    for (field, value) in [("status", json!(3)), ("side", json!(0)), ("type", json!(5))] {
        let (_server, client) =
            answer(&json!({"s":"ok","orderBook":[bent(&an_order_row(), field, &value)]})).await;
        assert_eq!(client.orders(&access()).await.unwrap_err(), field_error(field));
    }
    for field in ["symbol", "netQty", "netAvg"] {
        let rows = [bent(&a_position_row(), field, &json!({}))];
        let (_server, client) = answer(&json!({"s":"ok","netPositions":rows})).await;
        assert_eq!(client.positions(&access()).await.unwrap_err(), field_error("netPositions"));
    }
    for field in ["productType", "realized_profit"] {
        let rows = [bent(&a_position_row(), field, &json!({}))];
        let (_server, client) = answer(&json!({"s":"ok","netPositions":rows})).await;
        assert_eq!(client.positions(&access()).await.unwrap()[0].net, -5, "{field}");
    }
}

#[tokio::test]
async fn quotes_come_in_the_order_asked_for() {
    let rows = [a_quote("NSE:B-EQ", &json!(2)), a_quote("NSE:A-EQ", &json!(800.1))];
    let (_server, client) = answer(&json!({"s":"ok","code":200,"d":rows})).await;
    let want = vec![
        Quote { symbol: "NSE:A-EQ".to_owned(), last: inr("800.1") },
        Quote { symbol: "NSE:B-EQ".to_owned(), last: inr("2") },
    ];
    assert_eq!(client.quotes(&access(), &symbols(&["NSE:A-EQ", "NSE:B-EQ"])).await, Ok(want));
    let missing = client.quotes(&access(), &symbols(&["NSE:A-EQ", "NSE:C-EQ"])).await.unwrap_err();
    assert_eq!(missing, field_error("d"));
}

#[tokio::test]
async fn a_bad_symbol_is_a_refusal_with_its_code() {
    for (inner, words) in [
        (json!({"code":-300,"message":"Invalid symbol provided"}), "NSE:X-EQ: Invalid symbol provided"),
        (json!({"errmsg":"Invalid symbol"}), "NSE:X-EQ: Invalid symbol"),
        (json!(null), "NSE:X-EQ:"),
    ] {
        let rows = [a_quote("NSE:A-EQ", &json!(1)), json!({"n":"NSE:X-EQ","s":"error","v":inner})];
        let (_server, client) = answer(&json!({"s":"ok","d":rows})).await;
        let error = client.quotes(&access(), &symbols(&["NSE:A-EQ", "NSE:X-EQ"])).await.unwrap_err();
        assert_eq!(error, BrokerError::Refused { status: 200, code: -300, message: words.to_owned() });
    }
    for row in [
        json!({"s":"ok","v":{"lp":1}}),
        json!({"n":"NSE:A-EQ","v":{"lp":1}}),
        json!({"n":"NSE:A-EQ","s":"ok","v":[]}),
        a_quote("NSE:A-EQ", &json!("x")),
    ] {
        let (_server, client) = answer(&json!({"s":"ok","d":[row]})).await;
        let error = client.quotes(&access(), &symbols(&["NSE:A-EQ"])).await.unwrap_err();
        assert_eq!(error, field_error("d"));
    }
}

fn bent(row: &Value, field: &str, value: &Value) -> Value {
    let mut row = row.clone();
    row[field] = value.clone();
    row
}

fn field_error(field: &'static str) -> BrokerError {
    BrokerError::Garbled { status: 200, garble: Garble::Field(field) }
}
