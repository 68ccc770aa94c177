//! Positions that were only simulated, once orders go to FYERS: no exit of one becomes a real entry.

use serde_json::json;
use simulator::{TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::{home, link, press_through, wait_card},
    chat::{OWNER, ask, press},
    feed_client::Socket,
    keys::{self, add, taken},
    lagging_books::{BOOKS, lags, shown, wait_readings},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// A keeper in Mock whose person has a card to log in with.
fn without_a_token() -> (Home, Keeper) {
    let home = home("2026-11-23T12:00:00").set("KEEPER_MOCK_PRICES", "walk");
    let keeper = home.start_ready();
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    (home, keeper)
}

fn log_in(home: &Home, keeper: &Keeper) {
    press_through(&link(&wait_card(home)));
    keeper.wait_status("live", |status| status["mode"] == "live");
}

fn orders_at_fyers(home: &Home) -> usize {
    home.sim.state().orders.len()
}

#[test]
fn the_exit_of_a_simulated_position_is_refused_until_a_person_clears_it() {
    let (home, keeper) = without_a_token();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).venue, "mock");
    log_in(&home, &keeper);
    home.wait_alert("Simulated positions are still open");
    let refused = |bot: &Bot| {
        let told = bot.order(SBIN, -10);
        let words = told.body["message"].as_str().unwrap().to_owned();
        assert_eq!((told.venue.as_str(), &told.body["s"]), ("none", &json!("error")), "{words}");
        assert!(words.contains("was simulated and does not exist at FYERS"), "{words}");
    };
    refused(&bot);
    assert_eq!(orders_at_fyers(&home), 0);
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 0, "it never left");

    // Whoever looks sees it, on every screen.
    let status = keeper.status();
    assert_eq!(status["simulated_left"], json!(["10 NSE:SBIN-EQ"]));
    assert_eq!(status["status"], "warn", "{status:#}");
    ask(&home, "/status", "Simulated positions still open: 10 NSE:SBIN-EQ");
    let page = keeper.get_with_own_key("/").unwrap().1;
    let symbol = "10\u{a0}<span class=\"symbol\">NSE:SBIN-EQ</span>";
    assert!(page.contains(&format!("simulated positions are still open: {symbol}")), "{page}");
    let alert = home.wait_alert("Order refused: sell 10 NSE:SBIN-EQ");
    assert!(alert.contains("Next: /flat") && !alert.contains("close it in the FYERS app"), "{alert}");

    // What is no exit of it goes to FYERS, and what is open there can be closed.
    assert_eq!(bot.order(SBIN, 5).venue, "fyers");
    keeper.wait_status("the real position", |status| status["positions_known"] == "known");
    wait_for("the real part in words", || {
        let words = bot.order(SBIN, -15).body["message"].as_str()?.to_owned();
        words.contains("5 can be closed at FYERS and 10 was simulated").then_some(())
    });
    wait_for("the exit of the real position", || (bot.order(SBIN, -5).venue == "fyers").then_some(()));
    refused(&bot);

    // A restart forgets nothing of it.
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let bot = Bot::of(&home, &keeper);
    refused(&bot);
    assert_eq!(orders_at_fyers(&home), 2);

    let question = ask(&home, "/flat", "Close all simulated positions?");
    press(&home, OWNER, &question, "Yes");
    home.wait_alert("1 simulated position cleared by");
    assert_eq!(
        keeper.wait_status("all well", |status| status["status"] == "pass")["simulated_left"],
        json!([])
    );
    assert_eq!(bot.order(SBIN, -10).venue, "fyers", "what the bot wants now is its own business");
}

/// The real position is closed, and FYERS' books still show it.
#[test]
fn a_leftover_is_not_closed_with_a_real_position_that_was_closed_a_moment_ago() {
    let (home, keeper) = without_a_token();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).venue, "mock");
    log_in(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).venue, "fyers");
    wait_readings(&home, 3);
    lags(&home, &shown(&bot, &BOOKS));
    let closed = bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(json!({"exit_all": 1})));
    assert_eq!((closed.venue.as_str(), &closed.body["s"]), ("fyers", &json!("ok")), "{}", closed.body);
    for _ in 0..3 {
        wait_readings(&home, 1);
        let told = bot.order(SBIN, -10);
        assert_eq!(told.venue, "none", "{}", told.body);
    }
    assert_eq!(orders_at_fyers(&home), 2, "bought and closed");
}

#[test]
fn a_bot_that_was_flat_before_the_login_leaves_nothing() {
    let (home, keeper) = without_a_token();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).venue, "mock");
    assert_eq!(bot.order(SBIN, -10).venue, "mock");
    log_in(&home, &keeper);
    home.wait_alert("2 orders were simulated while no token could be used");
    assert_eq!(keeper.status()["simulated_left"], json!([]));
    assert_eq!(bot.order(SBIN, -10).venue, "fyers");
    assert!(!home.alerts().iter().any(|alert| alert.contains("still open")), "{:#?}", home.alerts());
}

