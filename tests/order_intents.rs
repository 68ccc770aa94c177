//! Orders are on disk before they leave: the real program, ended at every step of an order and at random moments, a
//! life after the other, against the simulator. No order is at FYERS without a row, none was sent twice, and every
//! order whose answer was lost is told.
//!
//! `ORDER_INTENT_RUNS=1000 cargo test --test order_intents` makes a thousand lives; some forty without it.

#![cfg(feature = "fault-injection")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "e2e/support.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests")]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    time::{Duration, Instant},
};

use keeper_domain::order_journal::{IntentOutcome, OrderIntent, Search};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use simulator::{Fault, FaultRule, RefreshMode, Scope, TokenKind, endpoint};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use support::{Home, block_on, wait_for};

const STEPS: [&str; 4] = ["before_intent", "after_intent", "after_send", "after_outcome"];
/// Orders in a life.
const ORDERS: usize = 6;

#[test]
fn whatever_ends_the_program_no_order_is_lost_or_doubled() {
    let runs = std::env::var("ORDER_INTENT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(40);
    let home = Home::at("2026-11-25T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home.sim.set_price("NSE:SBIN-EQ", 800.0);
    for seed in 0..runs {
        live_and_die(&home, seed);
    }
    home.sim.clear_faults();
    let keeper = home.start_ready();
    keeper.wait_status("a token in use", |status| status["mode"] == "live");
    let open = "SELECT COUNT(*) FROM order_intents WHERE outcome IS NULL";
    wait_for("every open intent to be told", || (count(&home, open) == 0).then_some(()));
    let told = count(&home, "SELECT COUNT(*) FROM journal WHERE kind = 'order.unknown'");
    let mut listed = home.run(&["orders", "--json", "--limit", "1000"]).exits(0).json()["orders"].clone();
    // How far an order is, is read from FYERS' book and is not on disk.
    for row in listed.as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("progress");
    }
    let rows = listing(&home);
    let newest: Vec<_> = rows.iter().rev().take(1_000).collect();
    assert_eq!(
        listed.as_array().unwrap().iter().collect::<Vec<_>>(),
        newest,
        "the verb shows what is on disk"
    );
    assert!(keeper.stop().success());
    check(&home, runs, told);
    check_listing(&home, &rows);
}

/// One life: some orders at once, and an end at a step or at a random moment.
fn live_and_die(home: &Home, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    weather(home, &mut dice);
    let mut command = home.command(&["run"]);
    let step = dice.random_range(0..STEPS.len() + 1);
    if let Some(step) = STEPS.get(step) {
        command.env("KEEPER_ABORT_AT", format!("{step}:{}", dice.random_range(1..=ORDERS)));
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut keeper = home.adopt(command);
    keeper.wait_ready();
    keeper.wait_status("a token in use", |status| status["mode"] == "live");
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let url = keeper.url("/api/v3/orders/sync");
    let moment = Duration::from_millis(dice.random_range(0..40));
    let orders = (0..ORDERS).map(|number| {
        let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 1 + number, "type": 2, "side": 1, "productType": "INTRADAY",
            "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false,
            "orderTag": format!("s{seed}n{number}")});
        let request = reqwest::Client::new().post(&url).timeout(Duration::from_secs(3));
        let request = request.header("Authorization", format!("ABCD1234EF-100:{}", key.trim())).json(&order);
        async { request.send().await }
    });
    let orders: Vec<_> = orders.collect();
    block_on(async {
        let all = futures_util::future::join_all(orders);
        match STEPS.get(step) {
            Some(_) => drop(all.await),
            None => drop(tokio::time::timeout(moment, all).await),
        }
    });
    keeper.kill9();
}

/// What may go wrong at FYERS in this life.
fn weather(home: &Home, dice: &mut StdRng) {
    home.sim.clear_faults();
    let fault = match dice.random_range(0..6) {
        0 => Fault::LostAnswer,
        1 => Fault::Reset,
        2 => Fault::Html { status: 502 },
        3 => Fault::Latency { ms: 15 },
        _ => return,
    };
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::times(scope, fault, dice.random_range(1..4)));
}

async fn open(home: &Home) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(home.path("state/keeper.db")))
        .await
        .unwrap()
}

fn count(home: &Home, query: &'static str) -> i64 {
    let row: (i64,) =
        block_on(async { sqlx::query_as(query).fetch_one(&mut open(home).await).await.unwrap() });
    row.0
}

fn intents(home: &Home) -> Vec<(OrderIntent, IntentOutcome)> {
    let all = "SELECT intent, outcome FROM order_intents ORDER BY id";
    let rows: Vec<(String, String)> =
        block_on(async { sqlx::query_as(all).fetch_all(&mut open(home).await).await.unwrap() });
    let read = |(intent, outcome): (String, String)| {
        (serde_json::from_str(&intent).unwrap(), serde_json::from_str(&outcome).unwrap())
    };
    rows.into_iter().map(read).collect()
}

/// The rows of `orders`, oldest first.
fn listing(home: &Home) -> Vec<Value> {
    let all = "SELECT entry FROM orders ORDER BY id";
    let rows: Vec<(String,)> =
        block_on(async { sqlx::query_as(all).fetch_all(&mut open(home).await).await.unwrap() });
    rows.into_iter().map(|(entry,)| serde_json::from_str(&entry).unwrap()).collect()
}

