//! Two real keepers, one real PostgreSQL, one account: at no time two of them act, and nothing is lost or doubled.
//!
//! Each keeper reaches the database and FYERS through relays of its own, which can be cut as a network is: what is sent
//! goes nowhere and nobody is told. The relays also know who called FYERS, and when.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod histories;
mod hosts;
mod relay;
#[path = "../stores/server.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod server;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod support;

use std::time::{Duration, Instant};

use hosts::World;
use support::wait_for;

/// A lease is good for 15 s.
const LEASE: Duration = Duration::from_secs(15);

#[test]
fn the_standby_acts_when_the_holder_is_told_to_stop_and_when_it_dies() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    assert_eq!(world.order(0, "first").unwrap(), "fyers");
    assert_eq!(world.order(1, "through the standby").unwrap(), "fyers", "passed on to the holder");
    assert_eq!(world.ready(1), Some(503));

    let told = Instant::now();
    world.term(0);
    world.wait_acts(1);
    println!("SIGTERM: the other one acts after {:.1} s", told.elapsed().as_secs_f64());
    assert_eq!(world.order(1, "second").unwrap(), "fyers");

    world.start(0);
    world.wait_stands_by(0);
    let killed = Instant::now();
    world.kill9(1);
    world.wait_acts(0);
    println!(
        "kill -9: the other one acts after {:.1} s (lease {} s)",
        killed.elapsed().as_secs_f64(),
        LEASE.as_secs()
    );
    assert_eq!(world.order(0, "third").unwrap(), "fyers");
    world.judge();
}

#[test]
fn a_keeper_that_slept_longer_than_its_lease_does_nothing_when_it_wakes() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.pause(0);
    world.wait_acts(1);
    assert_eq!(world.order(1, "of the new holder").unwrap(), "fyers");
    world.resume(0);
    world.wait_stands_by(0);
    assert_eq!(world.order(0, "through the one that slept").unwrap(), "fyers", "passed on");
    world.judge();
}

#[test]
fn a_holder_that_is_cut_off_from_the_database_stops_before_the_other_one_acts() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.cut_database(0, true);
    world.wait_acts(1);
    world.cut_database(0, false);
    world.wait_stands_by(0);
    assert_eq!(world.order(1, "after the cut").unwrap(), "fyers");
    world.judge();
}

#[test]
fn it_is_handed_over_by_hand() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    assert_eq!(world.verb(0, "handover"), Some(0));
    world.wait_acts(1);
    world.wait_stands_by(0);
    // Alone, it goes on by itself.
    world.kill9(0);
    assert_eq!(world.verb(1, "handover"), Some(0));
    wait_for("the only one acts again", || world.acts(1).then_some(()));
    world.judge();
}
