//! FYERS changes its answers without notice. What is odd and not needed is a warning, once, and stops nothing; the books that are read
//! after orders have their test in `odd_answers`.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    feed_client::Socket,
    live_positions::Live,
    support::{Home, Keeper, block_on, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

fn drifts(keeper: &Keeper, call: &str) -> Vec<Value> {
    let is_it = |line: &Value| line["event"] == "fyers.drift" && line["call"] == call;
    keeper.lines().into_iter().filter(is_it).collect()
}

/// Waits until these fields of this call were told, as a warning.
fn told(keeper: &Keeper, call: &str, fields: &str) {
    wait_for(&format!("{fields} of {call} in the log"), || {
        let lines = drifts(keeper, call);
        lines.iter().find(|line| line["fields"] == fields).map(|line| assert_eq!(line["level"], "warn"))
    });
}

fn answer(home: &Home, path: &str, body: Value) {
    home.sim.inject(FaultRule::forever(Scope::exact(path), Fault::Json { status: 200, body }));
}

#[test]
fn odd_prices_fills_and_names_of_symbols_are_warned_of_once_and_trading_goes_on() {
    let live = Live::start(None);
    let quote = json!({"n": SBIN, "s": "ok", "v": {"lp": 801.5, "bid": ["PRIVATE"], "ask": 801.6}});
    let level = json!({"price": 801.5, "volume": "PRIVATE", "ord": 1});
    let fill = json!({"orderNumber": "26112300009999", "tradeNumber": "700654", "tradePrice": ["PRIVATE"], "tradedQty": 2,
        "orderDateTime": "23-Nov-2026 09:20:32", "productType": "INTRADAY", "side": 1, "symbol": SBIN, "orderType": 1});
    for (path, body) in [
        (endpoint::QUOTES, json!({"s": "ok", "code": 200, "d": [quote]})),
        (
            endpoint::DEPTH,
            json!({"s": "ok", "message": "", "d": {SBIN: {"ltp": 801.5, "bids": [level], "ask": []}}}),
        ),
        (endpoint::TRADEBOOK, json!({"s": "ok", "code": 200, "tradeBook": [fill]})),
        (
            endpoint::SYMBOL_TOKEN,
            json!({"s": "ok", "validSymbol": {SBIN: "10100000003045"}, "invalidSymbol": 7}),
        ),
    ] {
        answer(&live.home, path, body);
    }
    let (mut feed, _) = Socket::feed(&live.home, &live.keeper);
    feed.send(r#"{"type":"subscribe","kinds":["orders"]}"#);
    feed.until("the subscription", |message| message["type"] == "subscribed");
    feed.send(r#"{"type":"subscribe","symbols":["NSE:SBIN-EQ"],"kinds":["quote"]}"#);
    for _ in 0..3 {
        let quotes = live.bot.get("/data/quotes?symbols=NSE:SBIN-EQ");
        assert_eq!((quotes.status, &quotes.body["d"][0]["v"]["lp"]), (200, &json!(801.5)), "{}", quotes.body);
        assert_eq!(live.bot.get("/data/depth?symbol=NSE:SBIN-EQ&ohlcv_flag=1").status, 200);
    }
    let all = [
        ("quotes", "d[].v.bid"),
        ("depth", "d[].bids[].volume"),
        ("orders, tradebook, positions", "tradeBook[].tradePrice"),
        ("symbol-token", "invalidSymbol"),
    ];
    all.into_iter().for_each(|(call, fields)| told(&live.keeper, call, fields));
    // The data socket is there all the same, and orders go to FYERS.
    feed.until("a price", |message| message["type"] == "tick" && message["symbol"] == SBIN);
    live.sends("NSE:INFY-EQ", 1);
    let status = live.keeper.status();
    assert_eq!((&status["mode"], &status["positions_known"]), (&json!("live"), &json!("known")), "{status}");
    for (call, _) in all {
        assert_eq!(drifts(&live.keeper, call).len(), 1, "once: {call}");
    }
    assert!(!live.keeper.log().contains("PRIVATE"), "names of fields only");
}

#[test]
fn a_login_without_readable_funds_and_with_an_odd_profile_is_warned_of_and_in_use() {
    let home = Home::at("2026-11-23T10:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false");
    let keeper = home.start_ready();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    answer(
        &home,
        endpoint::PROFILE,
        json!({"s": "ok", "code": 200, "message": "", "data": {"fy_id": "XX00001", "name": ["PRIVATE"]}}),
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (number, funds) in [
        json!({"s": "error", "code": -99, "message": "no funds"}),
        json!({"s": "ok", "code": 200, "message": "", "fund_limit": "PRIVATE"}),
    ]
    .into_iter()
    .enumerate()
    {
        home.sim.inject(FaultRule::once(endpoint::FUNDS, Fault::Json { status: 200, body: funds }));
        let pasted = json!({"pasted": home.sim.mint(TokenKind::AuthCode)});
        let request = client.post(keeper.url("/api/login/complete")).bearer_auth(key.trim()).json(&pasted);
        assert!(block_on(async { request.send().await.unwrap().status() }).is_success(), "login {number}");
        keeper.wait_status("live", |status| status["mode"] == "live" && status["session"]["usable"] == true);
    }
    let lines = keeper.wait_logged("token.drift");
    let without_funds: Vec<_> = lines.iter().filter(|line| line["event"] == "token.drift").collect();
    assert_eq!(without_funds.len(), 1, "{without_funds:?}");
    assert_eq!(without_funds[0]["level"], "warn");
    told(&keeper, "profile", "data.name");
    wait_for("the funds", || (!drifts(&keeper, "funds").is_empty()).then_some(()));
    assert_eq!(drifts(&keeper, "profile").len(), 1, "once, however often it is asked");
    assert!(!keeper.log().contains("PRIVATE"), "names of fields only");
}
