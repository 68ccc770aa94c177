//! Changes of orders with keys that have limits, through the real program: an order is judged by the most that it may be.

use std::thread;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    bot::{Bot, Told},
    keys::{SBIN, add, home, live, refused, taken},
    support::wait_for,
};

const WITH_BEFORE: &str = "with this change, and those sent before it";

fn order(quantity: i64, price: i64) -> Value {
    json!({"symbol": SBIN, "qty": quantity.abs(), "type": 1, "side": quantity.signum(), "productType": "INTRADAY",
        "limitPrice": price, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
}

/// An order that waits, by its id.
fn waiting(bot: &Bot, quantity: i64, price: i64, venue: &str) -> Value {
    let placed = bot.place(order(quantity, price));
    taken(&placed, venue);
    placed.body["id"].clone()
}

fn change(bot: &Bot, id: &Value, name: &str, value: i64) -> Told {
    bot.ask(Method::PATCH, "/api/v3/orders/sync", Some(json!({"id": id, "type": 1, name: value})))
}

/// A change that FYERS has taken.
fn is_changed(told: &Told) -> bool {
    told.venue == "fyers" && told.body["code"] == 1102
}

/// Two changes that leave together: each is fine by itself.
fn change_at_once(bot: &Bot, id: &Value, (quantity, price): (i64, i64)) -> usize {
    let told = thread::scope(|scope| {
        let both = [("qty", quantity), ("limitPrice", price)]
            .map(|(name, value)| scope.spawn(move || change(bot, id, name, value).venue));
        both.map(|one| one.join().unwrap())
    });
    told.iter().filter(|venue| *venue != "none").count()
}

#[test]
fn changes_in_turn_and_at_once_stay_within_the_limit_also_after_a_restart() {
    let home = home();
    let keeper = live(&home);
    let token = add(&home, &["small", "--max-order-value", "5000"]);
    let on_trial = add(&home, &["trial", "--mode", "sandbox", "--max-order-value", "5000"]);
    let small = Bot::with_token(&keeper, &token);
    let id = waiting(&small, 1, 1, "fyers");
    assert!(is_changed(&change(&small, &id, "qty", 5_000)));
    refused(&change(&small, &id, "limitPrice", 700), WITH_BEFORE);
    let other = waiting(&small, 1, 1, "fyers");
    assert_eq!(change_at_once(&small, &other, (5_000, 700)), 1, "of two that leave together one goes");
    let on_trial = Bot::with_token(&keeper, &on_trial);
    // The MockExchange takes no price so far from the last.
    let simulated = waiting(&on_trial, 1, 650, "mock");
    assert_eq!(change_at_once(&on_trial, &simulated, (7, 790)), 1, "so it is where they are simulated");

    keeper.kill9();
    let keeper = live(&home);
    let small = Bot::with_token(&keeper, &token);
    refused(&change(&small, &id, "limitPrice", 700), WITH_BEFORE);
    assert_eq!(
        change_at_once(&small, &other, (5_000, 700)),
        1,
        "the one that went may go again, the other may not"
    );
    assert_eq!(small.ask(Method::DELETE, "/api/v3/orders/sync", Some(json!({"id": id}))).venue, "fyers");
}

#[test]
fn a_change_of_an_exit_passes_and_that_of_anothers_order_does_not() {
    let home = home();
    let keeper = live(&home);
    let token = |args: &[&str]| Bot::with_token(&keeper, &add(&home, args));
    let (small, few) =
        (token(&["small", "--max-order-value", "5000"]), token(&["few", "--max-orders-per-day", "9"]));
    taken(&small.order(SBIN, 5), "fyers");
    let is_filled = || home.run(&["orders"]).exits(0).out.contains("filled");
    wait_for("the fill to be known", || is_filled().then_some(()));
    home.sim.set_price(SBIN, 2_000.0);
    let exit = waiting(&small, -5, 2_100, "fyers");
    // Until a reading shows the order once, it may be counted twice.
    wait_for("the change of the exit", || {
        is_changed(&change(&small, &exit, "limitPrice", 2_090)).then_some(())
    });
    refused(&change(&small, &exit, "qty", 6), WITH_BEFORE);
    refused(&change(&few, &exit, "qty", 1), "does not know this order as one of its own today");
    let mut future = order(-75, 0);
    (future["symbol"], future["productType"], future["type"]) =
        (json!("NSE:NIFTY26NOVFUT"), json!("CNC"), json!(2));
    let told = small.place(future);
    assert_eq!(told.venue, "none", "no delivery of a future: {}", told.body);
}

/// Whatever changes orders or positions.
const QUERIED: [(Method, &str); 9] = [
    (Method::POST, "/api/v3/orders/sync"),
    (Method::PATCH, "/api/v3/orders/sync"),
    (Method::DELETE, "/api/v3/orders/sync"),
    (Method::POST, "/api/v3/multi-order/sync"),
    (Method::POST, "/api/v3/gtt/orders/sync"),
    (Method::POST, "/api/v3/multileg/orders/sync"),
    (Method::POST, "/api/v3/positions"),
    (Method::DELETE, "/api/v3/positions"),
    (Method::POST, "/api/v3/orders/async"),
];

#[test]
fn a_field_that_nobody_sees_and_a_query_never_reach_fyers() {
    let home = home();
    let keeper = live(&home);
    let bot = Bot::with_token(&keeper, &add(&home, &["free"]));
    for name in ["qty\u{0}", "qty\u{1}", "Q\u{7f}TY"] {
        let mut body = order(1, 700);
        body[name] = json!(100);
        refused(&bot.place(body), "a field comes twice");
    }
    for query in [
        "?qty=100&symbol=NSE:SBIN-EQ",
        "?{%22qty%22:100}",
        "?x=%7B%22qty%22:100%7D",
        "?qty[]=100",
        "?%2526qty=100",
        "?+qty=100",
        "??+qty=100",
        "?x[qty]=100",
        "?body.qty=100",
        "?v=2",
    ] {
        for (method, path) in QUERIED {
            let told = bot.ask(method, &format!("{path}{query}"), Some(order(1, 700)));
            refused(&told, "a query beside its body");
        }
    }
    waiting(&bot, 1, 700, "fyers");
}
