//! The rarer calls: GTT orders, candles, option chains, legs, margins, reports, alerts and smart orders.

#![allow(clippy::unwrap_used)]

mod common;

use common::{call, keys, morning, sorted, start};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::Simulator;

const GTT: &str = "/api/v3/gtt/orders/sync";

const GTT_KEYS: &str = "clientId exchange fy_token id_fyers id instrument lot_size multiplier ord_status precision \
    price_limit price2_limit price_trigger price2_trigger product_type qty qty2 report_type segment symbol \
    symbol_desc symbol_exch tick_size tran_side gtt_oco_ind create_time create_time_epoch oms_msg ltp ltp_ch ltp_chp";

async fn call_with(simulator: &Simulator, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = (!body.is_null()).then_some(body);
    let (status, body) = call(simulator, method, path, body).await;
    (status.as_u16(), body)
}

async fn get(simulator: &Simulator, path: &str) -> (u16, Value) {
    call_with(simulator, Method::GET, path, Value::Null).await
}

fn leg(trigger: f64) -> Value {
    json!({"price": trigger, "triggerPrice": trigger, "qty": 3})
}

fn gtt(legs: &Value) -> Value {
    json!({"side": -1, "symbol": "NSE:SBIN-EQ", "productType": "CNC", "orderInfo": legs, "orderTag": "swing"})
}

async fn gtt_rows(simulator: &Simulator) -> Vec<Value> {
    let (_, book) = get(simulator, "/api/v3/gtt/orders").await;
    book["orderBook"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_gtt_order_is_placed_changed_and_cancelled() {
    let simulator = start(&morning());
    let (status, placed) = call_with(&simulator, Method::POST, GTT, gtt(&json!({"leg1": leg(820.0)}))).await;
    assert_eq!((status, &placed["code"]), (200, &json!(1101)));
    let id = placed["id"].as_str().unwrap();
    let rows = gtt_rows(&simulator).await;
    assert_eq!(keys(&rows[0]), sorted(GTT_KEYS));
    assert_eq!((&rows[0]["ord_status"], &rows[0]["gtt_oco_ind"]), (&json!(6), &json!(1)));

    let change = json!({"id": id, "orderInfo": {"leg1": leg(830.0)}});
    assert_eq!(call_with(&simulator, Method::PATCH, GTT, change.clone()).await.1["code"], 1102);
    assert_eq!(gtt_rows(&simulator).await[0]["price_trigger"], 830.0);
    assert_eq!(call_with(&simulator, Method::DELETE, GTT, json!({"id": id})).await.1["code"], 1103);
    assert_eq!(gtt_rows(&simulator).await[0]["ord_status"], 1);
    assert_eq!(
        call_with(&simulator, Method::PATCH, GTT, change).await.1["code"],
        -51,
        "a cancelled one cannot change"
    );
}

#[tokio::test]
async fn of_two_legs_the_one_the_price_reaches_becomes_an_order() {
    let simulator = start(&morning());
    let both = gtt(&json!({"leg1": leg(820.0), "leg2": leg(780.0)}));
    assert_eq!(call_with(&simulator, Method::POST, GTT, both).await.0, 200);
    simulator.set_price("NSE:SBIN-EQ", 800.0);
    assert_eq!(gtt_rows(&simulator).await[0]["ord_status"], 6, "between the triggers nothing happens");
    simulator.set_price("NSE:SBIN-EQ", 779.0);
    assert_eq!(gtt_rows(&simulator).await[0]["ord_status"], 2);
    let (_, book) = get(&simulator, "/api/v3/orders").await;
    let order = &book["orderBook"][0];
    assert_eq!((&order["side"], &order["limitPrice"], &order["qty"]), (&json!(-1), &json!(780.0), &json!(3)));
    assert_eq!(order["orderTag"], "1:GTTswing");
    simulator.set_price("NSE:SBIN-EQ", 830.0);
    let (_, book) = get(&simulator, "/api/v3/orders").await;
    assert_eq!(book["orderBook"].as_array().unwrap().len(), 1, "the other leg is dead");
}

#[tokio::test]
async fn a_gtt_order_with_its_legs_on_the_wrong_sides_is_refused() {
    let simulator = start(&morning());
    for legs in [json!({"leg1": leg(780.0), "leg2": leg(820.0)}), json!({"leg1": leg(0.0)}), json!({})] {
        let (status, refused) = call_with(&simulator, Method::POST, GTT, gtt(&legs)).await;
        assert_eq!((status, &refused["code"]), (400, &json!(-50)));
    }
}

#[tokio::test]
async fn candles_have_six_columns_and_their_range_has_limits() {
    let simulator = start(&morning());
    let path = |resolution: &str, from: &str, to: &str| {
        format!(
            "/data/history?symbol=NSE:SBIN-EQ&resolution={resolution}&date_format=1&range_from={from}&range_to={to}&cont_flag=1"
        )
    };
    let (status, minutes) = get(&simulator, &path("1", "2026-11-16", "2026-11-20")).await;
    assert_eq!(status, 200);
    assert_eq!(keys(&minutes), sorted("s candles"));
    let candles = minutes["candles"].as_array().unwrap();
    assert_eq!(candles.len(), 5 * 375, "five days of 375 minutes");
    for candle in candles {
        let column = |index: usize| candle[index].as_f64().unwrap();
        assert_eq!(candle.as_array().unwrap().len(), 6);
        assert!(column(2) >= column(1).max(column(4)) && column(3) <= column(1).min(column(4)), "{candle}");
    }
    assert_eq!(get(&simulator, &path("D", "2026-11-14", "2026-11-15")).await.1["s"], "no_data", "a weekend");
    for bad in [
        path("1", "2026-01-01", "2026-06-30"),
        path("D", "2024-01-01", "2026-01-01"),
        path("7", "2026-11-16", "2026-11-17"),
    ] {
        assert_eq!(get(&simulator, &bad).await.1["code"], -50, "{bad}");
    }
}

#[tokio::test]
async fn an_option_chain_has_a_call_and_a_put_for_each_strike() {
    let simulator = start(&morning());
    let path = "/data/options-chain-v3?symbol=NSE:NIFTY50-INDEX&strikecount=3&timestamp=&greeks=1";
    let (_, chain) = get(&simulator, path).await;
    assert_eq!(keys(&chain["data"]), sorted("callOi expiryData indiavixData optionsChain putOi"));
    let rows = chain["data"]["optionsChain"].as_array().unwrap();
    assert_eq!(rows.len(), 1 + 2 * (2 * 3 + 1));
    assert_eq!((&rows[0]["option_type"], &rows[0]["strike_price"]), (&json!(""), &json!(-1)));
    assert_eq!(keys(&rows[1]["greeks"]), sorted("delta gamma theta vega iv"));
    let (_, refused) =
        get(&simulator, "/data/options-chain-v3?symbol=NSE:NIFTY50-INDEX&strikecount=51").await;
    assert_eq!(refused["code"], -50);
}

#[tokio::test]
async fn legs_are_orders_and_their_errors_have_a_positive_code() {
    let simulator = start(&morning());
    let leg = |symbol: &str, side: i32| json!({"symbol": symbol, "qty": 75, "side": side, "type": 1, "limitPrice": 200.0});
    let order = |legs: Value| json!({"productType": "MARGIN", "offlineOrder": false, "orderType": "2L", "validity": "IOC", "legs": legs});
    let path = "/api/v3/multileg/orders/sync";
    let good =
        order(json!({"leg1": leg("NSE:NIFTY26NOV26000CE", 1), "leg2": leg("NSE:NIFTY26NOV26000PE", -1)}));
    assert_eq!(call_with(&simulator, Method::POST, path, good).await.1["code"], 1101);
    assert_eq!(get(&simulator, "/api/v3/orders").await.1["orderBook"].as_array().unwrap().len(), 2);
    let equity = order(json!({"leg1": leg("NSE:SBIN-EQ", 1), "leg2": leg("NSE:NIFTY26NOV26000PE", -1)}));
    let (status, refused) = call_with(&simulator, Method::POST, path, equity).await;
    assert_eq!(
        (status, &refused["code"], &refused["message"]),
        (400, &json!(400), &json!("Only NFO symbols are allowed"))
    );
}

#[tokio::test]
async fn a_queued_order_has_no_order_id_but_is_in_the_book() {
    let simulator = start(&morning());
    let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 1, "side": 1, "productType": "INTRADAY",
        "limitPrice": 700, "stopPrice": 0, "disclosedQty": 0, "validity": "DAY", "offlineOrder": false});
    let (_, queued) = call_with(&simulator, Method::POST, "/api/v3/orders/async", order.clone()).await;
    assert_eq!(keys(&queued), sorted("s code message id_fyers"));
    assert_eq!(get(&simulator, "/api/v3/orders").await.1["orderBook"][0]["status"], 6);
    let margin = json!({"data": [order]});
    let (_, margin) = call_with(&simulator, Method::POST, "/api/v3/multiorder/margin", margin).await;
    assert_eq!(keys(&margin["data"]), sorted("margin_avail margin_total margin_new_order"));
}

