//! FYERS refuses a call with the token: what is said and done until it is known what that means, and after it.

use serde_json::json;
use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    chat::{OWNER, ask, press},
    support::{Home, Keeper},
};

const SBIN: &str = "NSE:SBIN-EQ";

fn start(sandbox: &str) -> (Home, Keeper, String) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", sandbox).set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    let mode = if sandbox == "true" { "sandbox" } else { "live" };
    keeper.wait_status(mode, |status| {
        status["mode"] == mode && (mode == "sandbox" || status["positions_known"] == "known")
    });
    (home, keeper, token)
}

#[test]
fn while_fyers_does_not_say_whether_the_token_works_nobody_says_that_it_does_not() {
    let (home, keeper, token) = start("false");
    home.sim.inject(FaultRule::forever(endpoint::PROFILE, Fault::Hang));
    assert!(home.sim.kill(&token));
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.get("/api/v3/funds").mode, "mock", "nothing uses a token that is in doubt");
    let status = keeper.status();
    assert_eq!(
        (&status["reason"], &status["session"]["reason"]),
        (&json!("token_doubted"), &json!("token_doubted"))
    );
    let told = home.wait_alert("Orders are simulated now");
    assert!(told.contains("has not said yet whether it still works"), "{told}");
    assert!(!home.alerts().iter().any(|alert| alert.contains("no longer accepts")), "{:#?}", home.alerts());
    home.sim.clear_faults();
    keeper.wait_status("the verdict", |status| status["session"]["state"] == "login_required");
    home.wait_alert("login needed");
}

/// A call is refused with FYERS' code, and the profile call is answered without one: that is doubt, and it is asked again.
#[test]
fn a_profile_answer_without_fyers_code_ends_no_token() {
    let (home, keeper, _) = start("false");
    let bot = Bot::of(&home, &keeper);
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    home.sim.inject(FaultRule::once(endpoint::FUNDS, Fault::Json { status: 401, body: dead }));
    let unclear = json!({"s": "error", "message": "Unauthorized"});
    home.sim.inject(FaultRule::once(endpoint::PROFILE, Fault::Json { status: 401, body: unclear }));
    let profiles = home.sim.call_count(endpoint::PROFILE).total;
    let read = bot.get("/api/v3/funds");
    assert_ne!(read.venue, "none", "{}", read.body);
    keeper.wait_status("the token in use again", |status| {
        status["mode"] == "live" && status["session"]["state"] == "valid"
    });
    assert!(home.sim.call_count(endpoint::PROFILE).total >= profiles + 2, "it was asked again");
    assert_eq!(bot.order(SBIN, 1).venue, "fyers");
    let untrue = |alert: &String| alert.contains("login needed") || alert.contains("no longer accepts");
    assert!(!home.alerts().iter().any(untrue), "{:#?}", home.alerts());
}

#[test]
fn in_sandbox_a_token_that_died_is_noticed_when_only_orders_come() {
    let (home, keeper, token) = start("true");
    let bot = Bot::of(&home, &keeper);
    home.sim.set_price(SBIN, 800.0);
    assert_eq!(bot.order(SBIN, 1).mode, "sandbox");
    assert!(home.sim.kill(&token));
    let calls = home.sim.call_count(endpoint::FUNDS).total;
    bot.order("NSE:INFY-EQ", 1);
    keeper.wait_status("the loss", |status| status["session"]["state"] == "login_required");
    assert_eq!(home.sim.call_count(endpoint::FUNDS).total, calls, "only orders came");
    let deaths = keeper.lines().iter().filter(|line| line["event"] == "token.rejected").count();
    assert_eq!(deaths, 1, "told once");
}

#[test]
fn in_sandbox_a_halt_says_that_exits_are_simulated() {
    let (home, keeper, _) = start("true");
    press(&home, OWNER, &ask(&home, "/halt", "Halt trading?"), "Yes");
    keeper.wait_status("halted", |status| status["mode"] == "halted");
    let entry = Bot::of(&home, &keeper).order(SBIN, 1);
    let words = entry.body["message"].as_str().unwrap();
    assert!(words.contains("Nothing goes to FYERS (sandbox)"), "{words}");
    let told = home.wait_alert("Trading is halted by");
    assert!(told.contains("exits are still simulated"), "{told}");
    assert!(!home.alerts().iter().any(|alert| alert.contains("still go to FYERS")), "{:#?}", home.alerts());
    let shown = home.run(&["status"]).text();
    assert!(shown.contains("halted by a person"), "{shown}");
}

#[test]
fn shares_that_may_be_held_at_fyers_are_not_sold_in_simulation() {
    let (home, keeper, token) = start("false");
    let bot = Bot::of(&home, &keeper);
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let sale = |quantity: u32, side: i64| {
        bot.place(json!({"symbol": SBIN, "qty": quantity, "type": 2, "side": side, "productType": "CNC",
            "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}))
    };
    let refused = sale(5, -1);
    assert_eq!((refused.status, refused.venue.as_str()), (400, "none"), "{}", refused.body);
    let words = refused.body["message"].as_str().unwrap();
    assert!(words.contains("which of them you hold at FYERS is not known now"), "{words}");
    // What was bought in simulation is sold there.
    assert_eq!(sale(5, 1).venue, "mock");
    assert_eq!(sale(5, -1).venue, "mock");
}
