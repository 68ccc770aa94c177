//! FYERS' order book and positions lag behind its answers, and behind each other: no exit is let out that another one may
//! have made an entry of.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::trade,
    halt::{halt, live},
    keys,
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";
const INFY: &str = "NSE:INFY-EQ";
pub(crate) const BOOKS: [&str; 2] = [endpoint::ORDERS, endpoint::POSITIONS];

/// What FYERS shows of these books now.
pub(crate) fn shown(bot: &Bot, books: &[&'static str]) -> Vec<(&'static str, Value)> {
    books.iter().map(|path| (*path, bot.get(path).body)).collect()
}

/// From now on it shows nothing later.
pub(crate) fn lags(home: &Home, books: &[(&'static str, Value)]) {
    for (path, body) in books {
        let fault = Fault::Json { status: 200, body: body.clone() };
        home.sim.inject(FaultRule::forever(Scope::exact(path).method("GET"), fault));
    }
}

pub(crate) fn wait_readings(home: &Home, readings: u64) {
    let count = || home.sim.call_count(endpoint::POSITIONS).total;
    let before = count();
    wait_for("readings of the books", || (count() >= before + readings).then_some(()));
}

/// Halted, with a position that a person has opened in the FYERS app and the keeper knows of.
fn halted_with(net: i64) -> (Home, Keeper, Bot, String) {
    let (home, keeper) = live(None);
    let token = home.newest(TokenKind::Access);
    // A fill in the very first reading of all would be between its two books, and nothing could tell (gateway.md).
    keeper.wait_status("the first reading", |status| status["positions_known"] == "known");
    trade(&home, &token, SBIN, net);
    halt(&home, &keeper);
    wait_readings(&home, 2);
    let bot = Bot::of(&home, &keeper);
    (home, keeper, bot, token)
}

fn close(bot: &Bot, body: Value) {
    let told = bot.ask(Method::DELETE, "/api/v3/positions", Some(body));
    assert_eq!((told.venue.as_str(), &told.body["s"]), ("fyers", &json!("ok")), "{}", told.body);
}

/// What the account holds, whatever FYERS shows.
fn net(home: &Home) -> i64 {
    let orders = home.sim.state().orders;
    let filled =
        |order: &Value| Some(order["filledQty"].as_i64().unwrap_or_default() * order["side"].as_i64()?);
    orders.iter().filter_map(filled).sum()
}

fn is_refused(told: &Told) {
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
}

/// Three of them wait for readings, together longer than any reading takes. What the books do not show for two minutes is taken
/// for what it is: a slow machine comes to that time with fewer of them.
fn exits_are_refused(home: &Home, bot: &Bot, sent: Instant) {
    let held = net(home);
    for number in 0..3 {
        if number > 0 && sent.elapsed() > Duration::from_secs(60) {
            return println!("{number} were refused within a minute");
        }
        is_refused(&bot.order(SBIN, -10));
        assert_eq!(net(home), held);
    }
}

#[test]
fn no_exit_passes_behind_an_exit_of_positions_that_both_books_do_not_show() {
    let all = json!({"exit_all": 1});
    for body in [all, json!({"id": format!("{SBIN}-INTRADAY")})] {
        let (home, _keeper, bot, token) = halted_with(10);
        lags(&home, &shown(&bot, &BOOKS));
        let sent = Instant::now();
        close(&bot, body.clone());
        assert_eq!(net(&home), 0, "{body}");
        exits_are_refused(&home, &bot, sent);
        home.sim.clear_faults();
        trade(&home, &token, SBIN, 7);
        wait_for("the exit of what was bought since", || {
            (bot.order(SBIN, -7).venue == "fyers").then_some(())
        });
        assert_eq!(net(&home), 0);
    }
}

/// One book is late, and the other one is not.
#[test]
fn no_exit_passes_behind_an_exit_of_positions_that_one_book_does_not_show() {
    for late in [&BOOKS[..1], &BOOKS[1..]] {
        let (home, _keeper, bot, _) = halted_with(10);
        lags(&home, &shown(&bot, late));
        close(&bot, json!({"exit_all": 1}));
        wait_readings(&home, 2);
        is_refused(&bot.order(SBIN, -10));
        assert_eq!(net(&home), 0);
    }
}

/// It names what it closes: that stands in no other symbol's way.
#[test]
fn an_exit_of_a_position_that_is_in_no_reading_holds_up_no_other_exit() {
    let (home, _keeper, bot, token) = halted_with(10);
    lags(&home, &shown(&bot, &BOOKS[1..]));
    home.sim.set_price(INFY, 1_500.0);
    trade(&home, &token, INFY, 5);
    close(&bot, json!({"id": format!("{INFY}-INTRADAY")}));
    let exit = bot.order(SBIN, -10);
    assert_eq!(exit.venue, "fyers", "{}", exit.body);
    assert_eq!(net(&home), 0);
}

/// Where FYERS' books are up to date nothing waits for long.
#[test]
fn an_exit_right_behind_an_exit_of_positions_passes_at_the_first_try() {
    let (home, _keeper, bot, token) = halted_with(10);
    for quantity in [7, 5] {
        close(&bot, json!({"exit_all": 1}));
        trade(&home, &token, SBIN, quantity);
        let exit = bot.order(SBIN, -quantity);
        assert_eq!(exit.venue, "fyers", "{}", exit.body);
        trade(&home, &token, SBIN, 3);
    }
    assert_eq!(net(&home), 3);
}

/// FYERS keeps a day's orders in its book: one that is missing in a reading has not ended.
#[test]
fn no_second_exit_passes_beside_one_that_waits_and_that_the_order_book_leaves_out() {
    let (home, keeper, bot, _) = halted_with(10);
    let exit = json!({"symbol": SBIN, "qty": 10, "type": 1, "side": -1, "productType": "INTRADAY", "limitPrice": 9_000,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let waits = bot.place(exit);
    assert_eq!(waits.venue, "fyers", "{}", waits.body);
    // It is settled when readings come at their usual pace.
    wait_readings(&home, 4);
    let none = json!({"s": "ok", "code": 200, "message": "", "orderBook": []});
    lags(&home, &[(endpoint::ORDERS, none)]);
    let since = Instant::now();
    exits_are_refused(&home, &bot, since);
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("halted", |status| status["mode"] == "halted" && status["positions_known"] == "known");
    let bot = Bot::of(&home, &keeper);
    is_refused(&bot.order(SBIN, -10));
    home.sim.clear_faults();
    let cancelled = bot.ask(Method::DELETE, "/api/v3/orders/sync", Some(json!({"id": waits.body["id"]})));
    assert_eq!(cancelled.body["s"], "ok", "{}", cancelled.body);
    wait_for("the exit", || (bot.order(SBIN, -10).venue == "fyers").then_some(()));
    assert_eq!(net(&home), 0);
}

/// It is sent and answered, or its answer is lost; the keeper is killed, and the positions lag behind the order book.
#[test]
fn no_second_exit_passes_after_a_restart_while_the_positions_lag() {
    for is_lost in [true, false] {
        let (home, keeper, bot, _) = halted_with(10);
        lags(&home, &shown(&bot, &BOOKS[1..]));
        if is_lost {
            let placing = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
            home.sim.inject(FaultRule::once(placing, Fault::LostAnswer));
        }
        let sent = Instant::now();
        let exit = bot.order(SBIN, -10);
        assert_eq!(exit.body["code"], if is_lost { 201 } else { 1101 }, "{}", exit.body);
        keeper.kill9();
        let keeper = home.start_ready();
        keeper.wait_status("halted", |status| {
            status["mode"] == "halted" && status["positions_known"] == "known"
        });
        let bot = Bot::of(&home, &keeper);
        if is_lost {
            let own = home.sim.state().orders.last().unwrap()["id"].as_str().unwrap().to_owned();
            home.wait_alert(&own);
        }
        assert_eq!(net(&home), 0);
        exits_are_refused(&home, &bot, sent);
        home.sim.clear_faults();
        wait_for("the entry is known to be one", || {
            let words = bot.order(SBIN, -10).body["message"].as_str().unwrap_or_default().to_owned();
            words.contains("entries are refused").then_some(())
        });
        assert_eq!(net(&home), 0);
    }
}

/// The same of a bot whose key has limits, without a halt.
#[test]
fn a_limited_keys_second_exit_does_not_pass_after_a_restart_while_the_positions_lag() {
    let home = keys::home();
    let keeper = keys::live(&home);
    let owner = Bot::of(&home, &keeper);
    keys::taken(&owner.order(SBIN, 10), "fyers");
    let token = keys::add(&home, &["small", "--max-order-value", "1000"]);
    let small = Bot::with_token(&keeper, &token);
    wait_readings(&home, 3);
    lags(&home, &shown(&owner, &BOOKS[1..]));
    let placing = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(placing, Fault::LostAnswer));
    let sent = Instant::now();
    assert_eq!(small.order(SBIN, -10).body["code"], 201);
    keeper.kill9();
    let keeper = keys::live(&home);
    let small = Bot::with_token(&keeper, &token);
    let own = home.sim.state().orders.last().unwrap()["id"].as_str().unwrap().to_owned();
    home.wait_alert(&own);
    assert_eq!(net(&home), 0);
    exits_are_refused(&home, &small, sent);
}
