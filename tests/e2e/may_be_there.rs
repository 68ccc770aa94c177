//! Orders of which nobody knows whether FYERS has them: no exit of one is simulated, and a person hears at once.

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::{link, press_through, wait_card},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// A live keeper whose person can log in with a tap.
fn live() -> (Home, Keeper, String) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    home.sim.set_instant_login(true);
    home.sim.set_redirect_uri(&format!("http://127.0.0.1:{}/fyers/callback", home.port));
    let page = format!("http://127.0.0.1:{}", home.port);
    let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_PUBLIC_URL", page);
    let home = home.set("KEEPER_MOCK_PRICES", "walk");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    (home, keeper, token)
}

fn dead() -> Value {
    json!({"s": "error", "code": -16, "message": "Could not authenticate the user"})
}

fn placing() -> Scope {
    Scope::exact(endpoint::ORDERS_SYNC).method("POST")
}

/// From now on FYERS says of the token that it is dead.
fn disown(home: &Home, path: &str) {
    home.sim.inject(FaultRule::forever(
        Scope::exact(path).method("GET"),
        Fault::Json { status: 401, body: dead() },
    ));
}

fn exit_is_refused(told: &Told) {
    let words = told.body["message"].as_str().unwrap_or_default();
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    assert!(words.contains("an order in NSE:SBIN-EQ at FYERS may have filled"), "{words}");
    assert!(words.contains("refused, not simulated"), "{words}");
}

/// FYERS refuses the token, has taken the order all the same, and the bot is told of a simulated one.
#[test]
fn the_exit_of_an_order_that_was_refused_with_the_token_is_not_simulated_before_fyers_book_was_read() {
    let (home, keeper, token) = live();
    home.sim.inject(FaultRule::once(placing(), Fault::Answered { status: 401, body: dead() }));
    disown(&home, endpoint::PROFILE);
    let bot = Bot::of(&home, &keeper);
    let entry = bot.order(SBIN, 10);
    assert_eq!((entry.venue.as_str(), &entry.body["code"]), ("mock", &json!(1101)), "{}", entry.body);
    let alert = home.wait_alert("Order simulated, and may be at FYERS: buy 10 NSE:SBIN-EQ");
    assert!(alert.contains("look in the order book at FYERS before anybody places it again"), "{alert}");
    exit_is_refused(&bot.order(SBIN, -10));
    assert_eq!(bot.order("NSE:INFY-EQ", -1).venue, "mock", "another symbol");
    let switched = home.wait_alert("Orders are simulated now");
    assert!(!switched.contains("Nothing was open"), "{switched}");
    assert!(switched.contains("+10 NSE:SBIN-EQ (sent, not read yet)"), "{switched}");

    keeper.kill9();
    assert!(home.sim.kill(&token));
    home.sim.clear_faults();
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(&home, &keeper);
    exit_is_refused(&bot.order(SBIN, -10));

    press_through(&link(&wait_card(&home)));
    let own = home.sim.state().orders[0]["id"].as_str().unwrap().to_owned();
    let alert = home.wait_alert("refused with the token, and may be at FYERS");
    assert!(alert.contains(&format!("{own}: buy 10 {SBIN}")), "{alert}");
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 1, "it was not sent again");
    wait_for("the position", || {
        let words = bot.order(SBIN, -20).body["message"].as_str().unwrap_or_default().to_owned();
        words.contains("10 can be closed at FYERS").then_some(())
    });
}

