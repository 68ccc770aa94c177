//! A start with a good token that FYERS has not confirmed yet: orders are simulated, and every place says why.

use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::Bot,
    card::buy,
    chat::ask,
    support::{Home, wait_for},
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
        keeper.kill9();
        let orders = home.sim.state().orders.len();
        home.sim.inject(FaultRule::forever(endpoint::PROFILE, fault));
        let keeper = home.start_ready();
        let bot = Bot::of(&home, &keeper);

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
