//! The shapes of account, order and market answers, key by key from the contract.

#![allow(clippy::unwrap_used)]

mod common;

use common::{APP_ID, call, call_as, keys, morning, sorted, start};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::{Simulator, TokenKind};

const ORDER_KEYS: &str = "clientId id id_fyers exchOrdId qty remainingQuantity filledQty discloseQty limitPrice \
    stopPrice tradedPrice type fyToken exchange segment symbol instrument message offlineOrder orderDateTime \
    orderValidity pan productType side status source ex_sym description ch chp lp slNo dqQtyRem orderNumStatus \
    disclosedQty orderTag takeProfit stopLoss";

const POSITION_KEYS: &str = "id symbol productType fyToken side netQty qty buyQty sellQty buyAvg sellAvg netAvg \
    avgPrice buyVal sellVal realized_profit unrealized_profit pl ltp crossCurrency rbiRefRate qtyMulti_com segment \
    exchange slNo cfBuyQty cfSellQty dayBuyQty daySellQty";

const TRADE_KEYS: &str = "clientId orderDateTime orderNumber exchangeOrderNo tradeNumber row exchange segment side \
    orderType fyToken productType tradedQty tradePrice tradeValue symbol orderTag";

const QUOTE_KEYS: &str = "ch chp lp spread ask bid open_price high_price low_price prev_close_price atp volume \
    short_name exchange description original_name symbol fyToken tt";

async fn get(simulator: &Simulator, path: &str) -> Value {
    let (status, body) = call(simulator, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {body}");
    assert_eq!(body["s"], "ok");
    body
}

fn order(change: &Value) -> Value {
    let mut order = json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 2, "side": 1, "productType": "INTRADAY",
        "limitPrice": 0, "stopPrice": 0, "disclosedQty": 0, "validity": "DAY", "offlineOrder": false});
    order.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    order
}

async fn place(simulator: &Simulator, change: Value) -> (StatusCode, Value) {
    call(simulator, Method::POST, "/api/v3/orders/sync", Some(order(&change))).await
}

#[tokio::test]
async fn profile_funds_and_holdings_have_the_contracts_keys() {
    let simulator = start(&morning());
    let profile = get(&simulator, "/api/v3/profile").await;
    assert_eq!(keys(&profile), sorted("s code message data"));
    let wanted = "name image display_name email_id PAN fy_id pin_change_date mobile_number totp pwd_change_date \
        pwd_to_expire ddpi_enabled mtf_enabled";
    assert_eq!(keys(&profile["data"]), sorted(wanted));

    let funds = get(&simulator, "/api/v3/funds").await;
    assert_eq!(keys(&funds), sorted("s code message fund_limit"));
    assert_eq!(funds["fund_limit"].as_array().unwrap().len(), 10);
    assert_eq!(keys(&funds["fund_limit"][0]), sorted("id title equityAmount commodityAmount"));

    let holdings = get(&simulator, "/api/v3/holdings").await;
    assert_eq!(keys(&holdings), sorted("s code message holdings overall"));
    let wanted = "holdingType quantity costPrice marketVal remainingQuantity pl ltp id fyToken exchange symbol \
        segment isin qty_t1 remainingPledgeQuantity collateralQuantity";
    assert_eq!(keys(&holdings["holdings"][0]), sorted(wanted));
    let wanted = "count_total total_investment total_current_value total_pl pnl_perc";
    assert_eq!(keys(&holdings["overall"]), sorted(wanted));
}

#[tokio::test]
async fn a_market_order_fills_and_shows_everywhere() {
    let simulator = start(&morning());
    let (status, placed) = place(&simulator, json!({"orderTag": "bot1"})).await;
    assert_eq!(status, 200);
    assert_eq!(keys(&placed), sorted("s code message id"));
    let id = placed["id"].as_str().unwrap();
    assert_eq!(placed["code"], 1101);
    assert_eq!((id.len(), &id[..6]), (14, "261123"));

    let book = get(&simulator, &format!("/api/v3/orders?id={id}")).await;
    assert_eq!(keys(&book["orderBook"][0]), sorted(ORDER_KEYS));
    assert_eq!(book["orderBook"][0]["status"], 2);
    assert_eq!(book["orderBook"][0]["tradedPrice"], 801.5);
    assert_eq!(book["orderBook"][0]["orderDateTime"], "23-Nov-2026 08:45:00");
    let tagged = get(&simulator, "/api/v3/orders??order_tag=1%3Abot1").await;
    assert_eq!(tagged["orderBook"][0]["id"], id);

    let positions = get(&simulator, "/api/v3/positions").await;
    assert_eq!(keys(&positions), sorted("s code message netPositions overall"));
    assert_eq!(keys(&positions["netPositions"][0]), sorted(POSITION_KEYS));
    assert_eq!(positions["netPositions"][0]["netQty"], 5);
    assert_eq!(positions["netPositions"][0]["id"], "NSE:SBIN-EQ-INTRADAY");
    let wanted = "count_total count_open pl_total pl_realized pl_unrealized";
    assert_eq!(keys(&positions["overall"]), sorted(wanted));

    let trades = get(&simulator, "/api/v3/tradebook").await;
    assert_eq!(keys(&trades["tradeBook"][0]), sorted(TRADE_KEYS));

    simulator.set_price("NSE:SBIN-EQ", 811.5);
    place(&simulator, json!({"side": -1, "qty": 2})).await;
    let row = get(&simulator, "/api/v3/positions").await["netPositions"][0].clone();
    // (5 × 801.50 - 2 × 811.50) / 3, and what was paid.
    assert_eq!((&row["netAvg"], &row["avgPrice"]), (&json!(794.83), &json!(801.5)), "{row}");
    place(&simulator, json!({"side": -1, "qty": 3})).await;
    let positions = get(&simulator, "/api/v3/positions").await;
    assert_eq!(positions["netPositions"][0]["side"], 0);
    assert_eq!(positions["overall"]["pl_realized"], 50.0);
    let funds = get(&simulator, "/api/v3/funds").await;
    assert_eq!(funds["fund_limit"][9]["equityAmount"], 1_000_050.0);
}