/// Shares that were bought in simulation are a holding on the next day, and no position any more. FYERS has neither.
#[test]
fn shares_that_were_bought_in_simulation_are_not_sold_for_real_on_the_next_day() {
    let (home, keeper) = without_a_token();
    let shares = |quantity: i64| {
        json!({"symbol": SBIN, "qty": quantity.abs(), "type": 2, "side": quantity.signum(), "productType": "CNC",
            "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
    };
    let place =
        |bot: &Bot, quantity| bot.ask(reqwest::Method::POST, "/api/v3/orders/sync", Some(shares(quantity)));
    assert_eq!(place(&Bot::of(&home, &keeper), 10).venue, "mock");
    assert!(keeper.stop().success());
    home.jump("2026-11-24T12:00:00");
    let keeper = home.start_ready();
    keeper.wait_status("a login required", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(&home, &keeper);
    wait_for("the holding", || {
        (bot.get("/api/v3/holdings").body["holdings"][0]["quantity"] == 10).then_some(())
    });
    press_through(&keeper.url("/fyers/login"));
    keeper.wait_status("live", |status| status["mode"] == "live");
    home.wait_alert("Simulated positions are still open");
    assert_eq!(keeper.status()["simulated_left"], json!(["10 NSE:SBIN-EQ"]));
    let refused = place(&bot, -10);
    assert_eq!((refused.status, refused.venue.as_str()), (400, "none"), "{}", refused.body);
    assert_eq!(orders_at_fyers(&home), 0);
    press(&home, OWNER, &ask(&home, "/flat", "Close all simulated positions?"), "Yes");
    keeper.wait_status("nothing left", |status| status["simulated_left"] == json!([]));
    assert_eq!(place(&bot, -10).venue, "fyers", "a person has cleared it: now it is what the bot means");
}

/// Filled later they would be taken for real ones.
#[test]
fn simulated_orders_that_wait_at_the_login_are_cancelled_and_told() {
    let (home, keeper) = without_a_token();
    let bot = Bot::of(&home, &keeper);
    let waits = |kind: i64, side: i64, limit: f64, stop: f64| {
        let told = bot.place(json!({"symbol": SBIN, "qty": 10, "type": kind, "side": side,
            "productType": "INTRADAY", "limitPrice": limit, "stopPrice": stop, "validity": "DAY",
            "disclosedQty": 0, "offlineOrder": false}));
        assert_eq!((told.venue.as_str(), &told.body["code"]), ("mock", &json!(1101)), "{}", told.body);
        told.body["id"].as_str().unwrap().to_owned()
    };
    let bought = bot.order(SBIN, 10);
    assert_eq!(bought.venue, "mock");
    let price = bot.get("/api/v3/positions").body["netPositions"][0]["netAvg"].as_f64().unwrap();
    let far = |part: f64| (price * part).round();
    let orders = [waits(1, 1, far(0.93), 0.0), waits(3, -1, 0.0, far(0.92))];
    let gtt = bot.ask(
        reqwest::Method::POST,
        "/api/v3/gtt/orders/sync",
        Some(json!({"side": 1, "symbol": SBIN, "productType": "CNC",
            "orderInfo": {"leg1": {"price": far(0.9), "triggerPrice": far(0.91), "qty": 7}}})),
    );
    assert_eq!((gtt.venue.as_str(), &gtt.body["code"]), ("mock", &json!(1101)), "{}", gtt.body);
    log_in(&home, &keeper);
    let alert = home.wait_alert("Simulated positions are still open");
    let cancelled = format!("Cancelled, unfilled: buy 10 {SBIN}, sell 10 {SBIN}, buy 7 {SBIN} (GTT)");
    assert!(alert.contains(&cancelled) && alert.contains(&format!("These: 10 {SBIN}")), "{alert}");
    assert_eq!(orders_at_fyers(&home), 0);

    // In the simulated book they are over, after a restart as well.
    keeper.kill9();
    home.sim.kill_all(TokenKind::Access);
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(&home, &keeper);
    for id in orders {
        let row = bot.get(&format!("/api/v3/orders?id={id}")).body["orderBook"][0].clone();
        assert_eq!(row["status"], 1, "{row}");
    }
    let gtts = bot.get("/api/v3/gtt/orders").body;
    assert_eq!(gtts["orderBook"][0]["report_type"], "CANCELLED", "{gtts}");
}

/// The only way to raise a key: its program goes on, and would take a fill for a real one.
#[test]
fn simulated_orders_of_a_bot_whose_key_is_added_again_with_real_orders_are_cancelled_and_told() {
    let home = keys::home();
    let keeper = keys::live(&home);
    // Prices come by the data socket, whatever bots ask for.
    let mut feed = Socket::feed(&home, &keeper).0;
    feed.send(r#"{"type":"subscribe","symbols":["NSE:SBIN-EQ"],"kinds":["quote"]}"#);
    feed.until("a tick", |message| message["type"] == "tick" && message["symbol"] == SBIN);
    let trial = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "sandbox"]));
    let waits = trial.place(json!({"symbol": SBIN, "qty": 10, "type": 1, "side": 1,
        "productType": "INTRADAY", "limitPrice": 790, "stopPrice": 0, "validity": "DAY",
        "disclosedQty": 0, "offlineOrder": false}));
    taken(&waits, "mock");
    home.run(&["key", "remove", "trial"]).exits(0);
    let promoted = Bot::with_token(&keeper, &add(&home, &["trial", "--mode", "live"]));
    home.sim.set_price(SBIN, 780.0);
    feed.until("the price", |message| message["type"] == "tick" && message["ltp"] == 780.0);
    let alert = home.wait_alert("Simulated orders that waited are cancelled");
    assert!(alert.contains(&format!("Cancelled, unfilled: buy 10 {SBIN}")), "{alert}");
    taken(&promoted.order(SBIN, 1), "fyers");
    assert_eq!(keeper.status()["simulated_left"], json!([]), "it has not filled");
    assert_eq!(home.alerts().iter().filter(|alert| alert.contains("Cancelled, unfilled")).count(), 1);
}
