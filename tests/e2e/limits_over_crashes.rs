//! FYERS' limits hold over `kill -9` and starts: FYERS goes on counting.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use simulator::{RefreshMode, TokenKind};

use crate::{
    bot::Bot,
    support::{Home, Keeper, block_on},
};

const LIVES: usize = 6;
/// How long each of them is read from.
const LIFE: Duration = Duration::from_secs(6);

/// Reads all it can until it is over.
fn read(key: &str, address: &str, is_over: &AtomicBool) {
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let reader = || async {
            while !is_over.load(Ordering::Relaxed) {
                let request = client.get(address).header("authorization", format!("ANY-100:{key}"));
                let _refused_or_cut_off = request.send().await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        futures_util::future::join_all((0..20).map(|_| reader())).await;
    });
}

fn live(home: &Home) -> Keeper {
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| status["mode"] == "live");
    keeper
}

/// When calls arrived at FYERS.
fn arrivals(home: &Home) -> Vec<DateTime<Utc>> {
    let calls = home.sim.calls().into_iter().filter(|call| !call.path.contains("telegram"));
    calls.map(|call| call.at).collect()
}

fn most_within(arrivals: &[DateTime<Utc>], span: TimeDelta) -> usize {
    let from =
        |first: &DateTime<Utc>| arrivals.iter().filter(|at| **at >= *first && **at < *first + span).count();
    arrivals.iter().map(from).max().unwrap_or(0)
}

#[test]
fn over_any_number_of_crashes_no_second_and_no_minute_has_too_many_calls_and_orders_pass() {
    let home = Home::at("2026-11-23T12:00:00", RefreshMode::Disabled).set("FYERS_SANDBOX", "false");
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    let began = Instant::now();
    for _ in 0..LIVES {
        let keeper = live(&home);
        let key = std::fs::read_to_string(home.path("state/gateway.key")).unwrap();
        let (address, is_over) = (keeper.url("/api/v3/funds"), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| read(key.trim(), &address, &is_over));
            std::thread::sleep(LIFE); // how long a life lasts is what this is about; nothing is hoped for
            keeper.kill9();
            is_over.store(true, Ordering::Relaxed);
        });
    }
    let keeper = live(&home);
    let order = Bot::of(&home, &keeper).order("NSE:SBIN-EQ", 1);
    assert_eq!(order.venue, "fyers", "orders come before reads: {}", order.body);
    let arrivals = arrivals(&home);
    let (second, minute) =
        (most_within(&arrivals, TimeDelta::seconds(1)), most_within(&arrivals, TimeDelta::seconds(60)));
    println!(
        "{} calls in {:?}: at most {second} in a second, {minute} in a minute",
        arrivals.len(),
        began.elapsed()
    );
    assert!(second <= 10 && minute <= 200, "{second} in a second, {minute} in a minute");
    assert!(minute > 150, "it was pressed: {minute}");
}
