//! Exits under a halt: each is measured by positions that were read after it came.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;
use simulator::{Fault, FaultRule, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::trade,
    halt::{halt, live},
    lagging_books::wait_readings,
    support::{Home, Keeper, block_on, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// Halted, with a position that a person has opened in the FYERS app and the keeper knows of.
fn halted_with(net: i64) -> (Home, Keeper, String) {
    let (home, keeper) = live(None);
    let token = home.newest(TokenKind::Access);
    trade(&home, &token, SBIN, net);
    let before = home.sim.call_count(endpoint::POSITIONS).total;
    halt(&home, &keeper);
    // The keeper reads the positions when a halt begins, and again a little later: the first has been learnt then.
    wait_for("two readings", || (home.sim.call_count(endpoint::POSITIONS).total > before + 1).then_some(()));
    (home, keeper, token)
}

fn is_refused(told: &Told, words: &str) {
    let message = told.body["message"].as_str().unwrap_or_default();
    assert_eq!((told.status, told.venue.as_str()), (400, "none"), "{}", told.body);
    assert!(message.contains(words), "{message}");
}

fn net(home: &Home) -> i64 {
    let orders = home.sim.state().orders;
    let filled = |order: &serde_json::Value| {
        Some(order["filledQty"].as_i64().unwrap_or_default() * order["side"].as_i64()?)
    };
    orders.iter().filter_map(filled).sum()
}

#[test]
fn a_position_that_a_person_has_just_closed_is_not_closed_again() {
    let (home, keeper, token) = halted_with(10);
    let bot = Bot::of(&home, &keeper);
    trade(&home, &token, SBIN, -4);
    is_refused(&bot.order(SBIN, -10), "Halted: entries are refused");
    assert_eq!(bot.order(SBIN, -6).venue, "fyers", "what is left is closed");
    trade(&home, &token, SBIN, 5);
    trade(&home, &token, SBIN, -5);
    is_refused(&bot.order(SBIN, -5), "Halted");
    assert_eq!(net(&home), 0);
}

#[test]
fn an_exit_of_what_has_just_been_bought_waits_for_a_reading_and_passes() {
    let (home, keeper, token) = halted_with(10);
    trade(&home, &token, SBIN, 7);
    let bot = Bot::of(&home, &keeper);
    let exit = bot.order(SBIN, -17);
    assert_eq!(exit.venue, "fyers", "{}", exit.body);
    is_refused(&bot.order(SBIN, -1), "Halted");
    assert_eq!(net(&home), 0);
}

/// A first reading whose figures of the day say nothing: both books may agree by chance. Another position that tells everything makes
/// no difference, nor does another life.
#[test]
fn a_position_that_tells_nothing_of_the_day_is_closed_by_no_order_at_first_and_by_its_exit_at_once() {
    let row = |symbol: &str, net: i64| {
        json!({"symbol": symbol, "id": format!("{symbol}-INTRADAY"), "netQty": net, "qty": net, "side": 1, "netAvg": 800,
            "productType": "INTRADAY", "realized_profit": 0, "unrealized_profit": 0, "pl": 0, "ltp": 801})
    };
    let mut told = row("NSE:INFY-EQ", 5);
    for (field, quantity) in [
        ("buyQty", 5),
        ("sellQty", 0),
        ("dayBuyQty", 0),
        ("daySellQty", 0),
        ("cfBuyQty", 5),
        ("cfSellQty", 0),
    ] {
        told[field] = json!(quantity);
    }
    let body = json!({"s": "ok", "code": 200, "message": "", "netPositions": [row(SBIN, 10), told]});
    let (home, keeper) = live(Some(Fault::Json { status: 200, body }));
    let known = |keeper: &Keeper| {
        keeper.wait_status("known", |status| {
            status["positions_known"] == "known" && status["session"]["usable"] == true
        });
        wait_readings(&home, 2);
    };
    known(&keeper);
    halt(&home, &keeper);
    let is_refused_at_first = |keeper: &Keeper, began: Instant| {
        let told = Bot::of(&home, keeper).order(SBIN, -10);
        // What the books have shown for two minutes is what it is, and a slow machine may come to that.
        if began.elapsed() < Duration::from_secs(100) {
            is_refused(&told, "your live positions are not known at the moment");
        }
    };
    let began = Instant::now();
    is_refused_at_first(&keeper, began);
    assert_eq!(
        Bot::of(&home, &keeper).order("NSE:INFY-EQ", -5).venue,
        "fyers",
        "what tells of the day is known"
    );
    keeper.kill9();
    let began = Instant::now();
    let keeper = home.start_ready();
    known(&keeper);
    is_refused_at_first(&keeper, began);
    let exit = json!({"id": format!("{SBIN}-INTRADAY")});
    let told = Bot::of(&home, &keeper).ask(reqwest::Method::DELETE, "/api/v3/positions", Some(exit));
    assert_eq!(told.venue, "fyers", "FYERS closes what there is: {}", told.body);
}

/// The keeper checks exits on the paths alone whose orders it knows.
#[test]
fn an_exit_by_an_async_path_is_refused_for_its_path_and_passes_by_the_other() {
    let (home, keeper, _) = halted_with(10);
    let bot = Bot::of(&home, &keeper);
    let exit = json!({"symbol": SBIN, "qty": 10, "type": 2, "side": -1, "productType": "INTRADAY", "limitPrice": 0,
        "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false});
    let told = bot.ask(reqwest::Method::POST, "/api/v3/orders/async", Some(exit.clone()));
    is_refused(&told, "Halted: nothing that trades passes by this path, exits neither");
    is_refused(&told, "Send the exit to /orders/sync");
    assert_eq!(bot.place(exit).venue, "fyers");
    assert_eq!(net(&home), 0);
}

/// A basket is let out whole or not at all: each of its orders could be the one that fills.
#[test]
fn a_basket_closes_what_is_open_and_opens_nothing() {
    let (home, keeper, _) = halted_with(10);
    let bot = Bot::of(&home, &keeper);
    let leg = |symbol: &str, quantity: i64| {
        json!({"symbol": symbol, "qty": quantity.abs(), "type": 2, "side": quantity.signum(), "limitPrice": 0, "stopPrice": 0,
            "productType": "INTRADAY", "validity": "DAY", "disclosedQty": 0, "offlineOrder": false})
    };
    let sell =
        |quantities: &[i64]| quantities.iter().map(|quantity| leg(SBIN, -quantity)).collect::<Vec<_>>();
    let basket = |legs: Vec<serde_json::Value>| {
        bot.ask(reqwest::Method::POST, "/api/v3/multi-order/sync", Some(json!(legs)))
    };
    is_refused(&basket(sell(&[10; 10])), "Halted: entries are refused");
    is_refused(&basket(vec![leg(SBIN, -4), leg("NSE:INFY-EQ", 1)]), "Halted: entries are refused");
    let mut odd = leg(SBIN, 300);
    odd["limitPrice"] = json!(1e30);
    is_refused(&basket(vec![leg(SBIN, -1), odd]), "");
    assert_eq!((net(&home), home.sim.state().orders.len()), (10, 1), "nothing of them has left");
    let exit = basket(sell(&[6, 4]));
    assert_eq!(exit.venue, "fyers", "{}", exit.body);
    assert_eq!(net(&home), 0);
    is_refused(&basket(sell(&[1])), "Halted");
}

/// Reads the positions as fast as it is answered, as many times at once, until told to stop.
fn read_all_one_can(bot_key: &str, address: &str, is_over: &AtomicBool, refused: &AtomicUsize) {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let reader = || async {
            while !is_over.load(Ordering::Relaxed) {
                let request = client.get(address).header("authorization", format!("ANY-100:{bot_key}"));
                let Ok(answer) = request.send().await else { continue };
                refused.fetch_add(usize::from(answer.status() == 429), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        futures_util::future::join_all((0..40).map(|_| reader())).await;
    });
}

#[test]
fn an_exit_right_after_a_fill_passes_however_much_another_bot_reads() {
    let (home, keeper, token) = halted_with(10);
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _reading = scope
            .spawn(|| read_all_one_can(key.trim(), &keeper.url("/api/v3/positions"), &is_over, &refused));
        let play = || {
            wait_for("reads that find no room", || (refused.load(Ordering::Relaxed) >= 3).then_some(()));
            let bot = Bot::of(&home, &keeper);
            trade(&home, &token, SBIN, 7);
            let more = bot.order(SBIN, -17);
            trade(&home, &token, SBIN, 5);
            (more, bot.order(SBIN, -5))
        };
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(play));
        is_over.store(true, Ordering::Relaxed);
        let (first, second) = played.unwrap();
        assert_eq!(first.venue, "fyers", "{}", first.body);
        assert_eq!(second.venue, "fyers", "{}", second.body);
    });
    assert_eq!(net(&home), 0);
}

#[test]
fn a_resting_exit_can_be_changed_as_long_as_it_stays_one() {
    let (home, keeper, _) = halted_with(10);
    let bot = Bot::of(&home, &keeper);
    let resting = bot
        .place(json!({"symbol": SBIN, "qty": 4, "type": 1, "side": -1, "productType": "INTRADAY",
        "limitPrice": 9_000, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false}));
    assert_eq!(resting.venue, "fyers", "{}", resting.body);
    let change = |quantity: u32| {
        let change = json!({"id": resting.body["id"], "type": 1, "limitPrice": 8_900, "qty": quantity});
        bot.ask(reqwest::Method::PATCH, "/api/v3/orders/sync", Some(change))
    };
    is_refused(&change(11), "of changes only those pass");
    let changed = change(6);
    assert_eq!((changed.venue.as_str(), &changed.body["s"]), ("fyers", &json!("ok")), "{}", changed.body);
    let order = home.sim.state().orders.into_iter().find(|order| order["id"] == resting.body["id"]).unwrap();
    assert_eq!(order["qty"], 6, "{order}");
    let rest = bot.order(SBIN, -4);
    assert_eq!(rest.venue, "fyers", "what is left waits until the change is known: {}", rest.body);
    is_refused(&bot.order(SBIN, -1), "Halted");
}

#[test]
fn exits_at_once_close_what_is_open_and_no_more() {
    let (home, keeper, _) = halted_with(10);
    let venues: Vec<String> = std::thread::scope(|scope| {
        let sell = |quantity: i64| {
            let bot = Bot::of(&home, &keeper);
            scope.spawn(move || bot.order(SBIN, quantity).venue)
        };
        [-10, -4, -3, -10, -6, -10, -1, -10].map(sell).map(|order| order.join().unwrap()).into()
    });
    assert!(venues.iter().any(|venue| venue == "fyers"), "{venues:?}");
    assert!((0..10).contains(&net(&home)), "{venues:?} leave {}", net(&home));
}

#[test]
fn an_exit_is_refused_while_the_positions_cannot_be_read_and_passes_again_after_that() {
    let (home, keeper, _) = halted_with(10);
    let bot = Bot::of(&home, &keeper);
    for fault in [Fault::Html { status: 503 }, Fault::Hang] {
        home.sim.inject(FaultRule::forever(Scope::exact(endpoint::POSITIONS).method("GET"), fault));
        is_refused(&bot.order(SBIN, -1), "your live positions are not known at the moment");
        home.sim.clear_faults();
    }
    assert_eq!(net(&home), 10, "nothing left");
    wait_for("the exit", || (bot.order(SBIN, -10).venue == "fyers").then_some(()));
    assert_eq!(net(&home), 0);
}

#[test]
fn without_a_token_a_halt_says_both() {
    let (home, keeper, token) = halted_with(10);
    assert!(home.sim.kill(&token));
    let bot = Bot::of(&home, &keeper);
    assert_eq!(bot.get("/api/v3/funds").venue, "mock");
    let exit = bot.order(SBIN, -10);
    for words in ["Halted, and FYERS cannot be used now", "it would reduce your live position of 10"] {
        is_refused(&exit, words);
    }
    is_refused(&bot.order("NSE:INFY-EQ", 1), "Halted: entries are refused. FYERS cannot be used either");
    assert_eq!(net(&home), 10);
}

/// What is not known of a row of the order book may be this position's exit.
#[test]
fn an_order_that_waits_with_an_unknown_product_or_no_symbol_lets_no_second_exit_out() {
    let (home, keeper, _) = halted_with(10);
    let bot = Bot::of(&home, &keeper);
    for (symbol, product, words) in
        [("", "INTRADAY", "positions are not known at the moment"), (SBIN, "MIS", "is on its way already")]
    {
        let row = json!({"id": "26112300000099", "symbol": symbol, "side": -1, "qty": 10, "remainingQuantity": 10,
            "type": 1, "limitPrice": 900, "productType": product, "status": 6, "orderTag": "2:Untagged",
            "orderDateTime": "23-Nov-2026 11:59:00"});
        let body = json!({"s": "ok", "code": 200, "message": "", "orderBook": [row]});
        home.sim.clear_faults();
        let book = Scope::exact(endpoint::ORDERS).method("GET");
        home.sim.inject(FaultRule::forever(book, Fault::Json { status: 200, body }));
        is_refused(&bot.order(SBIN, -10), words);
    }
    assert_eq!(net(&home), 10);
}
