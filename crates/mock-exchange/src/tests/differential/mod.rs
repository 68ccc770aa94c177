//! The exchange, behind its API, against an independent model of it on random days: fills, averages, profit and cash.
//!
//! `DIFFERENTIAL_DAYS=10000 cargo test --release -p mock-exchange differential` plays that many days; the usual number
//! keeps the suite quick. A mismatch is shrunk, and the smallest scenario is printed.

mod model;
mod pair;

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::{
    prelude::*,
    test_runner::{Config as Rules, TestRunner},
};

use pair::Pair;

/// Days that are played when nobody says how many.
const USUAL: usize = 600;

/// What happens next.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Minutes pass and nothing is heard.
    Wait(i64),
    /// A price of the symbol with this number, so many of its ticks from its usual one, with what is shown on each side.
    Price { symbol: usize, step: i64, shown: Option<i64> },
    /// An order.
    Place { symbol: usize, kind: Kind, buys: bool, carries: bool, quantity: i64, away: i64, ioc: bool },
    /// Another limit for one of the waiting limit orders, and more or less of it.
    Move { pick: usize, away: i64, more: i64 },
    /// The end of one of the waiting orders.
    Cancel { pick: usize },
    /// All positions of the symbol are to be closed.
    Exit { symbol: usize, carries: bool },
    /// The program starts anew, from its snapshot and the records after it.
    Restart,
    /// The next trading day's opening.
    NextDay,
}

/// What kind of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![Just(Kind::Market), Just(Kind::Limit), Just(Kind::Stop), Just(Kind::StopLimit)];
    let symbol = 0..model::SYMBOLS.len();
    let traded = 0..model::TRADED;
    prop_oneof![
        6 => (symbol, -60_i64..60, prop::option::of(0_i64..20))
            .prop_map(|(symbol, step, shown)| Act::Price { symbol, step, shown }),
        12 => (traded.clone(), kind, any::<bool>(), any::<bool>(), 1_i64..12, 0_i64..25, prop::bool::weighted(0.1))
            .prop_map(|(symbol, kind, buys, carries, quantity, away, ioc)| {
                Act::Place { symbol, kind, buys, carries, quantity, away, ioc }
            }),
        2 => (any::<usize>(), 0_i64..25, -2_i64..3).prop_map(|(pick, away, more)| Act::Move { pick, away, more }),
        1 => any::<usize>().prop_map(|pick| Act::Cancel { pick }),
        1 => (traded, any::<bool>()).prop_map(|(symbol, carries)| Act::Exit { symbol, carries }),
        1 => (0_i64..60).prop_map(Act::Wait),
        1 => Just(Act::Restart),
        1 => Just(Act::NextDay),
    ]
}

#[test]
fn fills_averages_profit_and_cash_are_the_models() {
    let wanted = std::env::var("DIFFERENTIAL_DAYS").map_or(USUAL, |days| days.parse().unwrap());
    let (days, fills) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let mut runner = TestRunner::new(Rules { cases: 50, ..Rules::with_source_file(file!()) });
    while days.load(Ordering::Relaxed) < wanted {
        let run = runner.run(&prop::collection::vec(act(), 1..160), |acts| {
            let mut pair = Pair::new();
            acts.iter().try_for_each(|act| pair.play(act))?;
            days.fetch_add(pair.days, Ordering::Relaxed);
            fills.fetch_add(pair.fills(), Ordering::Relaxed);
            Ok(())
        });
        run.unwrap_or_else(|error| panic!("{error}"));
    }
    let fills = fills.into_inner();
    assert!(fills > 2 * wanted, "{fills} fills in {wanted} days: the days are not eventful");
}
