//! Simulated years: the whole keeper on a virtual clock, on its real store, between a FYERS and a Telegram without a network.
//!
//! Each year is drawn from its number: the account's settings, the holidays, and for each day outages, ends of tokens, logins
//! that come early, late, twice or never, steps of the wall clock, suspends, restarts, kills and panics. What must hold is in
//! `judge`. A fault prints its year, its day and what had been planned for that day.
//!
//! `YEARS=1000 YEARS_DAYS=365 cargo test --release --test years -- --nocapture` lives through a thousand years, on all
//! processors; `scripts/years` does it. `YEARS_SEED=17 YEARS=1` is year 17 alone. The plan of a year is always the same; the
//! jitter of the keeper's pauses is not.

#![cfg(feature = "demo")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod broker;
mod clock;
mod day;
mod judge;
mod life;
mod person;
mod phone;
mod store;
mod table;
mod totals;
mod world;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use keeper_actors::supervisor::install_panic_hook;
use totals::Totals;

/// Without settings: some weeks of different accounts.
const YEARS: u64 = 6;
const DAYS: u64 = 5;
const SEED: u64 = 1;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// What is said of a year with a fault.
fn words(world: &world::World, totals: &Totals) -> String {
    let mut text = format!("year {} ({:?}): {:?}\n", world.seed, world.settings, totals.faults);
    for finding in &totals.findings {
        let date = finding.date();
        text += &format!("  {:?} at {}: {}\n", finding.fault, fyers_api::ist::ist(finding.at), finding.words);
        text += &format!("  planned for {date}:\n{}", world.plan_of(date));
    }
    text
}

/// The keeper's hook never prints what a panic says.
fn said(panic: &(dyn Any + Send)) -> String {
    let owned = panic.downcast_ref::<String>().cloned();
    owned.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[test]
fn nothing_is_missed_doubled_unasked_or_lost() {
    install_panic_hook();
    let (years, days, seed) =
        (setting("YEARS", YEARS), setting("YEARS_DAYS", DAYS), setting("YEARS_SEED", SEED));
    let (next, began) = (AtomicU64::new(seed), Instant::now());
    let (sum, faults) = (Mutex::new(Totals::default()), Mutex::new(Vec::<String>::new()));
    let one = || {
        while let Some(seed) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|next| *next < seed + years) {
            match catch_unwind(AssertUnwindSafe(|| life::year(seed, days))) {
                Ok((world, totals)) => {
                    let mut sum = sum.lock().unwrap();
                    sum.add(&totals);
                    if sum.days.is_multiple_of(20 * days) {
                        let speed = sum.days as f64 / began.elapsed().as_secs_f64();
                        println!("{} days lived through, {speed:.1} a second", sum.days);
                    }
                    drop(sum);
                    if !totals.findings.is_empty() {
                        let words = words(&world, &totals);
                        println!("{words}");
                        faults.lock().unwrap().push(words);
                    }
                }
                Err(panic) => {
                    let words = format!("year {seed} ended in a panic: {}", said(panic.as_ref()));
                    println!("{words}");
                    faults.lock().unwrap().push(words);
                }
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(one)));
    });
    let (sum, faults) = (sum.into_inner().unwrap(), faults.into_inner().unwrap());
    let took = began.elapsed().as_secs_f64();
    println!(
        "{years} years of {days} days from {seed} on, {:.1} days a second\n{sum}",
        sum.days as f64 / took
    );
    assert!(faults.is_empty(), "{} years with faults\n{}", faults.len(), faults.join("\n"));
    assert!(
        sum.ticks > 0 && sum.owed > 0 && sum.asked > 0 && sum.due > 0 && sum.balances > 0,
        "nothing was judged"
    );
}
