//! FYERS' positions say "nothing" while its order book says otherwise: that is never taken for "nothing is open".

use serde_json::json;
use simulator::{TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::{self, link, press_through, trade, wait_card},
    lagging_books::{lags, wait_readings},
    live_positions::is_refused,
    support::{Home, Keeper},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";

/// Live at noon, with two positions of fifty in the order book and in the positions: one that the bot has bought, and one of a
/// person in the FYERS app. From then on the positions are empty, until the token dies.
fn emptied() -> (Home, Keeper, Bot) {
    let home = card::home("2026-11-23T12:00:00").set("KEEPER_MOCK_PRICES", "walk");
    home.sim.set_price(INFY, 1_500.0);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 50).venue, "fyers");
    trade(&home, &token, INFY, 50);
    bot.get(endpoint::POSITIONS);
    wait_readings(&home, 3);
    let none = json!({"s": "ok", "code": 200, "message": "", "netPositions": [], "overall": {"count_open": 0,
        "count_total": 0, "pl_realized": 0, "pl_total": 0, "pl_unrealized": 0}});
    lags(&home, &[(endpoint::POSITIONS, none)]);
    // What a bot reads and the keeper does not know makes it look.
    assert_eq!(bot.get(endpoint::POSITIONS).body["netPositions"], json!([]));
    wait_readings(&home, 3);
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    (home, keeper, bot)
}

fn exits_are_refused(bot: &Bot) {
    let is_protected = |told: &Told| is_refused(told, "FYERS' order book shows fills in NSE:");
    for symbol in [SBIN, INFY] {
        is_protected(&bot.order(symbol, -50));
    }
    let all = bot.ask(reqwest::Method::DELETE, endpoint::POSITIONS, Some(json!({"exit_all": 1})));
    is_refused(&all, "you have live positions, or orders at FYERS");
    let other = bot.order("NSE:TCS-EQ", 1);
    assert_eq!((other.venue.as_str(), &other.body["code"]), ("mock", &json!(1101)), "{}", other.body);
}

#[test]
fn no_exit_is_simulated_where_the_positions_have_lost_what_the_order_book_shows() {
    let (home, keeper, bot) = emptied();
    exits_are_refused(&bot);
    let told = home.wait_alert("Orders are simulated now");
    assert!(told.contains("NSE:SBIN-EQ (order book and positions differ by +50)"), "{told}");
    assert!(!home.alerts().iter().any(|alert| alert.contains("Nothing was open")), "{:#?}", home.alerts());

    // Another life knows of it, without a token too.
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(&home, &keeper);
    exits_are_refused(&bot);

    // Once the books agree an exit is one, and what was closed is not protected any more.
    home.sim.clear_faults();
    press_through(&link(&wait_card(&home)));
    keeper.wait_status("live", |status| status["mode"] == "live");
    wait_readings(&home, 2);
    for symbol in [SBIN, INFY] {
        assert_eq!(bot.order(symbol, -50).venue, "fyers");
    }
    wait_readings(&home, 3);
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    assert_eq!(bot.order(SBIN, -50).venue, "mock", "nothing is open");
}