#[tokio::test]
async fn reports_alerts_and_smart_orders_answer_in_their_shapes() {
    let simulator = start(&morning());
    assert_eq!(get(&simulator, "/api/v3/order-history?page_size=100").await.1["code"], 200);
    assert_eq!(get(&simulator, "/api/v3/order-history?page_size=101").await.1["code"], -50);

    let alert = json!({"agent": "fyers-api", "alert-type": 1, "name": "a", "symbol": "NSE:SBIN-EQ",
        "comparisonType": "LTP", "condition": "GT", "value": "900"});
    assert_eq!(call_with(&simulator, Method::POST, "/api/v3/price-alert", alert).await.1["code"], 120);
    let (_, alerts) = get(&simulator, "/api/v3/price-alert").await;
    let id = alerts["data"].as_object().unwrap().keys().next().unwrap().clone();
    let named = json!({"alertId": id});
    assert_eq!(
        call_with(&simulator, Method::PUT, "/api/v3/toggle-alert", named.clone()).await.1["code"],
        123
    );
    assert_eq!(
        call_with(&simulator, Method::DELETE, "/api/v3/price-alert", named.clone()).await.1["code"],
        121
    );
    assert_eq!(call_with(&simulator, Method::DELETE, "/api/v3/price-alert", named).await.1["code"], -50);

    let order = json!({"symbol": "NSE:SBIN-EQ", "side": 1, "qty": 5});
    let (_, placed) = call_with(&simulator, Method::POST, "/api/v3/smart-order/trail", order).await;
    let flow = json!({"flowId": placed["id"]});
    assert_eq!(
        call_with(&simulator, Method::PATCH, "/api/v3/smart-order/pause", flow.clone()).await.1["code"],
        200
    );
    assert_eq!(
        call_with(&simulator, Method::DELETE, "/api/v3/smart-order/cancel", flow.clone()).await.1["code"],
        200
    );
    assert_eq!(call_with(&simulator, Method::PATCH, "/api/v3/smart-order/pause", flow).await.1["code"], -50);
}
