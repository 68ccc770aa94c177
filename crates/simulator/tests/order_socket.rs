//! The order socket, as clients of FYERS know it.

#![allow(clippy::unwrap_used)]

mod common;

use common::websocket::{Client, until};
use common::{APP_ID, call, call_as, morning, start};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{OrderTopic, Simulator, TokenKind, endpoint};
use tokio_tungstenite::tungstenite::Error;

async fn connected(simulator: &Simulator) -> Client {
    let token = simulator.mint(TokenKind::Access);
    Client::orders(simulator, &format!("{APP_ID}:{token}")).await.unwrap()
}

fn order(limit: f64) -> Value {
    json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": limit,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "orderTag": "tag1"})
}

async fn place(simulator: &Simulator, limit: f64) -> String {
    let (_, answer) = call(simulator, Method::POST, endpoint::ORDERS_SYNC, Some(order(limit))).await;
    answer["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_order_is_pushed_from_pending_to_filled() {
    let simulator = start(&morning());
    let mut client = connected(&simulator).await;
    client
        .order_subscription(json!(["orders", "trades", "positions", "edis", "pricealerts", "login"]), 1)
        .await;
    let id = place(&simulator, 800.0).await;
    let pending = client.json().await;
    let (event, status) = (&pending["orders"], &pending["s"]);
    assert_eq!((&event["id"], status), (&json!(id), &json!("ok")));
    assert_eq!((&event["org_ord_status"], &event["ord_status"]), (&json!(6), &json!(22)));
    assert_eq!((&event["qty_remaining"], &event["ordertag"]), (&json!(5), &json!("1:tag1")));
    assert!(event.get("oms_msg").is_none() && event.get("id_parent").is_none(), "empty keys are left out");

    simulator.set_price("NSE:SBIN-EQ", 799.5);
    let filled = client.json().await;
    assert_eq!(
        (&filled["orders"]["org_ord_status"], &filled["orders"]["ord_status"]),
        (&json!(2), &json!(90))
    );
    let trade = client.json().await;
    assert_eq!(
        (&trade["trades"]["id"], &trade["trades"]["id_fill"]),
        (&json!(id), &json!(format!("{id}-1")))
    );
    assert_eq!(trade["trades"]["fill_time"], "23-11-2026 08:45:00");
    let position = client.json().await;
    assert_eq!(
        (&position["positions"]["net_qty"], &position["positions"]["net_avg"]),
        (&json!(5), &json!(799.5))
    );
}

#[tokio::test]
async fn changes_cancels_and_rejections_are_pushed() {
    let simulator = start(&morning());
    let mut client = connected(&simulator).await;
    client.order_subscription(json!(["OnOrders"]), 1).await;
    let id = place(&simulator, 790.0).await;
    client.json().await;
    let change = json!({"id": id, "type": 1, "limitPrice": 791.0});
    call(&simulator, Method::PATCH, endpoint::ORDERS_SYNC, Some(change)).await;
    assert_eq!(client.json().await["orders"]["price_limit"], 791.0);
    call(&simulator, Method::DELETE, endpoint::ORDERS_SYNC, Some(json!({"id": id}))).await;
    assert_eq!(client.json().await["orders"]["org_ord_status"], 1);
    let mut large = order(800.0);
    large["qty"] = json!(1_000_000);
    call(&simulator, Method::POST, endpoint::ORDERS_SYNC, Some(large)).await;
    client.json().await;
    let rejected = client.json().await;
    assert_eq!(rejected["orders"]["org_ord_status"], 5);
    assert!(rejected["orders"]["oms_msg"].as_str().unwrap().contains("Margin Shortfall"));
    assert!(client.silent().await, "fills and positions were not subscribed to");
}

#[tokio::test]
async fn both_spellings_and_nested_lists_are_understood() {
    let simulator = start(&morning());
    let mut client = connected(&simulator).await;
    client.order_subscription(json!(["OnOrders", "OnTrades", "OnPositions", "OnGeneral"]), 1).await;
    let all: Vec<_> = OrderTopic::ALL.iter().map(|topic| topic.name().to_owned()).collect();
    assert_eq!(simulator.sockets().open[0].subscriptions, all);
    client.order_subscription(json!(["orders", ["edis", "pricealerts", "login"]]), -1).await;
    assert_eq!(simulator.sockets().open[0].subscriptions, ["trades", "positions"]);
    client.say("{\"T\": \"SUB_ORD\", \"SLIST\": [\"nonsense\"], \"SUB_T\": 1}").await;
    client.say("nonsense").await;
    until(|| simulator.sockets().open[0].malformed == 2).await;
}

#[tokio::test]
async fn pings_are_answered_and_counted() {
    let simulator = start(&morning());
    let mut client = connected(&simulator).await;
    for ping in ["ping", "__ping"] {
        client.say(ping).await;
        assert_eq!(client.text().await, "pong");
    }
    assert_eq!(
        (simulator.sockets().open[0].pings, simulator.sockets().open[0].source.as_str()),
        (2, "test-client")
    );
    client.websocket_ping().await;
    assert!(client.message().await.unwrap().unwrap().is_pong());
}

#[tokio::test]
async fn a_bad_token_is_403_without_a_body_and_a_bad_path_is_404() {
    let simulator = start(&morning());
    for header in
        ["nonsense", &format!("{APP_ID}:nonsense"), &format!("X:{}", simulator.mint(TokenKind::Access))]
    {
        let Err(Error::Http(response)) = Client::orders(&simulator, header).await else { panic!("{header}") };
        assert_eq!(response.status(), 403);
        assert!(response.body().as_ref().is_none_or(Vec::is_empty));
    }
    let elsewhere = format!("{}x", simulator.order_socket_url());
    let Err(Error::Http(response)) = tokio_tungstenite::connect_async(elsewhere).await else { panic!() };
    assert_eq!(response.status(), 404);
    let plain = format!("http{}", simulator.data_socket_url().trim_start_matches("ws"));
    assert_eq!(common::client().get(plain).send().await.unwrap().status(), 400);
    assert_eq!(simulator.calls()[0].status, Some(403));
}

#[tokio::test]
async fn each_account_hears_of_its_own_orders_only() {
    let simulator = start(&morning());
    let mut owner = connected(&simulator).await;
    owner.order_subscription(json!(["orders"]), 1).await;
    let other = format!("{APP_ID}:{}", simulator.mint_for("XX00002", TokenKind::Access).unwrap());
    let mut stranger = Client::orders(&simulator, &other).await.unwrap();
    stranger.order_subscription(json!(["orders"]), 1).await;
    call_as(&simulator, Method::POST, endpoint::ORDERS_SYNC, Some(order(790.0)), Some(&other)).await;
    assert_eq!(stranger.json().await["orders"]["client_id"], "XX00002");
    assert!(owner.silent().await);
}

#[tokio::test]
async fn any_message_can_be_pushed() {
    let simulator = start(&morning());
    let mut client = connected(&simulator).await;
    client.order_subscription(json!(["login"]), 1).await;
    let message = json!({"s": "ok", "login": {"device": "web"}});
    assert_eq!(simulator.push(OrderTopic::Edis, &message), 0);
    assert_eq!(simulator.push(OrderTopic::Login, &message), 1);
    assert_eq!(client.json().await, message);
}