#[tokio::test]
async fn a_limit_order_waits_for_its_price() {
    let simulator = start(&morning());
    let (_, placed) = place(&simulator, json!({"type": 1, "limitPrice": 800.0})).await;
    let path = format!("/api/v3/orders?id={}", placed["id"].as_str().unwrap());
    assert_eq!(get(&simulator, &path).await["orderBook"][0]["status"], 6);
    simulator.set_price("NSE:SBIN-EQ", 799.9);
    let filled = get(&simulator, &path).await;
    assert_eq!(
        (&filled["orderBook"][0]["status"], &filled["orderBook"][0]["tradedPrice"]),
        (&json!(2), &json!(799.9))
    );
    let (_, placed) = place(&simulator, json!({"type": 1, "limitPrice": 850.0})).await;
    let path = format!("/api/v3/orders?id={}", placed["id"].as_str().unwrap());
    assert_eq!(get(&simulator, &path).await["orderBook"][0]["status"], 2, "marketable at once");
}

#[tokio::test]
async fn an_exit_of_positions_cancels_what_waits_in_their_symbols_where_it_says_so() {
    let simulator = start(&morning());
    simulator.set_price("NSE:INFY-EQ", 1_500.0);
    place(&simulator, json!({})).await;
    let mut waiting = vec![];
    for symbol in ["NSE:SBIN-EQ", "NSE:INFY-EQ"] {
        let (_, placed) = place(&simulator, json!({"symbol": symbol, "type": 1, "limitPrice": 700.0})).await;
        waiting.push(placed["id"].as_str().unwrap().to_owned());
    }
    let exit = async |body: Value| call(&simulator, Method::DELETE, "/api/v3/positions", Some(body)).await;
    let statuses = async || {
        let path = format!("/api/v3/orders?id={}", waiting.join(","));
        let rows = get(&simulator, &path).await["orderBook"].clone();
        rows.as_array().unwrap().iter().map(|row| row["status"].clone()).collect::<Vec<_>>()
    };
    exit(json!({"exit_all": 1})).await;
    assert_eq!(statuses().await, [6, 6], "they wait");
    place(&simulator, json!({})).await;
    let (status, _) = exit(json!({"id": "NSE:SBIN-EQ-INTRADAY", "pending_orders_cancel": 1})).await;
    assert_eq!((status, statuses().await), (StatusCode::OK, vec![json!(1), json!(6)]));
    let (_, answer) = exit(json!({"exit_all": 1, "pending_orders_cancel": 1})).await;
    assert_eq!(
        (&answer["code"], statuses().await),
        (&json!(-352), vec![json!(1), json!(1)]),
        "nothing is open"
    );
}

#[tokio::test]
async fn a_waiting_order_can_be_changed_and_cancelled() {
    let simulator = start(&morning());
    let (_, placed) = place(&simulator, json!({"type": 1, "limitPrice": 800.0})).await;
    let id = placed["id"].clone();
    let change = json!({"id": id, "type": 1, "limitPrice": 790.0, "stopPrice": 0, "qty": 3});
    let (status, answer) = call(&simulator, Method::PATCH, "/api/v3/orders/sync", Some(change)).await;
    assert_eq!((status, &answer["code"]), (StatusCode::OK, &json!(1102)));
    let cancel = Some(json!({"id": id}));
    let (status, answer) = call(&simulator, Method::DELETE, "/api/v3/orders/sync", cancel.clone()).await;
    assert_eq!((status, &answer["code"]), (StatusCode::OK, &json!(1103)));
    let (status, answer) = call(&simulator, Method::DELETE, "/api/v3/orders/sync", cancel).await;
    assert_eq!((status, &answer["code"]), (StatusCode::BAD_REQUEST, &json!(-51)));
}

