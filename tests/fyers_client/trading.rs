//! Orders: what is sent, and what may come back.

use fyers_api::model::{OrderAck, OrderRequest, OrderType, Product, Side};
use keeper_domain::{
    broker_error::{BrokerError, Garble},
    ports::Exchange,
};
use serde_json::{Value, json};

use crate::support::{ACCESS, APP, access, an_order, answering_json};

async fn placed(status: u16, body: &str) -> Result<OrderAck, BrokerError> {
    let (_server, client) = answering_json(status, body).await;
    client.place(&access(), &an_order()).await
}

#[tokio::test]
async fn an_order_is_one_post_with_every_starred_field() {
    let (server, client) = answering_json(200, r#"{"s":"ok","code":1101,"id":"26112300000017"}"#).await;
    let ack = client.place(&access(), &an_order()).await.unwrap();
    assert_eq!(ack, OrderAck { id: "26112300000017".to_owned(), confirmed: true });

    let calls = server.received_requests().await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].method.as_str(), calls[0].url.path()), ("POST", "/api/v3/orders/sync"));
    assert_eq!(calls[0].headers["authorization"], format!("{APP}:{ACCESS}").as_str());
    assert_eq!(calls[0].headers["content-type"], "application/json");
    let body: Value = calls[0].body_json().unwrap();
    let want = json!({
        "symbol": "NSE:M&M-EQ", "qty": 5, "type": 4, "side": -1, "productType": "INTRADAY",
        "limitPrice": 800.1, "stopPrice": 801, "disclosedQty": 0, "validity": "DAY", "offlineOrder": false,
        "stopLoss": 0, "takeProfit": 0, "orderTag": "bot1",
    });
    assert_eq!(body, want);
    let text = String::from_utf8(calls[0].body.clone()).unwrap();
    assert!(text.contains("\"limitPrice\":800.1,"), "{text}");
}

#[tokio::test]
async fn every_type_side_and_product_has_its_own_word() {
    let (server, client) = answering_json(200, r#"{"s":"ok","code":1101,"id":"1"}"#).await;
    let types = [OrderType::Limit, OrderType::Market, OrderType::Stop, OrderType::StopLimit];
    let products = [Product::Cnc, Product::Intraday, Product::Margin, Product::Mtf];
    for (order_type, product) in types.into_iter().zip(products) {
        let order = OrderRequest { order_type, product, side: Side::Buy, tag: None, ..an_order() };
        client.place(&access(), &order).await.unwrap();
    }
    let sent: Vec<Value> =
        server.received_requests().await.unwrap().iter().map(|call| call.body_json().unwrap()).collect();
    let words: Vec<_> = sent.iter().map(|b| (b["type"].as_i64(), b["productType"].as_str())).collect();
    let want = [(1, "CNC"), (2, "INTRADAY"), (3, "MARGIN"), (4, "MTF")];
    assert_eq!(words, want.map(|(number, name)| (Some(number), Some(name))));
    assert!(sent.iter().all(|body| body["side"] == 1 && body.get("orderTag").is_none()));
}

#[tokio::test]
async fn an_order_that_was_not_acknowledged_is_not_confirmed() {
    for (body, confirmed) in [
        (r#"{"s":"ok","code":1101,"id":"7"}"#, true),
        (r#"{"s":"ok","code":201,"message":"in transit","id":"7"}"#, false),
        (r#"{"s":"ok","code":1101,"id":7}"#, true),
        (r#"{"s":"ok","id":"7"}"#, false),
    ] {
        assert_eq!(placed(200, body).await, Ok(OrderAck { id: "7".to_owned(), confirmed }), "{body}");
    }
}

#[tokio::test]
async fn an_ok_without_an_id_is_no_acknowledgement() {
    for id in [json!(null), json!(""), json!({}), json!(-1), json!(1.5)] {
        let body = json!({"s":"ok","code":1101,"id":id}).to_string();
        let want = BrokerError::Garbled { status: 200, garble: Garble::Field("id") };
        assert_eq!(placed(200, &body).await, Err(want), "{body}");
    }
}

#[tokio::test]
async fn an_order_refused_after_it_got_an_id_keeps_the_id() {
    let body =
        r#"{"code":-99,"message":"RED:Margin Shortfall:INR 1000.00","s":"error","id":"26112300000018"}"#;
    for status in [200, 400, 500] {
        let message = "RED:Margin Shortfall:INR 1000.00 (order id 26112300000018)".to_owned();
        assert_eq!(placed(status, body).await, Err(BrokerError::Refused { status, code: -99, message }));
    }
}

#[tokio::test]
async fn a_price_that_cannot_go_out_exactly_does_not_go_out() {
    let (server, client) = answering_json(200, r#"{"s":"ok","code":1101,"id":"1"}"#).await;
    let limit_price = "0.1234567890123456789".parse().unwrap();
    let error = client.place(&access(), &OrderRequest { limit_price, ..an_order() }).await.unwrap_err();
    assert!(matches!(error, BrokerError::Refused { status: 0, .. }), "{error:?}");
    assert!(server.received_requests().await.unwrap().is_empty());
}
