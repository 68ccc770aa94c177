//! An order is on its way to FYERS, and something goes wrong here: the bot gets FYERS' answer, and the order is on record.

use std::thread;

use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    credentials::Held,
    support::{Home, Keeper, post, wait_for},
};

fn live() -> (Home, Keeper) {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).with_telegram();
    let home = home.set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    (home, keeper)
}

/// Sends an order that takes so long, does something while it is at FYERS, and gives what the bot was told.
fn meanwhile(home: &Home, keeper: &Keeper, millis: u64, act: impl FnOnce()) -> Told {
    let bot = Bot::of(home, keeper);
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(scope, Fault::Latency { ms: millis }));
    let sending = thread::spawn(move || bot.order("NSE:SBIN-EQ", 10));
    wait_for("the order at FYERS", || {
        (home.sim.call_count(endpoint::ORDERS_SYNC).in_flight == 1).then_some(())
    });
    act();
    sending.join().unwrap()
}

fn is_fyers_own(told: &Told) {
    let body = &told.body;
    assert_eq!((told.status, told.venue.as_str(), &body["code"]), (200, "fyers", &json!(1101)), "{body}");
    assert!(!body["id"].as_str().unwrap().contains("MOCK"), "{body}");
}

/// The one order in the keeper's journal, once it has its outcome there.
fn on_record(home: &Home) -> Value {
    wait_for("the order on record", || {
        let orders = home.run(&["orders", "--json"]).exits(0).json()["orders"].clone();
        let one = orders.as_array()?.first()?.clone();
        (one["status"] == 200).then_some(one)
    })
}

#[test]
fn with_a_database_that_cannot_be_written_the_bot_has_fyers_answer() {
    let (home, keeper) = live();
    let mut held = None;
    let told = meanwhile(&home, &keeper, 2_000, || held = Some(Held::hold(&home)));
    is_fyers_own(&told);
    held.unwrap().let_go();
    assert_eq!(on_record(&home)["venue"], "fyers");
    assert_eq!(home.sim.state().orders.len(), 1);
    let open = || keeper.status()["positions_known"] == "known";
    wait_for("the positions", || open().then_some(()));
}

/// The store refuses what came of the order after its bot has the answer: it is written once the store takes it.
#[test]
fn what_the_store_refuses_late_is_on_record_once_it_can_be_written() {
    let (home, keeper) = live();
    let mut held = None;
    let told = meanwhile(&home, &keeper, 2_000, || held = Some(Held::hold(&home)));
    is_fyers_own(&told);
    // The answer waits for two seconds, and the store tries for five.
    let refused = |line: &Value| line["event"] == "store.failed" && line["actor"] == "exchange";
    wait_for("the store's refusal", || keeper.lines().iter().any(refused).then_some(()));
    held.unwrap().let_go();
    let one = on_record(&home);
    assert_eq!((&one["venue"], &one["id"]), (&json!("fyers"), &told.body["id"]), "{one}");
    keeper.kill9();
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live" && status["positions_known"] == "known");
    assert_eq!(on_record(&home)["id"], told.body["id"]);
    assert!(!home.alerts().iter().any(|alert| alert.contains("answer lost")), "{:#?}", home.alerts());
}

#[test]
fn with_a_crash_of_the_exchange_the_bot_has_fyers_answer() {
    let (home, keeper) = live();
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let told = meanwhile(&home, &keeper, 2_000, || {
        assert_eq!(post(&keeper.url("/api/fault/exchange"), Some(key.trim())).unwrap().0, 202);
        keeper.wait_status("a restart", |status| status["actors"]["exchange"]["restarts"] == 1);
    });
    is_fyers_own(&told);
    assert_eq!(on_record(&home)["venue"], "fyers");
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 1, "sent once");
    // It is a position now, and the new life knows it.
    let bot = Bot::of(&home, &keeper);
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let exit = bot.order("NSE:SBIN-EQ", -10);
    assert_eq!((exit.status, exit.venue.as_str()), (400, "none"), "{}", exit.body);
}

#[test]
fn after_a_kill_the_phone_is_told_what_became_of_it() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    // FYERS takes it, and the answer never comes.
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(scope, Fault::LostAnswer));
    home.sim.inject(FaultRule::forever(
        Scope::exact(endpoint::ORDERS).method("GET"),
        Fault::Html { status: 503 },
    ));
    let told = bot.tagged("NSE:SBIN-EQ", 10, "t1");
    let words = told.body["message"].as_str().unwrap();
    assert!(words.contains("its outcome is not known"), "{words}");
    keeper.kill9();
    home.sim.clear_faults();
    let _keeper = home.start_ready();
    let alert = home.wait_alert("Order sent, answer lost: ");
    assert!(alert.contains("FYERS' order book has it"), "{alert}");
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, 1, "never sent again");
    assert!(home.sim.telegram_messages().iter().any(|message| message.text == alert && !message.silent));
}