#[tokio::test]
async fn bad_orders_are_refused_and_leave_no_trace() {
    let simulator = start(&morning());
    let bad = [
        (json!({"qty": 0}), "Invalid input"),
        (json!({"type": 9}), "Invalid input"),
        (json!({"qty": "5"}), "Invalid input"),
        (json!({"limitPrice": null}), "Invalid input"),
        (json!({"productType": "XYZ"}), "Invalid input"),
        (json!({"orderTag": "not ok"}), "Invalid input"),
        (json!({"symbol": "NSE:NOPE-EQ"}), "The input symbol is invalid."),
        (json!({"type": 1, "limitPrice": 800.05}), "LimitPrice not a multiple of tick size 0.1000"),
    ];
    for (change, message) in bad {
        let (status, answer) = place(&simulator, change.clone()).await;
        assert_eq!(
            (status.as_u16(), &answer["code"], &answer["message"]),
            (400, &json!(-50), &json!(message)),
            "{change}"
        );
    }
    for field in ["symbol", "qty", "type", "side", "productType", "limitPrice", "stopPrice", "validity"] {
        let mut body = order(&json!({}));
        body.as_object_mut().unwrap().remove(field);
        let (status, _) = call(&simulator, Method::POST, "/api/v3/orders/sync", Some(body)).await;
        assert_eq!(status, 400, "without {field}");
    }
    assert!(simulator.state().orders.is_empty());
}

#[tokio::test]
async fn an_order_beyond_the_money_is_rejected_with_an_id_that_exists() {
    let simulator = start(&morning());
    let (status, answer) = place(&simulator, json!({"qty": 100_000})).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!(-99)));
    let book = get(&simulator, &format!("/api/v3/orders?id={}", answer["id"].as_str().unwrap())).await;
    assert_eq!(book["orderBook"][0]["status"], 5);
}

#[tokio::test]
async fn a_restricted_app_may_read_but_not_order() {
    let simulator = start(&morning());
    simulator.set_order_restricted(true);
    let text = format!(
        "Request rejected: Order placement restricted. Algo orders are not allowed from this app {APP_ID}"
    );
    let (status, answer) = place(&simulator, json!({})).await;
    assert_eq!((status.as_u16(), answer), (400, json!({"s": "error", "code": -50, "message": text})));
    assert!(get(&simulator, "/api/v3/orders").await["orderBook"].as_array().unwrap().is_empty());

    simulator.set_order_restricted(false);
    let header = format!(":{}", simulator.mint(TokenKind::Access));
    let body = Some(order(&json!({})));
    let (_, answer) = call_as(&simulator, Method::POST, "/api/v3/orders/sync", body, Some(&header)).await;
    assert!(answer["message"].as_str().unwrap().contains("not allowed from this app"));
}

#[tokio::test]
async fn market_data_has_the_contracts_keys() {
    let clock = morning();
    let simulator = start(&clock);
    let quotes = get(&simulator, "/data/quotes?symbols=NSE%3ASBIN-EQ,NSE%3AM%26M-EQ,NSE:NOPE-EQ").await;
    assert_eq!(keys(&quotes["d"][0]), sorted("n s v"));
    assert_eq!(keys(&quotes["d"][0]["v"]), sorted(QUOTE_KEYS));
    assert_eq!(quotes["d"][1]["n"], "NSE:M&M-EQ");
    assert_eq!(quotes["d"][2]["s"], "error");
    let (status, answer) = call(&simulator, Method::GET, "/data/quotes?symbols=NSE:NOPE-EQ", None).await;
    assert_eq!((status.as_u16(), &answer["code"]), (400, &json!(-300)));

    let depth = get(&simulator, "/data/depth?symbol=NSE:SBIN-EQ&ohlcv_flag=1").await;
    let wanted = "totalbuyqty totalsellqty bids ask o h l c chp tick_Size ch ltq ltt ltp v atp lower_ckt upper_ckt \
        expiry oi oiflag pdoi oipercent";
    assert_eq!(keys(&depth["d"]["NSE:SBIN-EQ"]), sorted(wanted));

    assert_eq!(get(&simulator, "/data/marketStatus").await["marketStatus"][0]["status"], "CLOSED");
    clock.set("2026-11-23T03:45:00Z".parse().unwrap());
    let open = get(&simulator, "/data/marketStatus").await;
    assert_eq!(keys(&open["marketStatus"][0]), sorted("exchange market_type segment status"));
    assert_eq!(open["marketStatus"][0]["status"], "OPEN");
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let simulator = start(&morning());
    let (status, _) = call(&simulator, Method::GET, "/data/v3/quotes", None).await;
    assert_eq!(status, 404);
}
