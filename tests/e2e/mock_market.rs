//! What a bot meets at the MockExchange: prices that are true, an account that is one, the days of the calendar.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Life, RefreshMode, Scope, TokenKind};

use crate::{
    bot::Bot,
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// Sandbox with a good token, at this Indian time.
fn sandbox(time: &str) -> (Home, String) {
    let home = Home::at(time, RefreshMode::Disabled);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    (home, token)
}

fn started(home: &Home, mode: &str) -> (Keeper, Bot) {
    let keeper = home.start_ready();
    keeper.wait_status(mode, |status| status["mode"] == mode);
    let bot = Bot::of(home, &keeper);
    (keeper, bot)
}

fn order(side: i64, quantity: i64) -> Value {
    json!({"symbol": SBIN, "qty": quantity, "type": 2, "side": side, "productType": "INTRADAY", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
}

fn with(mut order: Value, fields: &Value) -> Value {
    fields.as_object().unwrap().iter().for_each(|(name, value)| order[name] = value.clone());
    order
}

fn quote(bot: &Bot) -> Value {
    bot.get(&format!("/data/quotes?symbols={SBIN}")).body["d"][0].clone()
}

fn rows(bot: &Bot, path: &str, list: &str) -> Vec<Value> {
    let body = bot.get(path).body;
    body[list].as_array().unwrap_or_else(|| panic!("no {list}: {body}")).clone()
}

#[test]
fn a_restart_fires_no_stop_of_a_made_up_market() {
    let home = Home::at("2026-11-25T12:00:00", RefreshMode::Disabled);
    home.write_env("");
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.place(order(1, 100)).body["code"], 1101);
    let before = quote(&bot)["v"]["lp"].as_f64().unwrap();
    let stop = (before * 0.97).round();
    let placed = bot.place(with(order(-1, 100), &json!({"type": 3, "stopPrice": stop}))).body;
    assert_eq!(placed["code"], 1101, "{placed}");
    keeper.kill9();
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let after = quote(&bot);
    let now = after["v"]["lp"].as_f64().unwrap();
    assert!((now - before).abs() < before * 0.005, "{before} before the restart, {now} after it");
    assert_eq!(after["origin"], "walk");
    assert_eq!(rows(&bot, "/api/v3/orders", "orderBook")[1]["status"], 6, "the stop still waits");
    assert_eq!(rows(&bot, "/api/v3/positions", "netPositions")[0]["netQty"], 100);
}

#[test]
fn prices_stay_as_fyers_told_them_without_a_token_and_over_restarts() {
    let (home, token) = sandbox("2026-11-25T12:00:00");
    home.sim.set_price(SBIN, 840.0);
    let (keeper, bot) = started(&home, "sandbox");
    assert_eq!(quote(&bot)["v"]["lp"], 840.0);
    assert!(home.sim.kill(&token));
    // The read that finds the token dead is answered by the MockExchange already.
    bot.get("/api/v3/profile");
    keeper.wait_status("mock", |status| status["mode"] == "mock");
    let last = quote(&bot);
    assert_eq!((&last["v"]["lp"], &last["origin"]), (&json!(840.0), &json!("live")), "{last}");
    // What was seen is on disk within seconds, and with every simulated order at once.
    let bought = bot.place(order(1, 10)).body;
    let words = bought["message"].as_str().unwrap();
    assert!(bought["code"] == 1101 && words.starts_with("SIMULATED by fyers-keeper"), "{bought}");
    let unseen = bot.place(with(order(1, 10), &json!({"symbol": "NSE:TCS-EQ"}))).body;
    assert!(unseen["message"].as_str().unwrap().contains("No price"), "{unseen}");
    keeper.kill9();
    let (_keeper, bot) = started(&home, "mock");
    let again = quote(&bot);
    assert_eq!((&again["v"]["lp"], &again["origin"]), (&json!(840.0), &json!("last")), "{again}");
    assert_eq!(again["as_of"], last["as_of"], "it says from when it is");
}

#[test]
fn no_fresh_price_no_fill() {
    let (home, _token) = sandbox("2026-11-25T12:00:00");
    let scope = Scope::exact("/data/quotes");
    let (_keeper, bot) = started(&home, "sandbox");
    home.sim.inject(FaultRule { scope, fault: Fault::EmptyBody { status: 503 }, life: Life::Forever });
    let refused = bot.place(order(1, 10)).body;
    let words = refused["message"].as_str().unwrap();
    assert!(refused["code"] == -99 && words.contains("No fresh price of NSE:SBIN-EQ"), "{refused}");
    assert!(rows(&bot, "/api/v3/positions", "netPositions").is_empty());
    home.sim.clear_faults();
    assert_eq!(bot.place(order(1, 10)).body["code"], 1101);
}

#[test]
fn the_square_off_asks_fyers_for_the_price() {
    let (home, _token) = sandbox("2026-11-25T15:14:40");
    home.sim.set_price(SBIN, 800.0);
    let (_keeper, bot) = started(&home, "sandbox");
    assert_eq!(bot.place(order(1, 10)).body["code"], 1101);
    home.sim.set_price(SBIN, 840.0);
    let trades = wait_for("the square-off", || {
        Some(rows(&bot, "/api/v3/tradebook", "tradeBook")).filter(|trades| trades.len() == 2)
    });
    assert_eq!((&trades[1]["side"], &trades[1]["tradePrice"]), (&json!(-1), &json!(840.0)), "{trades:?}");
}

#[test]
fn sandbox_is_one_account_that_begins_as_the_one_at_fyers() {
    let (home, _token) = sandbox("2026-11-25T12:00:00");
    home.sim.set_price(SBIN, 800.0);
    let (keeper, bot) = started(&home, "sandbox");
    let held = |bot: &Bot| rows(bot, "/api/v3/holdings", "holdings")[0].clone();
    let first = held(&bot);
    assert_eq!(
        (&first["symbol"], &first["quantity"], &first["costPrice"]),
        (&json!(SBIN), &json!(10), &json!(100.5))
    );
    let delivery = |quantity| with(order(-1, quantity), &json!({"productType": "CNC"}));
    let sold = bot.place(delivery(5)).body;
    assert_eq!(sold["code"], 1101, "{sold}");
    assert_eq!(held(&bot)["remainingQuantity"], 5);
    let page = keeper.get_with_own_key("/").unwrap().1;
    let worth =
        page.split("<p class=\"worth\">").nth(1).expect("the account's worth").split("</p>").next().unwrap();
    assert!(worth.contains("₹10,00,0") || worth.contains("₹9,99,9"), "without the real shares: {worth}");
    let gain = worth.split("<small").nth(1).unwrap();
    assert!(
        !gain.contains("4,0") && !gain.contains("3,9"),
        "what the sale of five brings is no gain: {worth}"
    );
    assert!(page.contains("Shares copied from FYERS are not in it."), "{page}");
    let refused = bot.place(delivery(6)).body;
    assert_eq!(refused["code"], -99, "{refused}");
    let total = |bot: &Bot| bot.get("/api/v3/funds").body["fund_limit"][0]["equityAmount"].as_f64().unwrap();
    let money = total(&bot);
    assert!((money - 1_000_000.0).abs() < 5_000.0, "{money}");
    keeper.kill9();
    let (_keeper, bot) = started(&home, "sandbox");
    assert_eq!(held(&bot)["remainingQuantity"], 5, "it begins once");
    assert!((total(&bot) - money).abs() < 1.0);
}

#[test]
fn sandbox_begins_with_the_capital_of_the_settings_when_they_name_one() {
    let (home, _token) = sandbox("2026-11-25T12:00:00");
    let home = home.set("KEEPER_MOCK_CAPITAL", "50000");
    let (_keeper, bot) = started(&home, "sandbox");
    assert!(rows(&bot, "/api/v3/holdings", "holdings").is_empty());
    assert_eq!(bot.get("/api/v3/funds").body["fund_limit"][0]["equityAmount"], 50_000.0);
}

#[test]
fn an_account_that_cannot_be_read_is_not_begun() {
    let (home, _token) = sandbox("2026-11-25T12:00:00");
    let (_keeper, bot) = started(&home, "sandbox");
    let scope = Scope::exact("/api/v3/holdings");
    home.sim.inject(FaultRule { scope, fault: Fault::EmptyBody { status: 503 }, life: Life::Forever });
    let refused = bot.place(order(1, 1));
    assert_eq!((refused.status, refused.venue.as_str()), (503, "none"), "{}", refused.body);
    home.sim.clear_faults();
    assert_eq!(bot.place(order(1, 1)).body["code"], 1101);
    assert_eq!(rows(&bot, "/api/v3/holdings", "holdings").len(), 1);
}

#[test]
fn orders_fill_by_what_the_order_book_shows() {
    let (home, _token) = sandbox("2026-11-25T12:00:00");
    let home = home.set("KEEPER_MOCK_FILL", "depth");
    home.sim.set_price(SBIN, 800.0);
    let (_keeper, bot) = started(&home, "sandbox");
    assert_eq!(bot.place(order(1, 600)).body["code"], 1101);
    // Five levels of a hundred, a step of 0.1 apart; the rest waits for more.
    let trades = rows(&bot, "/api/v3/tradebook", "tradeBook");
    let first: Vec<_> = trades.iter().take(5).map(|trade| trade["tradePrice"].as_f64().unwrap()).collect();
    assert_eq!(first, [800.1, 800.2, 800.3, 800.4, 800.5]);
    wait_for("the rest", || {
        let row = rows(&bot, "/api/v3/orders", "orderBook")[0].clone();
        (row["status"] == 2 && row["filledQty"] == 600).then_some(())
    });
}

#[test]
fn a_calendar_file_closes_the_simulated_market_too() {
    let home = Home::at("2026-11-25T12:00:00", RefreshMode::Disabled);
    let file = "[[holiday]]\ndate = \"2026-11-25\"\nname = \"Election\"\n";
    std::fs::write(home.path("calendar.toml"), file).unwrap();
    let home = home.set("KEEPER_CALENDAR_FILE", "calendar.toml").set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let refused = bot.place(order(1, 1)).body;
    assert!(refused["message"].as_str().unwrap().contains("Market is closed"), "{refused}");
    let closed = |bot: &Bot| {
        let rows = rows(bot, "/data/marketStatus", "marketStatus");
        rows.iter().filter(|row| row["exchange"] == 10).all(|row| row["status"] == "CLOSED")
    };
    assert!(closed(&bot));
    keeper.kill9();
    let keeper = home.start_ready();
    assert!(closed(&Bot::of(&home, &keeper)), "after a restart too");
}
