//! An order is changed, cancelled and told only where it is: its id says whose it is.

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{RefreshMode, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

fn live() -> (Home, Keeper, Bot) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    let bot = Bot::of(&home, &keeper);
    (home, keeper, bot)
}

/// Everything that names an order: how it is sent, and with which body.
fn requests(id: &str, gtt: &str) -> Vec<(Method, String, Option<Value>)> {
    let leg = json!({"leg1": {"price": 690, "triggerPrice": 695, "qty": 1}});
    let sync = "/api/v3/orders/sync".to_owned();
    let (many, gtts) = ("/api/v3/multi-order/sync".to_owned(), "/api/v3/gtt/orders/sync".to_owned());
    vec![
        (Method::DELETE, sync.clone(), Some(json!({"id": id}))),
        (Method::DELETE, format!("/api/v3/orders/{id}/sync"), None),
        (Method::PATCH, sync, Some(json!({"id": id, "type": 1, "limitPrice": 701, "qty": 5}))),
        (Method::DELETE, many.clone(), Some(json!([{"id": id}]))),
        (Method::PATCH, many, Some(json!([{"id": id, "type": 1, "limitPrice": 701}]))),
        (Method::PATCH, gtts.clone(), Some(json!({"id": gtt, "orderInfo": leg}))),
        (Method::DELETE, gtts, Some(json!({"id": gtt}))),
        (Method::GET, format!("/api/v3/orders?id={id}"), None),
    ]
}

fn is_refused(told: &Told, words: &str) {
    let message = told.body["message"].as_str().unwrap_or_default();
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    assert!(message.contains(words), "{message}");
}

#[test]
fn without_a_token_nobody_answers_for_an_order_at_fyers() {
    let (home, keeper, bot) = live();
    let order = json!({"symbol": SBIN, "qty": 5, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 700,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let placed = bot.ask(Method::POST, "/api/v3/orders/sync", Some(order.clone()));
    let leg1 = json!({"price": 700, "triggerPrice": 705, "qty": 1});
    let stop = json!({"side": -1, "symbol": SBIN, "productType": "CNC", "orderInfo": {"leg1": leg1}});
    let gtt = bot.ask(Method::POST, "/api/v3/gtt/orders/sync", Some(stop));
    assert_eq!(
        (placed.venue.as_str(), gtt.venue.as_str()),
        ("fyers", "fyers"),
        "{} {}",
        placed.body,
        gtt.body
    );
    let id = |told: &Told| told.body["id"].as_str().unwrap().to_owned();
    let before = home.sim.state().orders;

    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    assert_eq!(bot.get("/api/v3/funds").venue, "mock");
    keeper.wait_status("the loss", |status| status["session"]["state"] == "login_required");
    for (method, path, body) in requests(&id(&placed), &id(&gtt)) {
        println!("{method} {path}");
        is_refused(&bot.ask(method, &path, body), "was not simulated, so it is one of FYERS'");
    }
    let legs = json!([{"id": "MOCK26112300000001"}, {"id": id(&placed)}]);
    is_refused(&bot.ask(Method::DELETE, "/api/v3/multi-order/sync", Some(legs)), "was not simulated");
    assert_eq!(home.sim.state().orders, before, "as it was");

    // What was simulated is changed where it is, and its answer says why it is not at FYERS.
    // Of another symbol: the GTT order may have executed.
    let mut other = order;
    other["symbol"] = json!("NSE:INFY-EQ");
    let simulated = bot.ask(Method::POST, "/api/v3/orders/sync", Some(other));
    let words = simulated.body["message"].as_str().unwrap();
    assert!(words.contains("not sent to FYERS, because"), "{words}");
    let cancelled = bot.ask(Method::DELETE, "/api/v3/orders/sync", Some(json!({"id": id(&simulated)})));
    assert_eq!((cancelled.status, cancelled.venue.as_str()), (200, "mock"), "{}", cancelled.body);
}

#[test]
fn an_order_of_the_mock_exchange_is_not_sent_to_fyers() {
    let (home, _keeper, bot) = live();
    let mock = "MOCK26112300000001";
    for (method, path, body) in requests(mock, mock) {
        println!("{method} {path}");
        is_refused(&bot.ask(method, &path, body), "was simulated and does not exist at FYERS");
    }
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 0);
    wait_for("an order at FYERS", || (bot.order(SBIN, 1).venue == "fyers").then_some(()));
}
