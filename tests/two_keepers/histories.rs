//! Random faults, with bots that order throughout: `LEASE_HISTORIES=200` for the full size, `LEASE_HISTORIES_FROM=17` to begin with that seed.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::hosts::World;

/// Faults of one history.
const FAULTS: usize = 4;

#[test]
fn whatever_happens_one_keeper_acts_and_nothing_is_doubled() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (first, wanted) = (number("LEASE_HISTORIES_FROM", 0), number("LEASE_HISTORIES", 2));
    let (mut orders, mut refused) = (0, 0);
    for seed in first..first + wanted {
        let Some(mut world) = World::new() else { return };
        let (taken, lost) = history(&mut world, seed);
        orders += taken;
        refused += lost;
    }
    println!(
        "{wanted} histories: {orders} orders taken by FYERS, {refused} refused or unanswered, 0 doubled"
    );
}

fn history(world: &mut World, seed: u64) -> (u32, u32) {
    println!("history {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    world.start(0);
    world.wait_acts(0);
    world.watch_lease();
    world.start(1);
    world.wait_stands_by(1);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..FAULTS {
        let host = dice.random_range(0..2);
        let fault = dice.random_range(0..7);
        println!("fault {fault} at keeper {host}");
        begin(world, host, fault);
        for _ in 0..dice.random_range(1..6) {
            let to = dice.random_range(0..2);
            match world.order(to, "during the fault") {
                Some(_) => taken += 1,
                None => refused += 1,
            }
            std::thread::sleep(Duration::from_millis(dice.random_range(0..1500)));
        }
        // Sometimes longer than a lease, sometimes not.
        std::thread::sleep(Duration::from_secs(dice.random_range(0..20)));
        end(world, host, fault);
        let acting = crate::support::wait_for("one of them acts", || (0..2).find(|host| world.acts(*host)));
        assert!(world.order(acting, "after the fault").is_some());
        taken += 1;
    }
    world.judge();
    (taken, refused)
}

fn begin(world: &mut World, host: usize, fault: u32) {
    match fault {
        0 => world.kill9(host),
        1 => world.term(host),
        2 => world.pause(host),
        3 => world.cut_database(host, true),
        4 => world.cut_fyers(host, true),
        5 => {
            world.cut_database(host, true);
            world.cut_fyers(host, true);
        }
        _ => world.server.crash(),
    }
}

fn end(world: &mut World, host: usize, fault: u32) {
    match fault {
        0 | 1 => world.start(host),
        2 => world.resume(host),
        3 => world.cut_database(host, false),
        4 => world.cut_fyers(host, false),
        5 => {
            world.cut_database(host, false);
            world.cut_fyers(host, false);
        }
        _ => world.server.run(),
    }
    // A keeper that ended by itself is started again, as its host would.
    for host in 0..2 {
        if !world.is_running(host) {
            world.start(host);
        }
    }
}
