//! The exchange, behind its API, against an independent model of it on random days: fills, order states, averages, profit
//! and cash.
//!
//! `DIFFERENTIAL_DAYS=10000 cargo test --release -p mock-exchange differential -- --nocapture` plays that many days and
//! says what happened in them; the usual number keeps the suite quick. A mismatch is shrunk, and the smallest scenario is
//! printed.

mod acts;
mod compare;
mod listed;
mod model;
mod orders;
mod pair;
mod position;
mod requests;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use proptest::test_runner::{Config as Rules, TestRunner};

use acts::acts;
use pair::Pair;

/// Days that are played when nobody says how many.
const USUAL: usize = 600;
/// What must happen in a hundred days, and how often at least: days in which nothing happens prove nothing.
const EVENTFUL: [(&str, usize); 14] = [
    ("fills", 600),
    ("partial fills", 40),
    ("fills behind the best price", 15),
    ("stops released", 60),
    ("orders expired", 40),
    ("orders cancelled", 40),
    ("changes", 60),
    ("exit legs traded", 30),
    ("exits", 30),
    ("conversions", 2),
    ("GTT orders triggered", 15),
    ("contracts settled", 5),
    ("squared off", 30),
    ("restarts with orders waiting", 40),
];

#[test]
fn fills_averages_profit_and_cash_are_the_models() {
    let wanted = std::env::var("DIFFERENTIAL_DAYS").map_or(USUAL, |days| days.parse().unwrap());
    let (days, seen) = (AtomicUsize::new(0), RefCell::new(BTreeMap::<&str, usize>::new()));
    while days.load(Ordering::Relaxed) < wanted {
        // A runner plays its cases once: asked again, it would only repeat the failures of before.
        let rules = Rules { cases: 50, max_shrink_iters: 3_000, ..Rules::with_source_file(file!()) };
        let run = TestRunner::new(rules).run(&acts(), |acts| {
            let mut pair = Pair::new();
            acts.iter().try_for_each(|act| pair.play(act))?;
            days.fetch_add(pair.days, Ordering::Relaxed);
            for (what, often) in pair.happened() {
                *seen.borrow_mut().entry(what).or_default() += often;
            }
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{error}"));
    }
    let (days, seen) = (days.into_inner(), seen.into_inner());
    println!("{days} days: {seen:?}");
    for (what, least) in EVENTFUL {
        let often = seen.get(what).copied().unwrap_or_default();
        assert!(often * 100 >= least * days, "{what}: {often} in {days} days, the days are not eventful");
    }
}
