//! T19: option chains without FYERS.

use serde_json::json;

use super::api::*;
use crate::exchange::Prices;

const NIFTY: &str = "NSE:NIFTY50-INDEX";

fn rows(body: &Value) -> Vec<Value> {
    body["data"]["optionsChain"].as_array().unwrap().clone()
}

#[test]
fn a_chain_is_one_with_the_quotes_and_keeps_put_call_parity() {
    let mut floor = Floor::open();
    floor.prices = Prices::Walk;
    let body = floor.get("/options-chain-v3", "symbol=NSE:NIFTY50-INDEX&strikecount=5&timestamp=&greeks=1");
    assert_eq!((&body["s"], &body["code"]), (&json!("ok"), &json!(200)), "{body}");
    assert!(body["message"].as_str().unwrap().contains("assumed"), "{body}");
    let all = rows(&body);
    assert_eq!(all.len(), 1 + 2 * 11);
    assert_eq!((&all[0]["symbol"], &all[0]["strike_price"]), (&json!(NIFTY), &json!(-1)));
    let spot = all[0]["ltp"].as_f64().unwrap();
    for pair in all[1..].chunks(2) {
        let (call, put) = (&pair[0], &pair[1]);
        let strike = call["strike_price"].as_f64().unwrap();
        assert_eq!((&call["option_type"], &put["option_type"]), (&json!("CE"), &json!("PE")));
        let ahead = call["ltp"].as_f64().unwrap() - put["ltp"].as_f64().unwrap() - (spot - strike);
        assert!((0.0..120.0).contains(&ahead), "parity with a few days of interest: {call} {put}");
        let (up, down) =
            (call["greeks"]["delta"].as_f64().unwrap(), put["greeks"]["delta"].as_f64().unwrap());
        assert!((up - down - 1.0).abs() < 1e-3, "{call} {put}");
        let quote = floor.get("/quotes", &format!("symbols={}", call["symbol"].as_str().unwrap()));
        let v = &quote["d"][0]["v"];
        assert_eq!((&v["lp"], &v["ch"]), (&call["ltp"], &call["ltpch"]));
        assert_eq!(v["volume"], call["volume"]);
    }
    let calls: i64 = all[1..].iter().step_by(2).map(|row| row["oi"].as_i64().unwrap()).sum();
    assert_eq!(body["data"]["callOi"], json!(calls));
    assert_eq!(body["data"]["indiavixData"]["symbol"], "NSE:INDIAVIX-INDEX");
}

#[test]
fn every_expiry_it_names_can_be_asked_for_and_traded() {
    let mut floor = Floor::open();
    floor.prices = Prices::Walk;
    let body = floor.get("/options-chain-v3", "symbol=NSE:NIFTY50-INDEX");
    let expiries = body["data"]["expiryData"].as_array().unwrap().clone();
    assert!(expiries.len() >= 5, "{expiries:?}");
    for expiry in expiries {
        let query = format!("symbol={NIFTY}&strikecount=1&timestamp={}", expiry["expiry"].as_str().unwrap());
        let all = rows(&floor.get("/options-chain-v3", &query));
        assert_eq!(all.len(), 7);
        let symbol = all[3]["symbol"].as_str().unwrap();
        let (_, placed) = floor.place(body_of(symbol));
        assert_eq!(placed["code"], 1101, "{symbol} {placed}");
    }
}

#[test]
fn a_commodity_has_a_chain_around_its_future() {
    let mut floor = Floor::open();
    floor.prices = Prices::Walk;
    let body = floor.get("/options-chain-v3", "symbol=MCX:CRUDEOIL26DECFUT&strikecount=3");
    assert_eq!(body["code"], 200, "{body}");
    let all = rows(&body);
    assert_eq!((all.len(), &all[0]["symbol"]), (1 + 2 * 7, &json!("MCX:CRUDEOIL26DECFUT")));
    let strikes: Vec<f64> = all[1..].iter().map(|row| row["strike_price"].as_f64().unwrap()).collect();
    let spot = all[0]["ltp"].as_f64().unwrap();
    assert!(strikes[0] < spot && spot < strikes[13], "{strikes:?} around {spot}");
    assert!(
        all[1..]
            .windows(2)
            .step_by(2)
            .all(|pair| pair[0]["option_type"] == "CE" && pair[1]["option_type"] == "PE")
    );
    let symbol = all[7]["symbol"].as_str().unwrap().to_owned();
    let quote = floor.get("/quotes", &format!("symbols={symbol}"));
    assert_eq!(quote["d"][0]["v"]["lp"], all[7]["ltp"], "the chain is one with the quotes");
    assert_eq!(floor.place(body_of(&symbol)).1["code"], 1101, "{symbol}");
}

fn body_of(symbol: &str) -> Value {
    with(body(symbol, 1, 1), &json!({"productType": "MARGIN"}))
}

#[test]
fn bad_chains_are_refused_and_nothing_is_invented_where_prices_stand_still() {
    let mut floor = Floor::open();
    for (query, code) in [
        ("", -300),
        ("symbol=NSE:NOSUCH", -300),
        ("symbol=NSE:NIFTY26DECFUT", -300),
        ("symbol=NSE:NIFTY50-INDEX&strikecount=51", -50),
        ("symbol=NSE:NIFTY50-INDEX&strikecount=x", -50),
        ("symbol=NSE:NIFTY50-INDEX&timestamp=1", -50),
    ] {
        floor.prices = Prices::Walk;
        assert_eq!(floor.get("/options-chain-v3", query)["code"], code, "{query}");
    }
    floor.prices = Prices::Last;
    let none = floor.get("/options-chain-v3", "symbol=NSE:NIFTY50-INDEX");
    assert_eq!(none["code"], -300);
    assert!(none["message"].as_str().unwrap().contains("has been seen"));
    floor.see(NIFTY, 26_000_00);
    floor.see("NSE:NIFTY26DEC26000CE", 300_00);
    let body = floor.get("/options-chain-v3", "symbol=NSE:NIFTY50-INDEX");
    let monthly =
        body["data"]["expiryData"].as_array().unwrap().iter().find(|day| day["date"] == "29-12-2026");
    let query = format!("symbol={NIFTY}&timestamp={}", monthly.unwrap()["expiry"].as_str().unwrap());
    let body = floor.get("/options-chain-v3", &query);
    assert_eq!(rows(&body).len(), 2, "the index and the one option that was seen: {body}");
    assert!(body["message"].as_str().unwrap().contains("1 of 42 options"), "{body}");
}