/// FYERS hangs when the keeper is told to stop: the bot has an answer before the program ends, and the order is looked up later.
#[test]
fn at_the_end_a_bot_is_told_that_the_outcome_is_not_known() {
    let (home, keeper) = live();
    let ended = std::cell::Cell::new(None);
    let mut keeper = Some(keeper);
    let bot = Bot::of(&home, keeper.as_ref().unwrap());
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(scope, Fault::Latency { ms: 60_000 }));
    let sending = thread::spawn(move || bot.order("NSE:SBIN-EQ", 10));
    wait_for("the order at FYERS", || {
        (home.sim.call_count(endpoint::ORDERS_SYNC).in_flight == 1).then_some(())
    });
    ended.set(Some(keeper.take().unwrap().stop()));
    let told = sending.join().expect("the bot has an answer");
    let words = told.body["message"].as_str().unwrap();
    assert_eq!((told.status, &told.body["code"]), (200, &json!(201)), "{}", told.body);
    assert!(words.contains("its outcome is not known"), "{words}");
    assert!(ended.take().unwrap().success());
    home.sim.clear_faults();
    let _keeper = home.start_ready();
    let alert = home.wait_alert("Order sent, answer lost: ");
    assert!(alert.contains("NSE:SBIN-EQ"), "{alert}");
    assert!(home.sim.call_count(endpoint::ORDERS_SYNC).total <= 1, "never sent again");
}

/// The ids and the words of the orders on record, newest first.
fn all_on_record(home: &Home) -> Vec<(Value, String)> {
    let orders = home.run(&["orders", "--json"]).exits(0).json()["orders"].clone();
    let row = |order: &Value| (order["id"].clone(), order["message"].as_str().unwrap_or_default().to_owned());
    orders.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn equal_orders_whose_answers_are_lost_are_not_taken_for_each_other() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    is_fyers_own(&bot.order("NSE:SBIN-EQ", 10));
    let lost = || FaultRule::once(Scope::exact(endpoint::ORDERS_SYNC).method("POST"), Fault::LostAnswer);
    for _ in 0..2 {
        home.sim.inject(lost());
        bot.order("NSE:SBIN-EQ", 10);
    }
    let at_fyers: Vec<Value> = home.sim.state().orders.iter().map(|order| order["id"].clone()).collect();
    assert_eq!(at_fyers.len(), 3);
    wait_for("a row for each order at FYERS", || {
        let rows = all_on_record(&home);
        at_fyers.iter().all(|id| rows.iter().filter(|(known, _)| known == id).count() == 1).then_some(())
    });
    // One that never reached FYERS is not taken for an equal one that did.
    let never = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(never, Fault::Reset));
    bot.order("NSE:SBIN-EQ", 10);
    wait_for("the order that is not there", || {
        let rows = all_on_record(&home);
        (rows.len() == 4 && rows.iter().any(|(_, words)| words.contains("not in FYERS' order book")))
            .then_some(())
    });
}

#[test]
fn after_a_kill_the_order_on_its_way_has_its_row_at_once_although_fyers_cannot_be_asked() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::once(scope, Fault::Latency { ms: 20_000 }));
    let sending = thread::spawn(move || bot.order("NSE:SBIN-EQ", 10));
    wait_for("the order at FYERS", || {
        (home.sim.call_count(endpoint::ORDERS_SYNC).in_flight == 1).then_some(())
    });
    keeper.kill9();
    let _nobody_answers = sending.join();
    home.sim.clear_faults();
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["state"] == "login_required");
    let rows = all_on_record(&home);
    assert!(rows.len() == 1 && rows[0].0.is_null() && rows[0].1.contains("the answer was lost"), "{rows:?}");
    let exit = Bot::of(&home, &keeper).order("NSE:SBIN-EQ", -10);
    assert_eq!(exit.venue, "none", "it may have filled: {}", exit.body);
    let page = keeper.get_with_own_key("/").unwrap().1;
    assert!(page.contains("the answer was lost"), "{page}");
}

#[test]
fn an_answer_that_proves_nothing_is_looked_up_and_the_exit_of_what_it_bought_is_not_simulated() {
    let (home, keeper) = live();
    let bot = Bot::of(&home, &keeper);
    let answers = [
        (500, json!({"s": "error", "code": -99, "message": "Something went wrong"})),
        (408, json!({"s": "error", "code": -50, "message": "Request timeout"})),
        (200, json!({"s": "ok", "code": 201, "message": "Look in the order book"})),
        (200, json!({"s": "error", "code": -1, "message": "Request timed out"})),
    ];
    for (quantity, (status, body)) in (11..).zip(&answers) {
        let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
        home.sim.inject(FaultRule::once(scope, Fault::Answered { status: *status, body: body.clone() }));
        let told = bot.order("NSE:SBIN-EQ", quantity);
        assert_eq!((told.status, &told.body), (*status, body), "the bot has it as it came");
        wait_for("the order found", || {
            let known = home.sim.state().orders.last()?["id"].clone();
            let rows = all_on_record(&home);
            rows.iter().any(|(id, words)| *id == known && words.contains("found in FYERS")).then_some(())
        });
    }
    assert_eq!(home.sim.call_count(endpoint::ORDERS_SYNC).total, answers.len() as u64, "never sent again");
    assert!(home.alerts().iter().all(|alert| !alert.contains("FYERS rejected")), "{:?}", home.alerts());
    let alert = home.wait_alert("Order sent, answer lost: buy 14 NSE:SBIN-EQ");
    assert!(alert.contains("FYERS' order book has it"), "{alert}");
    assert!(home.sim.kill(&home.newest(TokenKind::Access)));
    assert_eq!(bot.get("/api/v3/funds").mode, "mock");
    let exit = bot.order("NSE:SBIN-EQ", -11);
    assert_eq!((exit.status, exit.venue.as_str()), (400, "none"), "{}", exit.body);
}
