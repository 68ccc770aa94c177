//! Exits of a key with limits right behind other orders: they wait for a reading of FYERS' books, and pass when that shows
//! them to be exits.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, endpoint};

use crate::{
    bot::{Bot, Told},
    key_limits_held::{close, closed, order, wait_read},
    keys::{SBIN, add, home, live, refused, taken},
    support::wait_for,
};

/// Half of what an order counts for that FYERS' books never show.
const SOON: Duration = Duration::from_secs(15);

fn cancel(bot: &Bot, path: &str, id: &Value) -> Told {
    let told = bot.ask(Method::DELETE, path, Some(json!({"id": id})));
    assert_eq!(told.venue, "fyers", "{}", told.body);
    told
}

#[test]
fn the_first_exit_after_an_entry_that_used_up_a_limit_waits_for_a_reading_and_passes() {
    let home = home();
    let keeper = live(&home);
    let once = Bot::with_token(&keeper, &add(&home, &["once", "--max-orders-per-day", "1"]));
    home.sim.inject(FaultRule::forever(endpoint::POSITIONS, Fault::Latency { ms: 400 }));
    taken(&once.order(SBIN, 10), "fyers");
    taken(&once.order(SBIN, -10), "fyers");
    refused(&once.order(SBIN, 10), "max-orders-per-day is 1");
    refused(&once.order(SBIN, -10), "max-orders-per-day is 1");
}

/// A conversion leaves order book and position of a product apart, until a reading without an order on its way: what cannot
/// be compared then must not hold for half a minute what FYERS says is over.
#[test]
fn a_cancelled_exit_stands_in_nothings_way_whatever_else_has_moved_the_position() {
    let home = home();
    let keeper = live(&home);
    let (owner, token) = (Bot::of(&home, &keeper), add(&home, &["small", "--max-order-value", "1000"]));
    let small = Bot::with_token(&keeper, &token);
    taken(&owner.place(order(10, 0, "INTRADAY")), "fyers");
    wait_read(&home);
    let convert = json!({"symbol": format!("{SBIN}-INTRADAY"), "positionSide": 1, "convertQty": 10,
        "convertFrom": "INTRADAY", "convertTo": "MARGIN"});
    closed(&owner.ask(Method::POST, "/api/v3/positions", Some(convert)));
    taken(&owner.place(order(10, 0, "INTRADAY")), "fyers");
    let exit = wait_for("the exit to pass", || {
        let told = small.place(order(-10, 820, "INTRADAY"));
        (told.venue == "fyers").then_some(told)
    });
    wait_read(&home);
    cancel(&small, "/api/v3/orders/sync", &exit.body["id"]);
    let began = Instant::now();
    wait_for("the exit of the position to pass", || {
        let told = close(&small);
        (told.venue == "fyers").then(|| closed(&told))
    });
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn a_cancelled_gtt_order_stands_in_no_exits_way() {
    let home = home();
    let keeper = live(&home);
    let (owner, token) = (Bot::of(&home, &keeper), add(&home, &["small", "--max-order-value", "1000"]));
    let small = Bot::with_token(&keeper, &token);
    taken(&owner.place(order(10, 0, "MARGIN")), "fyers");
    wait_read(&home);
    let gtt = json!({"side": -1, "symbol": SBIN, "productType": "MARGIN",
        "orderInfo": {"leg1": {"price": 700, "triggerPrice": 701, "qty": 10}}});
    let placed = owner.ask(Method::POST, "/api/v3/gtt/orders/sync", Some(gtt));
    assert_eq!(placed.venue, "fyers", "{}", placed.body);
    cancel(&owner, "/api/v3/gtt/orders/sync", &placed.body["id"]);
    let began = Instant::now();
    taken(&small.place(order(-10, 0, "MARGIN")), "fyers");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[test]
fn a_change_of_quantity_alone_is_worth_the_stop_that_the_order_has() {
    let home = home();
    let keeper = live(&home);
    let token = add(&home, &["small", "--max-order-value", "10000"]);
    let small = Bot::with_token(&keeper, &token);
    let mut body = order(8, 0, "INTRADAY");
    (body["type"], body["stopPrice"]) = (json!(3), json!(1000));
    let told = small.place(body);
    taken(&told, "fyers");
    let id = &told.body["id"];
    let change = |bot: &Bot, id: &Value, quantity: i64| {
        bot.ask(Method::PATCH, "/api/v3/orders/sync", Some(json!({"id": id, "qty": quantity})))
    };
    let words = "is worth INR 11,000.00";
    refused(&change(&small, id, 11), words);
    assert_eq!(change(&small, id, 9).venue, "fyers");
    wait_read(&home);
    refused(&change(&small, id, 11), words);
    keeper.kill9();
    let keeper = live(&home);
    // Until the order book is read, nobody knows what stop the order has.
    let small = Bot::with_token(&keeper, &token);
    wait_for("the worth of the change", || {
        let told = change(&small, id, 11);
        assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
        told.body["message"].as_str().unwrap().contains(words).then_some(())
    });
    let dry =
        Bot::with_token(&keeper, &add(&home, &["dry", "--mode", "sandbox", "--max-order-value", "10000"]));
    let mut body = order(8, 0, "INTRADAY");
    (body["type"], body["stopPrice"]) = (json!(3), json!(900));
    let told = dry.place(body);
    taken(&told, "mock");
    refused(&change(&dry, &told.body["id"], 12), "is worth INR 10,800.00");
}
