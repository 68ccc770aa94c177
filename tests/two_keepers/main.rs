//! Two real keepers, one real PostgreSQL, one account: at no time two of them act, and nothing is lost or doubled.
//!
//! Each keeper is in a network namespace of its own, where the machine lets us make one, and reaches the database and FYERS
//! through relays of its own, which know who called FYERS, and when. Links are cut as a cable is: what is sent is lost and
//! nobody is told. Where there are no namespaces the relays are cut, and deliver late what was sent.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod backup;
mod bots;
mod cut_off_login;
mod database_settings;
mod empty_database;
#[path = "../e2e/feed_client.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod feed_client;
mod full;
mod hands;
mod histories;
mod hosts;
mod judge;
mod moved_calls;
mod network;
mod own_state;
mod put_back;
mod relay;
#[path = "../stores/server.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod server;
mod silent;
mod standby;
mod strangers;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "another test program uses the rest")]
mod support;
mod take_over;
mod told;
mod watch;

/// A number from the environment.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

use hosts::World;
use support::wait_for;

#[test]
fn a_keeper_that_sleeps_longer_than_its_lease_never_wakes() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.pause(0);
    world.wait_acts(1);
    assert_eq!(world.order(1, "of the new holder").unwrap(), "fyers");
    assert!(!world.is_running(0), "the system has ended it in its sleep, before the other one could act");
    world.wait_stands_by(0);
    assert_eq!(world.order(0, "through the one that slept").unwrap(), "fyers", "passed on");
    world.judge();
}

/// It woke when it had to have stopped and its lease still stood: by asking to renew it, it made the others wait for a
/// second lease that nobody used.
#[test]
fn a_keeper_that_wakes_at_the_end_of_its_lease_does_not_renew_it() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.pause(0);
    let says = |world: &World, what: &str| world.sql(&format!("SELECT {what} FROM lease")) == "t\n";
    let left = |more: &str| format!("expires_at - clock_timestamp() < interval '{more} s'");
    wait_for("it must have stopped", || says(&world, &left("1.8")).then_some(()));
    world.resume(0);
    wait_for("one of them acts by a new lease", || {
        // One question: the lease may end and be taken between two.
        assert!(says(&world, &format!("epoch > 1 OR {}", left("3"))), "it was renewed for nobody");
        let is_new = says(&world, "epoch > 1");
        // On a slow machine it may have woken after the end, and then it may ask for a new one as the other does.
        (is_new && (world.acts(0) || world.acts(1))).then_some(())
    });
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
    assert_eq!(world.exits(0, &["handover"]), Some(0));
    world.wait_acts(1);
    world.wait_stands_by(0);
    world.kill9(0);
    wait_for("nobody stands by", || (world.status(1)?["lease"]["standby"] == false).then_some(()));
    assert_eq!(world.exits(1, &["handover"]), Some(75), "alone it goes on");
    assert!(world.acts(1));
    // Told to all the same, it takes the lease anew.
    assert_eq!(world.exits(1, &["handover", "--force"]), Some(0));
    wait_for("the only one acts again", || world.acts(1).then_some(()));
    world.judge();
}

/// The lease is by the database's clock and by one that nobody can set.
#[test]
fn clocks_that_are_twenty_minutes_apart_do_no_harm() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_clocks_apart();
    world.start(0);
    world.wait_acts(0);
    world.watch_lease();
    world.start(1);
    world.wait_stands_by(1);
    let ahead = world.status(0).unwrap()["time"].as_str().unwrap().to_owned();
    assert_eq!(world.order(0, "ahead of the time").unwrap(), "fyers");
    world.kill9(0);
    world.wait_acts(1);
    let behind = world.status(1).unwrap()["time"].as_str().unwrap().to_owned();
    assert!(behind < ahead, "the time has gone back: {ahead}, {behind}");
    assert_eq!(world.order(1, "behind the time").unwrap(), "fyers");
    world.start(0);
    world.wait_stands_by(0);
    world.term(1);
    world.wait_acts(0);
    assert_eq!(world.order(0, "ahead again").unwrap(), "fyers");
    world.judge();
}

/// As in a restart of the server: within the lease nobody else may act, so the holder waits for it and goes on.
/// What is left at least of a lease of 15 s that is renewed every 5 s.
const LEASE_LEFT: std::time::Duration = std::time::Duration::from_secs(10);

#[test]
fn a_database_that_is_started_again_does_not_end_the_holder() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    let epoch = world.status(0).unwrap()["lease"]["epoch"].clone();
    let away_since = std::time::Instant::now();
    world.server.crash();
    assert_eq!(world.order(0, "without a database"), None);
    // Longer than the lives of an actor that dies of it.
    std::thread::sleep(std::time::Duration::from_secs(5));
    world.server.run();
    wait_for("an order goes through", || world.order(0, "after the restart"));
    assert!(world.is_running(0));
    // On a machine that is slow to start the server the lease runs out, and the keeper takes it anew.
    if away_since.elapsed() < LEASE_LEFT {
        assert_eq!(world.status(0).unwrap()["lease"]["epoch"], epoch, "it has held it all the time");
    }
    world.judge();
}
