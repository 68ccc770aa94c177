//! GTT and smart orders wait at FYERS where no reading of the order book shows them, and execute there without a token.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    support::{Home, Keeper, block_on, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";
const TCS: &str = "NSE:TCS-EQ";
const GTT: &str = "/api/v3/gtt/orders/sync";
const SMART: &str = "/api/v3/smart-order/limit";

/// How such an order is placed and cancelled.
struct Way {
    place: (&'static str, fn(&str) -> Value),
    cancel: (&'static str, &'static str),
    kind: &'static str,
}

fn live() -> (Home, Keeper, String) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false").set("KEEPER_MOCK_PRICES", "walk");
    home.sim.set_price(INFY, 1_500.0);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    (home, keeper, token)
}

fn acknowledged(told: &Told) -> String {
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
    told.body["id"].as_str().unwrap().to_owned()
}

/// Until nothing that was sent counts beside FYERS' books: of a smart order they show nothing, so it counts until a reading that
/// began two minutes after its answer.
fn wait_settled(home: &Home) {
    let sent = Instant::now();
    wait_for("the two minutes", || (sent.elapsed() > Duration::from_secs(121)).then_some(()));
    let readings = || home.sim.call_count(endpoint::POSITIONS).total;
    let before = readings();
    wait_for("readings of the books", || (readings() >= before + 2).then_some(()));
}

fn goes_on_being_protected(bot: &Bot, kind: &str) {
    for quantity in [-10, 10] {
        let told = bot.order(SBIN, quantity);
        let words = told.body["message"].as_str().unwrap_or_default();
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        assert!(
            words.contains(&format!("a {kind} of yours for {SBIN} may have executed at FYERS")),
            "{words}"
        );
        assert!(words.contains("refused, not simulated"), "{words}");
    }
    let cancelled = bot.order(INFY, -1);
    assert_eq!(
        (cancelled.venue.as_str(), &cancelled.body["code"]),
        ("mock", &json!(1101)),
        "{}",
        cancelled.body
    );
}

fn protects_until_it_is_cancelled(way: &Way) {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    let ((place, body), (cancel, name)) = (way.place, way.cancel);
    acknowledged(&bot.ask(Method::POST, place, Some(body(SBIN))));
    let other = acknowledged(&bot.ask(Method::POST, place, Some(body(INFY))));
    acknowledged(&bot.ask(Method::DELETE, cancel, Some(json!({ name: other }))));
    wait_settled(&home);
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    goes_on_being_protected(&bot, way.kind);
    let open = format!("+10 {SBIN} (a {} that waits)", way.kind);
    let switched = home.wait_alert("Orders are simulated now");
    assert!(switched.contains(&open) && !switched.contains("Nothing was open"), "{switched}");
    assert!(!switched.contains(&format!("{INFY} (a {}", way.kind)), "it was cancelled: {switched}");

    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    goes_on_being_protected(&Bot::of(&home, &keeper), way.kind);
    let status = keeper.status().to_string();
    assert!(status.contains(&open), "{status}");
}

#[test]
fn no_exit_is_simulated_beside_a_gtt_order_that_waits_at_fyers() {
    protects_until_it_is_cancelled(&Way { place: (GTT, gtt_in), cancel: (GTT, "id"), kind: "GTT order" });
}

#[test]
fn no_exit_is_simulated_beside_a_smart_order_that_waits_at_fyers() {
    protects_until_it_is_cancelled(&Way {
        place: (SMART, smart_in),
        cancel: ("/api/v3/smart-order/cancel", "flowId"),
        kind: "smart order",
    });
}

