//! Exits of positions that FYERS answers as done and rejects afterwards: whoever believes in them holds the position still.

use chrono::TimeDelta;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope, endpoint};

use crate::{
    bot::Bot,
    halt::halt,
    lagging_books::wait_readings,
    rejects::{live, stay_told_over_a_kill},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const WHY: &str = "RED:Margin Shortfall later";

/// From now on FYERS answers an exit of positions as done, and its order book has one that it has rejected, made then.
fn reject_exits(home: &Home, bot: &Bot) {
    let closed = json!({"s": "ok", "code": 200, "message": "The position is closed."});
    let exits = Scope::exact(endpoint::POSITIONS).method("DELETE");
    home.sim.inject(FaultRule::forever(exits, Fault::Json { status: 200, body: closed }));
    has_rejected_an_exit(home, bot);
}

fn has_rejected_an_exit(home: &Home, bot: &Bot) {
    has_rejected(home, bot, "2:Untagged", false);
}

/// From now on FYERS' order book has a sale of 50 with this mark that it has rejected, made in a moment, and with `entries` it has
/// rejected all that waits.
fn has_rejected(home: &Home, bot: &Bot, mark: &str, entries: bool) {
    let mut book = bot.body("/api/v3/orders")["orderBook"].clone();
    let rows = book.as_array_mut().unwrap();
    for row in rows.iter_mut().filter(|row| entries && row["status"] == 6) {
        (row["status"], row["remainingQuantity"], row["message"]) = (json!(5), json!(0), json!(WHY));
    }
    let mut exit = rows.iter().find(|row| row["qty"] == 50).unwrap().clone();
    // It may take a while until the exit comes.
    let then = fyers_api::ist::ist(home.sim.now() + TimeDelta::seconds(5));
    for (name, value) in [
        ("id", json!("26112399999999")),
        ("side", json!(-1)),
        ("status", json!(5)),
        ("filledQty", json!(0)),
        ("remainingQuantity", json!(0)),
        ("tradedPrice", json!(0)),
        ("message", json!(WHY)),
        ("orderTag", json!(mark)),
        ("orderDateTime", json!(then.format("%d-%b-%Y %H:%M:%S").to_string())),
    ] {
        exit[name] = value;
    }
    rows.push(exit);
    let body = json!({"s": "ok", "code": 200, "message": "", "orderBook": book});
    let orders = Scope::exact(endpoint::ORDERS).method("GET");
    home.sim.inject(FaultRule::forever(orders, Fault::Json { status: 200, body }));
}

fn listed(home: &Home) {
    let table = home.run(&["orders"]).exits(0).out;
    let row = table.lines().find(|row| row.contains(" exit ")).unwrap_or_else(|| panic!("{table}"));
    assert!(row.contains(" 50 ") && row.contains(SBIN) && row.contains(" rejected fyers"), "{table}");
    assert_eq!((table.matches(" exit ").count(), table.matches(WHY).count()), (1, 1), "{table}");
}

#[test]
fn an_exit_that_fyers_rejects_later_is_told_listed_and_counted_once() {
    for body in [json!({"id": format!("{SBIN}-INTRADAY")}), json!({"exit_all": 1})] {
        let (home, keeper) = live();
        let bot = Bot::of(&home, &keeper);
        assert_eq!(bot.order(SBIN, 50).body["code"], 1101);
        wait_readings(&home, 2);
        reject_exits(&home, &bot);
        let closed = bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(body.clone()));
        assert_eq!((closed.venue.as_str(), &closed.body["s"]), ("fyers", &json!("ok")), "{body}");
        let alert = home.wait_alert("FYERS rejected: sell 50 NSE:SBIN-EQ at market");
        assert!(alert.contains(WHY) && alert.contains("the position is still open"), "{alert}");
        stay_told_over_a_kill((&home, keeper), 1, |_| listed(&home));
    }
}

/// FYERS has it, and nobody has its answer. What it has become the book alone tells.
#[test]
fn an_exit_whose_answer_was_lost_and_that_fyers_rejects_is_told_listed_and_counted_once() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 50).body["code"], 1101);
    wait_readings(&home, 2);
    has_rejected_an_exit(&home, &bot);
    home.sim.inject(FaultRule::once(Scope::exact(endpoint::POSITIONS).method("DELETE"), Fault::Reset));
    let lost = bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(json!({"exit_all": 1})));
    assert_eq!((lost.venue.as_str(), &lost.body["code"]), ("fyers", &json!(201)), "{}", lost.body);
    let alert = home.wait_alert("FYERS rejected: sell 50 NSE:SBIN-EQ at market");
    assert!(alert.contains(WHY) && !alert.contains("bot was told"), "{alert}");
    stay_told_over_a_kill((&home, keeper), 1, |_| listed(&home));
}