/// Each order at FYERS is in the list, once, with its id; and each that nobody found is there as such.
fn check_listing(home: &Home, rows: &[Value]) {
    let of_tag = |tag: &str| rows.iter().filter(|row| row["tag"] == tag).collect::<Vec<_>>();
    let (mut not_listed, mut found) = (vec![], 0);
    for order in home.sim.state().orders {
        let tag = order["orderTag"].as_str().unwrap().trim_start_matches("1:");
        match of_tag(tag)[..] {
            [row] if row["id"] == order["id"] && row["venue"] == "fyers" && row["bot"] == "default" => {
                found += usize::from(row["unanswered"]["known"] == "found");
            }
            _ => not_listed.push((tag.to_owned(), of_tag(tag))),
        }
    }
    let unknown = rows.iter().filter(|row| row["unanswered"].is_object()).count() - found;
    println!("{} rows: {found} found after a lost answer, {unknown} not found", rows.len());
    assert!(not_listed.is_empty(), "{not_listed:?}");
    for (intent, outcome) in intents(home) {
        let rows = of_tag(intent.legs[0].tag.as_deref().unwrap());
        if outcome == IntentOutcome::Searched(Search::NotFound) {
            assert_eq!(rows.len(), 1, "{intent:?}");
            assert_eq!(rows[0]["unanswered"]["known"], "not_found", "{intent:?}");
        }
    }
    assert!(found > 0, "no answer was lost");
}

fn check(home: &Home, runs: u64, told: i64) {
    // FYERS' side: how often each tag is in its book.
    let mut book: BTreeMap<String, usize> = BTreeMap::new();
    for order in home.sim.state().orders {
        let tag = order["orderTag"].as_str().unwrap_or_default();
        *book.entry(tag.trim_start_matches("1:").to_owned()).or_default() += 1;
    }
    let rows = intents(home);
    let tag = |intent: &OrderIntent| intent.legs[0].tag.clone().unwrap();
    let written: BTreeSet<String> = rows.iter().map(|(intent, _)| tag(intent)).collect();
    let without_row: Vec<_> = book.keys().filter(|tag| !written.contains(*tag)).collect();
    let twice: Vec<_> = book.iter().filter(|(_, times)| **times > 1).collect();
    let searched = rows.iter().filter(|(_, outcome)| matches!(outcome, IntentOutcome::Searched(_))).count();
    println!(
        "{runs} lives: {} intents, {} orders at FYERS, {} without a row, {} sent twice, {searched} without an answer, \
         {told} of them told",
        rows.len(),
        book.len(),
        without_row.len(),
        twice.len()
    );
    assert!(without_row.is_empty() && twice.is_empty(), "{without_row:?} {twice:?}");
    assert_eq!(searched as i64, told, "each open intent is told once");
    for (intent, outcome) in &rows {
        let there = book.contains_key(&tag(intent));
        match outcome {
            IntentOutcome::Answered { ids, .. } => assert!(there || ids.is_empty(), "{intent:?} {outcome:?}"),
            IntentOutcome::NotSent => assert!(!there, "{intent:?}"),
            IntentOutcome::Searched(Search::Found { .. }) => assert!(there, "{intent:?}"),
            IntentOutcome::Searched(Search::NotFound) => assert!(!there, "{intent:?}"),
            IntentOutcome::Searched(Search::LookYourself) => panic!("a tagged order of today: {intent:?}"),
        }
    }
    assert!(rows.len() > runs as usize, "orders were sent");
}

#[test]
fn sigterm_waits_for_the_orders_on_their_way() {
    let home = Home::at("2026-11-25T11:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    home.sim.set_price("NSE:SBIN-EQ", 800.0);
    let keeper = home.start_ready();
    keeper.wait_status("a token in use", |status| status["mode"] == "live");
    let scope = Scope::exact(endpoint::ORDERS_SYNC).method("POST");
    home.sim.inject(FaultRule::times(scope, Fault::Latency { ms: 1_500 }, 1));
    let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
    let order = json!({"symbol": "NSE:SBIN-EQ", "qty": 1, "type": 2, "side": 1, "productType": "INTRADAY",
        "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0, "offlineOrder": false, "orderTag": "last"});
    let request = reqwest::Client::new().post(keeper.url("/api/v3/orders/sync"));
    let request = request.header("Authorization", format!("ABCD1234EF-100:{}", key.trim())).json(&order);
    let sending = std::thread::spawn(move || {
        block_on(async move { request.send().await.unwrap().json::<Value>().await.unwrap() })
    });
    let on_its_way = "SELECT COUNT(*) FROM order_intents WHERE outcome IS NULL";
    wait_for("the order on its way", || (count(&home, on_its_way) == 1).then_some(()));
    let began = Instant::now();
    assert!(keeper.stop().success());
    println!("stopped after {:?}", began.elapsed());
    assert_eq!(sending.join().unwrap()["code"], 1101, "the bot has FYERS' answer");
    assert!(matches!(intents(&home)[..], [(_, IntentOutcome::Answered { status: 200, .. })]));
}
