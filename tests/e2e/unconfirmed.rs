//! A start with a good token that FYERS has not confirmed yet: requests wait for its word for a short time. When FYERS fails,
//! orders are simulated, and every place says why.

use std::thread;

use serde_json::json;
use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::buy,
    chat::ask,
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const WORDS: &str = "there is a token, but FYERS has not confirmed it yet";

#[test]
fn a_token_that_waits_for_fyers_word_is_neither_lost_nor_in_need_of_a_login() {
    for fault in [Fault::Html { status: 502 }, Fault::Hang] {
        println!("{fault:?}");
        let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
        let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_MOCK_PRICES", "walk");
        let token = home.sim.mint(TokenKind::Access);
        home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
        buy(&home, &token, SBIN, 10);
        let keeper = home.start_ready();
        keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
        wait_for("the position on disk", || is_on_disk(&home, SBIN).then_some(()));
        keeper.kill9();
        let orders = home.sim.state().orders.len();
        home.sim.inject(FaultRule::forever(endpoint::PROFILE, fault.clone()));
        let keeper = home.start_ready();
        let bot = Bot::of(&home, &keeper);

        if fault == Fault::Hang {
            let refused = bot.order("NSE:INFY-EQ", 1);
            assert_eq!((refused.status, refused.venue.as_str()), (503, "none"), "{}", refused.body);
            let words = refused.body["message"].as_str().unwrap();
            assert!(words.contains("not confirmed yet") && words.contains("try again"), "{words}");
            keeper.wait_status("FYERS fails", |status| !status["session"]["problem"].is_null());
        }
        let entry = bot.order("NSE:INFY-EQ", 1);
        assert_eq!((entry.mode.as_str(), entry.venue.as_str()), ("mock", "mock"), "{}", entry.body);
        assert!(entry.body["message"].as_str().unwrap().contains(WORDS), "{}", entry.body);
        let exit = bot.order(SBIN, -10);
        assert_eq!((exit.status, exit.venue.as_str()), (400, "none"), "{}", exit.body);

        let status = keeper.status();
        assert_eq!(
            (&status["reason"], &status["session"]["state"]),
            (&"token_unconfirmed".into(), &"checking".into()),
            "{status:#}"
        );
        let page = keeper.get_with_own_key("/").unwrap().1;
        assert!(page.contains(WORDS) && !page.contains(">Log in to FYERS<"), "{page}");
        ask(&home, "/status", WORDS);
        ask(&home, "/login", "The keeper is asking FYERS right now");
        let told = home.wait_alert("Order simulated");
        assert!(told.contains(WORDS), "{told}");

        home.sim.clear_faults();
        keeper.wait_status("live", |status| status["mode"] == "live");
        assert_eq!(home.sim.state().orders.len(), orders, "nothing was sent");
        wait_for("the exit", || (bot.order(SBIN, -10).venue == "fyers").then_some(()));
        let wrong = ["login needed", "no good token", "token was dead", "expired", "No token"];
        let untrue = |alert: &String| wrong.iter().any(|words| alert.contains(words));
        assert!(!home.alerts().iter().any(untrue), "{:#?}", home.alerts());
    }
}

/// Whether a symbol is among the positions that a next start will know of.
pub(crate) fn is_on_disk(home: &Home, symbol: &str) -> bool {
    let database = rusqlite::Connection::open(home.path("state/keeper.db")).unwrap();
    let known = "SELECT value FROM facts WHERE name = 'positions_at_fyers'";
    let known: Result<String, _> = database.query_row(known, [], |row| row.get(0));
    known.is_ok_and(|known| known.contains(symbol))
}

/// As after a take-over, or a start, in the time for which FYERS wants no requests.
#[test]
fn nothing_is_simulated_while_fyers_is_not_to_be_asked_about_a_stored_token() {
    let (home, keeper) = stored("false");
    keeper.kill9();
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, Fault::RateLimited { retry_after: 600 }));
    let keeper = home.start_ready();
    keeper.wait_status("held", |status| status["session"]["problem"] == "rate_limited");
    let told = Bot::of(&home, &keeper).order(SBIN, 1);
    assert_eq!((told.status, told.venue.as_str()), (503, "none"), "{}", told.body);
    let words = told.body["message"].as_str().unwrap();
    assert!(words.contains("not confirmed yet"), "{words}");
    assert!(home.sim.state().orders.is_empty());
}

/// How long FYERS takes for its word about a token.
const SLOW: Fault = Fault::Latency { ms: 1_500 };

fn stored(sandbox: &str) -> (Home, Keeper) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled);
    let home = home.set("FYERS_SANDBOX", sandbox).set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    let mode = if sandbox == "true" { "sandbox" } else { "live" };
    keeper.wait_status(mode, |status| status["mode"] == mode);
    (home, keeper)
}

/// Nobody had time to ask FYERS yet: that is no reason for a fill that was made up.
#[test]
fn the_first_orders_after_a_start_go_to_fyers_when_the_token_is_good() {
    let (home, keeper) = stored("false");
    home.sim.set_price("NSE:INFY-EQ", 1_500.0);
    keeper.kill9();
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, SLOW));
    let keeper = home.start_ready();
    let bot = Bot::of(&home, &keeper);
    let (first, second, read) = thread::scope(|together| {
        let first = together.spawn(|| bot.order(SBIN, 1));
        let second = together.spawn(|| bot.order("NSE:INFY-EQ", 1));
        let read = together.spawn(|| bot.get("/api/v3/funds"));
        (first.join().unwrap(), second.join().unwrap(), read.join().unwrap())
    });
    for told in [&first, &second, &read] {
        assert_eq!((told.mode.as_str(), told.venue.as_str()), ("live", "fyers"), "{}", told.body);
    }
    assert_eq!(home.sim.state().orders.len(), 2);
    let journal = home.run(&["orders", "--json"]).text();
    assert!(!journal.contains("MOCK"), "{journal}");
}

/// Without a token there is nothing to wait for.
#[test]
fn a_keeper_without_a_stored_token_keeps_no_bot_waiting() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, Fault::Hang));
    let keeper = home.start_ready();
    let told = Bot::of(&home, &keeper).order(SBIN, 1);
    assert_eq!((told.mode.as_str(), told.venue.as_str()), ("mock", "mock"), "{}", told.body);
    assert_eq!(keeper.status()["session"]["state"], "login_required");
}

/// FYERS refuses one call with a token that works: what comes meanwhile waits for its word, and goes to FYERS.
#[test]
fn an_order_that_comes_while_a_good_token_is_in_doubt_is_not_simulated() {
    let (home, keeper) = stored("false");
    let bot = Bot::of(&home, &keeper);
    let refusal = json!({"code": -16, "message": "Could not authenticate the user", "s": "error"});
    home.sim.inject(FaultRule::once(endpoint::FUNDS, Fault::Json { status: 401, body: refusal }));
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, SLOW));
    let (_, order) = thread::scope(|together| {
        let read = together.spawn(|| bot.get("/api/v3/funds"));
        wait_for("the doubt", || (keeper.status()["session"]["reason"] == "token_doubted").then_some(()));
        let order = together.spawn(|| bot.order(SBIN, 1));
        (read.join().unwrap(), order.join().unwrap())
    });
    assert_eq!((order.mode.as_str(), order.venue.as_str()), ("live", "fyers"), "{}", order.body);
    assert_eq!(home.sim.state().orders.len(), 1);
}