/// The same of an exit by an order: the book has it, as rejected, and nobody has its answer.
#[test]
fn an_exit_by_an_order_whose_answer_was_lost_and_that_fyers_rejects_is_told_listed_and_counted_once() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 50).body["code"], 1101);
    wait_readings(&home, 2);
    has_rejected(&home, &bot, "1:exit1", false);
    home.sim.inject(FaultRule::once(Scope::exact(endpoint::ORDERS_SYNC).method("POST"), Fault::Reset));
    let lost = bot.tagged(SBIN, -50, "exit1");
    assert_eq!((lost.venue.as_str(), &lost.body["code"]), ("fyers", &json!(201)), "{}", lost.body);
    let alert = home.wait_alert("FYERS rejected: sell 50 NSE:SBIN-EQ at market");
    assert!(alert.contains(WHY) && alert.contains("FYERS had taken it first"), "{alert}");
    let listed = |_: &Keeper| {
        let table = home.run(&["orders"]).exits(0).out;
        let row = table.lines().find(|row| row.contains(" SELL ")).unwrap_or_else(|| panic!("{table}"));
        assert!(row.contains(" 50 ") && row.contains(SBIN) && row.contains(" rejected fyers"), "{table}");
        assert_eq!((table.matches(" SELL ").count(), table.matches(WHY).count()), (1, 1), "{table}");
    };
    stay_told_over_a_kill((&home, keeper), 1, listed);
}

/// An order that waits is closed too if it fills before the exit. FYERS rejects both, so nothing of the exit is to come.
#[test]
fn an_exit_is_not_held_up_by_a_rejected_exit_whose_entry_was_rejected_too() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 50).body["code"], 1101);
    let entry = json!({"symbol": SBIN, "qty": 10, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 700.5,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    assert_eq!(bot.place(entry).body["code"], 1101);
    wait_readings(&home, 2);
    let closed = json!({"s": "ok", "code": 200, "message": "The position is closed."});
    let exits = Scope::exact(endpoint::POSITIONS).method("DELETE");
    home.sim.inject(FaultRule::once(exits, Fault::Json { status: 200, body: closed }));
    bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(json!({"exit_all": 1})));
    has_rejected(&home, &bot, "2:Untagged", true);
    home.wait_alert("FYERS rejected: sell 50 NSE:SBIN-EQ at market");
    home.wait_alert("FYERS rejected: buy 10 NSE:SBIN-EQ at ₹700.50");
    halt(&home, &keeper);
    let exit = bot.order(SBIN, -50);
    assert_eq!(exit.venue, "fyers", "{}", exit.body);
}

/// What the order book shows as rejected has closed nothing, and closes nothing any more.
#[test]
fn under_a_halt_the_position_whose_exit_was_rejected_can_be_closed_at_once() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.order(SBIN, 50).body["code"], 1101);
    wait_readings(&home, 2);
    reject_exits(&home, &bot);
    bot.ask(reqwest::Method::DELETE, "/api/v3/positions", Some(json!({"exit_all": 1})));
    home.wait_alert("FYERS rejected: sell 50 NSE:SBIN-EQ at market");
    halt(&home, &keeper);
    let alert = home.wait_alert("Trading is halted by");
    assert!(!alert.contains("-50 NSE:SBIN-EQ"), "nothing of it waits: {alert}");
    let exit = bot.order(SBIN, -50);
    assert_eq!(exit.venue, "fyers", "{}", exit.body);
}

/// FYERS answers it without an id. Its clock is half a minute ahead of what it stamps orders with.
#[test]
fn an_order_that_was_told_as_rejected_by_its_mark_is_not_named_as_one_that_waits() {
    let (home, keeper) = live();
    home.sim.set_date_skew(30);
    let bot = Bot::of(&home, &keeper);
    let order = json!({"symbol": SBIN, "qty": 10, "type": 1, "side": 1, "productType": "INTRADAY", "limitPrice": 700.5,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "orderTag": "a1"});
    let queued = bot.post("/api/v3/orders/async", order);
    assert_eq!((&queued["code"], &queued["id"]), (&json!(1101), &Value::Null), "{queued}");
    crate::rejects::reject_all(&home, &bot);
    home.wait_alert("FYERS rejected: buy 10 NSE:SBIN-EQ at ₹700.50");
    halt(&home, &keeper);
    let alert = wait_for("the halt", || {
        home.alerts().into_iter().find(|alert| alert.contains("Trading is halted by"))
    });
    assert!(!alert.contains("+10 NSE:SBIN-EQ"), "{alert}");
}