/// The answer is lost, and the token dies before the order book can be read.
#[test]
fn an_order_whose_answer_is_lost_as_the_token_dies_is_told_before_the_next_login() {
    let (home, keeper, _) = live();
    for path in [endpoint::ORDERS, endpoint::POSITIONS, endpoint::PROFILE] {
        disown(&home, path);
    }
    home.sim.inject(FaultRule::once(placing(), Fault::LostAnswer));
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 10).body["code"], 201, "nobody knows");
    let alert = home.wait_alert("Order sent, answer lost: buy 10 NSE:SBIN-EQ");
    assert!(alert.contains("its order book cannot be read now"), "{alert}");
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    exit_is_refused(&bot.order(SBIN, -10));

    home.sim.clear_faults();
    press_through(&link(&wait_card(&home)));
    let own = home.sim.state().orders[0]["id"].as_str().unwrap().to_owned();
    home.wait_alert(&format!("{own}: buy 10 {SBIN}"));
    let told = home.alerts().iter().filter(|alert| alert.contains("answer lost")).count();
    assert_eq!(told, 2, "{:#?}", home.alerts());
}

/// A bot that reads only the code would stop at a gateway's answer.
#[test]
fn a_tokens_code_from_a_gateway_reaches_no_bot() {
    let (home, keeper, _) = live();
    let bot = Bot::of(&home, &keeper);
    // A 429 would hold back what comes after it.
    for status in [404, 502] {
        let fault = Fault::Json { status, body: dead() };
        home.sim.inject(FaultRule::once(endpoint::FUNDS, fault.clone()));
        home.sim.inject(FaultRule::once(placing(), fault));
        let read = bot.get("/api/v3/funds");
        assert_eq!((read.status, read.mode.as_str()), (502, "live"), "{}", read.body);
        assert_eq!((&read.body["s"], &read.body["code"]), (&json!("error"), &json!(-502)), "{}", read.body);
        let order = bot.order(SBIN, 1);
        assert_eq!((order.status, &order.body["code"]), (200, &json!(201)), "{}", order.body);
        assert!(order.body["message"].as_str().unwrap().contains("outcome is not known"), "{}", order.body);
    }
    assert_eq!(keeper.status()["mode"], "live");
    assert!(!home.alerts().iter().any(|alert| alert.contains("FYERS rejected")), "{:#?}", home.alerts());
}

fn unread(home: &Home) {
    home.sim.inject(FaultRule::forever(
        Scope::exact(endpoint::POSITIONS).method("GET"),
        Fault::Html { status: 503 },
    ));
}

#[test]
fn positions_that_cannot_be_read_any_more_are_said_to_be_not_known_and_protect_everything() {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    unread(&home);
    assert_eq!(bot.order("NSE:INFY-EQ", 1).venue, "fyers");
    home.wait_alert("Your live positions cannot be read");
    keeper.wait_status("not known", |status| status["positions_known"] == "unknown");
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let order = bot.order(SBIN, -10);
    let words = order.body["message"].as_str().unwrap();
    assert_eq!((order.status, order.venue.as_str()), (400, "none"), "{words}");
    assert!(words.contains("your live positions could not be read since"), "{words}");
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains("positions could not be read since"), "{page}");
}