/// What nobody has an answer to may wait there all the same; what FYERS has refused does not.
#[test]
fn no_exit_is_simulated_beside_a_gtt_or_smart_order_whose_answer_was_lost() {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    let refused = bot.ask(Method::POST, GTT, Some(gtt_in(TCS)));
    assert_eq!(refused.body["s"], "error", "it knows no such symbol: {}", refused.body);
    for (place, body) in [(GTT, gtt_in(SBIN)), (SMART, smart_in(INFY))] {
        home.sim.inject(FaultRule::once(place, Fault::LostAnswer));
        let told = bot.ask(Method::POST, place, Some(body));
        assert_eq!(told.body["code"], 201, "its outcome is not known: {}", told.body);
    }
    wait_settled(&home);
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let protects = |bot: &Bot| {
        for symbol in [SBIN, INFY] {
            let told = bot.order(symbol, -10);
            assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{symbol}: {}", told.body);
        }
        assert_eq!(bot.order(TCS, -1).venue, "mock");
    };
    protects(&bot);
    let switched = home.wait_alert("Orders are simulated now");
    assert!(switched.contains(&format!("+10 {SBIN} (a GTT order that may wait)")), "{switched}");
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    protects(&Bot::of(&home, &keeper));
}

/// FYERS has taken them, and the keeper is gone before the answers come: the next one finds its note of them.
#[test]
fn no_exit_is_simulated_beside_a_gtt_or_smart_order_over_which_the_keeper_was_killed() {
    for is_dead in [false, true] {
        println!("the token is dead at the next start: {is_dead}");
        let (home, keeper, token) = live();
        for (place, body) in [(GTT, gtt_in(SBIN)), (SMART, smart_in(INFY))] {
            home.sim.inject(FaultRule::once(place, Fault::HeldAnswer));
            let bot = Bot::of(&home, &keeper);
            // It hears nothing more.
            std::thread::spawn(move || std::panic::catch_unwind(|| bot.ask(Method::POST, place, Some(body))));
            wait_for("the order at FYERS", || (home.sim.call_count(place).in_flight == 1).then_some(()));
        }
        let taken = || gtts_at_fyers(&home, &token).iter().any(|row| row["symbol"] == SBIN);
        wait_for("the GTT order in FYERS' book", || taken().then_some(()));
        keeper.kill9();
        if is_dead {
            assert!(home.sim.kill(&token));
        }
        let keeper = home.start_ready();
        let bot = Bot::of(&home, &keeper);
        if !is_dead {
            keeper.wait_status("live", |status| {
                status["mode"] == "live" && status["positions_known"] == "known"
            });
            wait_settled(&home);
            assert!(home.sim.kill(&token));
            assert_eq!(bot.get("/api/v3/funds").mode, "mock");
        }
        keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
        for (symbol, kind) in [(SBIN, "GTT order"), (INFY, "smart order")] {
            let told = bot.order(symbol, -10);
            assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{symbol}: {}", told.body);
            let words = told.body["message"].as_str().unwrap();
            // Before FYERS' books were read once, nobody knows what the last order did in any symbol.
            let why = match is_dead {
                false => format!("a {kind} of yours for {symbol} may have executed"),
                true => "it is not known yet what your last order did at FYERS".to_owned(),
            };
            assert!(words.contains(&why) && words.contains("refused, not simulated"), "{words}");
        }
        assert_eq!(bot.order(TCS, -1).venue, if is_dead { "none" } else { "mock" });
    }
}

/// FYERS' own GTT book.
fn gtts_at_fyers(home: &Home, token: &str) -> Vec<Value> {
    let book: Value = block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.get(format!("{}/gtt/orders", home.sim.api_url()));
        let request = request.header("authorization", format!("ABCD1234EF-200:{token}"));
        request.send().await.unwrap().json().await.unwrap()
    });
    book["orderBook"].as_array().cloned().unwrap_or_default()
}

fn smart_in(symbol: &str) -> Value {
    json!({"side": 1, "symbol": symbol, "productType": "INTRADAY", "qty": 10, "limitPrice": 700,
        "orderType": 1, "stopPrice": 0, "validity": "DAY"})
}

fn gtt_in(symbol: &str) -> Value {
    json!({"side": 1, "symbol": symbol, "productType": "MARGIN",
        "orderInfo": {"leg1": {"price": 9_010, "triggerPrice": 9_000, "qty": 10}}})
}

