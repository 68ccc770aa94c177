//! T19: margin calls agree with what orders really block.

use proptest::prelude::*;
use serde_json::json;

use super::api::*;
use super::*;

fn asked(symbol: &str, side: i64, quantity: i64, product: &str, price: i64) -> Value {
    let (kind, limit) = if price == 0 { (2, 0) } else { (1, price) };
    json!({"symbol": symbol, "qty": quantity, "side": side, "type": kind, "productType": product,
        "limitPrice": limit, "stopLoss": 0, "stopPrice": 0, "takeProfit": 0})
}

fn margin(floor: &mut Floor, path: &str, orders: &[Value]) -> Value {
    floor.send(&call(Method::Post, path, "", Some(json!({"data": orders})))).1
}

fn blocked(floor: &mut Floor) -> f64 {
    let body = floor.get("/funds", "");
    let row = body["fund_limit"].as_array().unwrap().iter().find(|row| row["id"] == 2).unwrap().clone();
    row["equityAmount"].as_f64().unwrap()
}

const SYMBOLS: [(&str, &str, i64); 4] = [
    (SBIN, "INTRADAY", 800),
    (RELIANCE, "CNC", 1_405),
    ("NSE:NIFTY26DECFUT", "MARGIN", 26_050),
    ("NSE:NIFTY26DEC26000CE", "MARGIN", 300),
];

fn open() -> Floor {
    let mut floor = Floor::open();
    for (symbol, _, price) in SYMBOLS {
        floor.see(symbol, price * 100);
    }
    floor
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_margin_call_says_what_the_orders_block(
        picks in proptest::collection::vec((0..4usize, prop::bool::ANY, 1..4i64, 0..3i64), 1..6),
    ) {
        let mut floor = open();
        let orders: Vec<Value> = picks.iter().map(|(pick, buys, quantity, away)| {
            let (symbol, product, price) = SYMBOLS[*pick];
            let side = if *buys || product == "CNC" { 1 } else { -1 };
            // At the market, or waiting a rupee or two away from it.
            let price = if *away == 0 { 0 } else { price - side * away };
            asked(symbol, side, *quantity, product, price)
        }).collect();
        let answer = margin(&mut floor, "/multiorder/margin", &orders);
        prop_assert_eq!(&answer["s"], "ok", "{}", answer);
        let before = blocked(&mut floor);
        let waits = orders.iter().all(|order| order["type"] == 1);
        let mut taken = true;
        for order in &orders {
            let (_, placed) = floor.place(with(order.clone(), &json!({"validity": "DAY"})));
            taken &= placed["code"] == 1101;
        }
        let one = orders.len() == 1;
        if taken && (waits || one) {
            let after = blocked(&mut floor);
            let said = answer["data"]["margin_new_order"].as_f64().unwrap();
            prop_assert!((after - before - said).abs() < 0.011, "{} {} {}", before, after, answer);
            let total = answer["data"]["margin_total"].as_f64().unwrap();
            prop_assert!((after - total).abs() < 0.011);
        }
    }
}

#[test]
fn an_exit_needs_nothing_and_a_short_option_what_a_short_future_does() {
    let mut floor = open();
    let short = asked("NSE:NIFTY26DEC26000CE", -1, 75, "MARGIN", 0);
    let answer = margin(&mut floor, "/multiorder/margin", std::slice::from_ref(&short));
    assert_eq!(answer["data"]["margin_new_order"], json!(26_000.0 * 75.0 / 5.0));
    let span = margin(&mut floor, "/span_margin", std::slice::from_ref(&short));
    assert_eq!(span["data"]["total"], answer["data"]["margin_new_order"]);
    assert_eq!(span["individual_info"].as_object().unwrap().len(), 1);
    floor.place(body(SBIN, 1, 10));
    let exit = margin(&mut floor, "/multiorder/margin", &[asked(SBIN, -1, 10, "INTRADAY", 0)]);
    assert_eq!(exit["data"]["margin_new_order"], json!(0.0));
    assert_eq!(exit["data"]["margin_total"], json!(1_600.0));
}

#[test]
fn what_is_no_order_has_no_margin() {
    let mut floor = open();
    let code =
        |floor: &mut Floor, orders: &[Value]| margin(floor, "/multiorder/margin", orders)["code"].clone();
    assert_eq!(code(&mut floor, &[]), -50);
    assert_eq!(code(&mut floor, &[json!(1)]), -50);
    assert_eq!(code(&mut floor, &[asked("NSE:NOSUCH", 1, 1, "CNC", 0)]), -310);
    assert_eq!(code(&mut floor, &vec![asked(SBIN, 1, 1, "CNC", 0); 11]), -50);
}