#[test]
fn under_a_halt_an_order_that_fills_is_told_and_an_exit_of_everything_passes_unread_positions() {
    let (home, keeper, _) = live();
    let bot = Bot::of(&home, &keeper);
    home.sim.set_price(SBIN, 800.0);
    let waits = json!({"symbol": SBIN, "qty": 10, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 700,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    assert_eq!(bot.place(waits).venue, "fyers");
    crate::chat::press(&home, crate::chat::OWNER, &crate::chat::ask(&home, "/halt", "Halt trading?"), "Yes");
    keeper.wait_status("halted", |status| status["mode"] == "halted");
    let readings = || home.sim.call_count(endpoint::POSITIONS).total;
    let before = readings();
    wait_for("a reading", || (readings() >= before + 2).then_some(()));
    home.sim.set_price(SBIN, 699.0);
    let alert = home.wait_alert("A position has grown under the halt: it was 0 NSE:SBIN-EQ, and is 10");
    assert!(alert.contains("an order has filled that was at FYERS before the halt"), "{alert}");

    unread(&home);
    let exit =
        |bot: &Bot| bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(json!({"exit_all": 1})));
    let told = exit(&bot);
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
}

#[test]
fn what_the_bot_converts_just_before_a_halt_has_not_grown_under_it() {
    let (home, keeper, _) = live();
    let bot = Bot::of(&home, &keeper);
    home.sim.set_price(SBIN, 800.0);
    let readings = || home.sim.call_count(endpoint::POSITIONS).total;
    let learn = || {
        let before = readings();
        wait_for("readings", || (readings() >= before + 3).then_some(()));
    };
    assert_eq!(bot.order(SBIN, 10).venue, "fyers");
    learn();
    unread(&home);
    let convert = json!({"symbol": format!("{SBIN}-INTRADAY"), "positionSide": 1, "convertQty": 10,
        "convertFrom": "INTRADAY", "convertTo": "MARGIN"});
    let told = bot.ask(reqwest::Method::POST, "/api/v3/positions", Some(convert));
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    crate::chat::press(&home, crate::chat::OWNER, &crate::chat::ask(&home, "/halt", "Halt trading?"), "Yes");
    keeper.wait_status("halted", |status| status["mode"] == "halted");
    home.sim.clear_faults();
    keeper.wait_status("known", |status| status["positions_known"] == "known");
    learn();
    // What comes later is told behind what came before.
    only_what_comes_later_has_grown(&home);
}

fn only_what_comes_later_has_grown(home: &Home) {
    crate::card::trade(home, &home.newest(TokenKind::Access), SBIN, 5);
    let grown = home.wait_alert("A position has grown under the halt");
    assert!(grown.contains(&format!("it was 10 {SBIN}, and is 15")), "{grown}");
    let told = home.alerts().iter().filter(|alert| alert.contains("has grown under the halt")).count();
    assert_eq!(told, 1, "{:#?}", home.alerts());
}

#[test]
fn what_the_bot_buys_just_before_a_halt_has_not_grown_under_it() {
    let (home, keeper, _) = live();
    let bot = Bot::of(&home, &keeper);
    home.sim.set_price(SBIN, 800.0);
    unread(&home);
    let told = bot.order(SBIN, 10);
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    crate::halt::halt(&home, &keeper);
    home.sim.clear_faults();
    keeper.wait_status("known", |status| status["positions_known"] == "known");
    crate::lagging_books::wait_readings(&home, 3);
    only_what_comes_later_has_grown(&home);
}

/// A person has placed it in the FYERS app, and the bot makes it larger: FYERS does so, and says that the token is dead.
#[test]
fn a_change_that_met_a_dead_token_of_an_order_that_nobody_has_read_protects() {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    home.sim.set_price(SBIN, 800.0);
    let none = json!({"s": "ok", "code": 200, "message": "", "orderBook": []});
    crate::lagging_books::lags(&home, &[(endpoint::ORDERS, none)]);
    let waits = json!({"symbol": SBIN, "qty": 10, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 700,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let id = crate::card::order_in_the_app(&home, &token, &waits)["id"].clone();
    let changing = Scope::exact(endpoint::ORDERS_SYNC).method("PATCH");
    home.sim.inject(FaultRule::once(changing, Fault::Answered { status: 401, body: dead() }));
    disown(&home, endpoint::PROFILE);
    let change = json!({"id": id, "type": 1, "limitPrice": 900, "stopPrice": 0, "qty": 20});
    bot.ask(reqwest::Method::PATCH, "/api/v3/orders/sync", Some(change));
    assert_eq!(home.sim.state().orders[0]["qty"], 20, "FYERS has made it");
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let is_refused = |bot: &Bot| {
        let told = bot.order(SBIN, -20);
        let words = told.body["message"].as_str().unwrap_or_default();
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        assert!(words.contains("refused, not simulated"), "{words}");
    };
    is_refused(&bot);
    keeper.kill9();
    assert!(home.sim.kill(&token));
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    is_refused(&Bot::of(&home, &keeper));
}