/// As the FYERS app cancels it: the keeper hears nothing of it.
fn cancel_in_the_app(home: &Home, token: &str, id: &str) {
    let cancelled: Value = block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.delete(format!("{}/gtt/orders/sync", home.sim.api_url()));
        let request = request.header("authorization", format!("ABCD1234EF-200:{token}"));
        request.json(&json!({ "id": id })).send().await.unwrap().json().await.unwrap()
    });
    assert_eq!(cancelled["s"], "ok", "{cancelled}");
}

fn gtt_readings(home: &Home) -> u64 {
    home.sim.call_count("/api/v3/gtt/orders").total
}

/// Until FYERS' GTT book was read so often in all, each time with the other books behind it.
fn wait_gtt_readings(home: &Home, all: u64) {
    wait_for("readings of the GTT book", || (gtt_readings(home) >= all).then_some(()));
    let positions = || home.sim.call_count(endpoint::POSITIONS).total;
    let before = positions();
    wait_for("the books behind it", || (positions() >= before + 2).then_some(()));
}

/// An hour later: the order is not so young that the book may not have it yet. With the readings of the GTT book before it.
fn an_hour_later(home: &Home, keeper: Keeper) -> (Keeper, u64) {
    assert!(keeper.stop().success());
    let before = gtt_readings(home);
    home.jump("2026-11-23T13:00:00");
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    (keeper, before)
}

#[test]
fn a_gtt_order_that_was_cancelled_in_the_app_protects_its_symbol_no_longer() {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    let place = |symbol| acknowledged(&bot.ask(Method::POST, GTT, Some(gtt_in(symbol))));
    let (gone, _stays) = (place(SBIN), place(INFY));
    cancel_in_the_app(&home, &token, &gone);
    let (keeper, before) = an_hour_later(&home, keeper);
    let bot = Bot::of(&home, &keeper);
    let refused = bot.ask(Method::DELETE, GTT, Some(json!({ "id": gone })));
    assert_eq!(refused.body["s"], "error", "{}", refused.body);
    // At the start, for the refused cancel, and some seconds later.
    wait_gtt_readings(&home, before + 3);
    assert!(home.sim.kill(&token));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let sold = bot.order(SBIN, -1);
    assert_eq!((sold.venue.as_str(), &sold.body["code"]), ("mock", &json!(1101)), "{}", sold.body);
    let refused = bot.order(INFY, -1);
    assert_eq!((refused.status, refused.venue.as_str()), (400, "none"), "{}", refused.body);
}

#[test]
fn what_cannot_be_read_of_the_gtt_orders_is_made_anew_from_fyers_book() {
    let (home, keeper, token) = live();
    let bot = Bot::of(&home, &keeper);
    acknowledged(&bot.ask(Method::POST, GTT, Some(gtt_in(SBIN))));
    assert!(keeper.stop().success());
    let damage = "UPDATE facts SET value = '\"nothing\"' WHERE name = 'conditional_orders'";
    let database = rusqlite::Connection::open(home.path("state/keeper.db")).unwrap();
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    drop(database);
    home.jump("2026-11-23T13:00:00");
    let before = gtt_readings(&home);
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    wait_gtt_readings(&home, before + 1);
    assert!(home.sim.kill(&token));
    assert_eq!(Bot::of(&home, &keeper).get("/api/v3/funds").mode, "mock");
    let switched = home.wait_alert("Orders are simulated now");
    assert!(switched.contains(&format!("+10 {SBIN} (a GTT order that waits)")), "{switched}");
    assert!(!switched.contains("a GTT or smart order that waits"), "{switched}");
    keeper.kill9();
    home.jump("2026-11-25T10:00:00");
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    let bot = Bot::of(&home, &keeper);
    let words = bot.order(SBIN, -10).body["message"].as_str().unwrap_or_default().to_owned();
    assert!(words.contains("a GTT order of yours for NSE:SBIN-EQ may have executed"), "{words}");
    let other = bot.order(INFY, -1);
    assert_eq!((other.venue.as_str(), &other.body["code"]), ("mock", &json!(1101)), "{}", other.body);
}
