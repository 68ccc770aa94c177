//! Exits under a halt: each is measured by positions that were read after it came.

use simulator::{Fault, FaultRule, Scope, TokenKind, endpoint};

use crate::{
    bot::{Bot, Told},
    card::trade,
    halt::{halt, live},
    support::{Home, Keeper, wait_for},
};

const SBIN: &str = "NSE:SBIN-EQ";

/// Halted, with a position that a person has opened in the FYERS app and the keeper knows of.
fn halted_with(net: i64) -> (Home, Keeper, String) {
    let (home, keeper) = live(None);
    let token = home.newest(TokenKind::Access);
    trade(&home, &token, SBIN, net);
    let before = home.sim.call_count(endpoint::POSITIONS).total;
    halt(&home, &keeper);
    // The keeper reads the positions when a halt begins.
    wait_for("a reading", || (home.sim.call_count(endpoint::POSITIONS).total > before).then_some(()));
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
