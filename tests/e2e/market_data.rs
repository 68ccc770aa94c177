//! Market data and instruments without FYERS: candles, chain, margin, and the symbol master that comes by itself.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode};

use crate::{
    bot::Bot,
    support::{Home, Keeper, wait_for},
};

const NOON: &str = "2026-11-23T12:00:00";

/// A keeper without a token that fetches the symbol master from the simulator.
fn fetching() -> Home {
    let home = Home::at(NOON, RefreshMode::Disabled).with_telegram().set("KEEPER_MOCK_PRICES", "walk");
    let public = home.sim.public_url();
    home.set("FYERS_PUBLIC_URL", public)
}

fn symbols(keeper: &Keeper, what: &str, wish: impl Fn(&Value) -> bool) -> Value {
    keeper.wait_status(what, |status| wish(&status["symbols"]))["symbols"].clone()
}

fn order(symbol: &str, quantity: i64, limit: f64) -> Value {
    let product = if symbol.ends_with("-EQ") { "CNC" } else { "MARGIN" };
    json!({"symbol": symbol, "qty": quantity, "type": 1, "side": 1, "productType": product, "limitPrice": limit,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
}

fn message(bot: &Bot, order: Value) -> String {
    bot.post("/api/v3/orders/sync", order)["message"].as_str().unwrap().to_owned()
}

/// T19.
#[test]
fn without_a_token_there_are_candles_a_chain_and_a_margin() {
    let home = Home::at(NOON, RefreshMode::Disabled).set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let candles = bot.body(
        "/data/history?symbol=NSE:NIFTY50-INDEX&resolution=5&date_format=1&range_from=2026-11-16&range_to=2026-11-23",
    );
    assert_eq!(candles["s"], "ok", "{candles}");
    assert!(candles["candles"].as_array().unwrap().len() > 400);
    let chain = bot.body("/data/options-chain-v3?symbol=NSE:NIFTY50-INDEX&strikecount=3&timestamp=");
    let rows = chain["data"]["optionsChain"].as_array().unwrap();
    assert_eq!(rows.len(), 15, "{chain}");
    let call = rows.iter().find(|row| row["option_type"] == "CE").unwrap();
    let symbol = call["symbol"].as_str().unwrap();
    let short = json!({"symbol": symbol, "qty": 75, "side": -1, "type": 2, "productType": "MARGIN", "limitPrice": 0,
        "stopLoss": 0, "stopPrice": 0, "takeProfit": 0});
    let margin = bot.post("/api/v3/multiorder/margin", json!({ "data": [short.clone()] }));
    let needed = margin["data"]["margin_new_order"].as_f64().unwrap();
    assert!(needed > 300_000.0, "{margin}");
    let with_terms = json!({"symbol": symbol, "qty": 75, "side": -1, "type": 2, "productType": "MARGIN",
        "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let placed = bot.post("/api/v3/orders/sync", with_terms);
    assert_eq!(placed["code"], 1101, "{placed}");
    let funds = bot.body("/api/v3/funds");
    let utilized = funds["fund_limit"].as_array().unwrap().iter().find(|row| row["id"] == 2).unwrap();
    assert_eq!(utilized["equityAmount"].as_f64(), Some(needed), "what was said is what is blocked");
}

/// T12, through the program: the list comes by itself, is strict, and outlives FYERS.
#[test]
fn the_symbol_master_comes_by_itself_and_yesterday_s_is_used_when_it_does_not() {
    let home = fetching();
    let keeper = home.start_ready();
    symbols(&keeper, "a symbol master", |symbols| symbols["count"].as_u64() >= Some(7));
    let bot = Bot::of(&home, &keeper);
    for unknown in
        ["NSE:NOSUCHTHING-EQ", "NSE:INFY-EQ", "SBIN-ZZ", "sbin-eq", "NSE:SBIN-EQ ", "NSE:NIFTY20JANFUT"]
    {
        assert!(
            message(&bot, order(unknown, 1, 100.0)).ends_with("The input symbol is invalid."),
            "{unknown}"
        );
    }
    assert!(message(&bot, order("NSE:SBIN-EQ", 1, 801.05)).contains("not a multiple of tick size 0.1000"));
    assert!(message(&bot, order("NSE:NIFTY26NOV26000CE", 10, 200.0)).contains("multiples of the lot size"));
    assert!(!message(&bot, order("NSE:SBIN-EQ", 1, 800.1)).contains("assumed"));
    keeper.wait_logged("symbols.loaded");
    let doctor = home.run(&["doctor"]);
    assert!(doctor.text().contains("the symbol master is"), "{doctor:?}");
    drop(keeper);
    // Two of the five are torn from now on, and their copies are gone.
    home.sim.inject(FaultRule::forever("/sym_details", Fault::Truncated));
    std::fs::remove_file(home.path("state/symbols-MCX_COM.tsv")).unwrap_or_default();
    std::fs::remove_file(home.path("state/symbols-NSE_CM.tsv")).unwrap();
    let keeper = home.start_ready();
    let known = symbols(&keeper, "a failure that is told", |symbols| symbols["problem"].is_string());
    assert!(known["count"].as_u64() > Some(0) && known["as_of"].is_string(), "{known}");
    let bot = Bot::of(&home, &keeper);
    assert!(
        message(&bot, order("NSE:NIFTY26NOV26100CE", 75, 200.0)).ends_with("The input symbol is invalid.")
    );
    assert!(
        message(&bot, order("NSE:INFY-EQ", 1, 1_500.0)).contains("assumed"),
        "its market is not known any more"
    );
    let alert = home.wait_alert("The list of symbols could not be fetched");
    assert!(alert.contains("NSE CM"), "{alert}");
}

#[test]
fn a_symbol_master_that_does_not_come_keeps_nobody_waiting() {
    let home = fetching();
    home.sim.inject(FaultRule::forever("/sym_details", Fault::Hang));
    let keeper = home.start_ready();
    assert_eq!(keeper.status()["symbols"]["count"], 0);
    let bot = Bot::of(&home, &keeper);
    assert!(message(&bot, order("NSE:INFY-EQ", 1, 1_500.0)).contains("NSE:INFY-EQ is assumed"));
    drop(keeper);
    home.sim.clear_faults();
    home.sim.inject(FaultRule::forever("/sym_details", Fault::EmptyBody { status: 404 }));
    let keeper = home.start_ready();
    let told = symbols(&keeper, "a failure that is told", |symbols| symbols["problem"].is_string());
    assert!(told["problem"].as_str().unwrap().contains("NSE_FO: HTTP 404"), "{told}");
    let lines = keeper.wait_logged("symbols.failed");
    assert_eq!(lines.iter().filter(|line| line["event"] == "symbols.failed").count(), 1, "told once");
    home.sim.clear_faults();
    wait_for("nothing torn in the folder", || {
        let names = std::fs::read_dir(home.path("state")).unwrap().map(|entry| entry.unwrap().file_name());
        let partial = names.into_iter().any(|name| name.to_string_lossy().contains("partial"));
        (!partial).then_some(())
    });
}

/// T22, as the official SDK does it.
#[test]
fn a_bot_that_must_log_in_gets_the_gateway_key() {
    use sha2::{Digest, Sha256};
    let home = Home::at(NOON, RefreshMode::Disabled);
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let login = |secret: &str| {
        let hash = hex::encode(Sha256::digest(format!("ABCD1234EF-200:{secret}")));
        let body = json!({"grant_type": "authorization_code", "appIdHash": hash, "code": "anything"});
        Bot::with_key(&keeper, "").ask(Method::POST, "/api/v3/validate-authcode", Some(body)).body
    };
    assert_eq!(login(key.trim())["access_token"], key.trim());
    let refused = login("SIMULATED1");
    assert_eq!((&refused["s"], &refused["code"]), (&json!("error"), &json!(-373)));
    assert!(
        refused["message"].as_str().unwrap().contains("the gateway key as the app's secret"),
        "{refused}"
    );
    let token = login(key.trim())["access_token"].as_str().unwrap().to_owned();
    assert_eq!(Bot::with_key(&keeper, &token).body("/api/v3/profile")["s"], "ok");
}
