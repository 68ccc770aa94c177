//! FYERS counts the calls of a minute, whichever store the keeper works on: `migrate` takes them along, there and back.

use std::time::{Duration, Instant};

use crate::{
    hosts::World,
    own_state::{URL, with_database},
    take_over::{most_in_a_minute, reads},
};

/// So many reads of a bot at one host leave few for the other one in that minute.
const MOST: usize = 120;

fn all_it_can(world: &World, host: usize) -> Instant {
    assert_eq!(reads(world, host, MOST), MOST);
    Instant::now()
}

/// The minute is the same one.
fn goes_on(world: &mut World, host: usize, counted: Instant) {
    world.start(host);
    world.wait_acts(host);
    let rest = reads(world, host, MOST);
    let (took, most) = (counted.elapsed(), most_in_a_minute(world));
    println!("{MOST} reads, and {rest} of the other one within {took:?}");
    // Where the machine is slow, the first of them count no more.
    assert!(rest < MOST / 2 || took > Duration::from_secs(20), "{rest}");
    assert!(most <= 200, "{most} in a minute");
}

#[test]
fn the_keeper_on_the_new_database_counts_the_calls_of_the_one_before() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    world.start(0);
    world.wait_acts(0);
    let counted = all_it_can(&world, 0);
    world.term(0);
    let mut world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    goes_on(&mut world, 1, counted);
    world.wait_logged(1, "lease.calls");
}

#[test]
fn the_keeper_in_the_folder_counts_the_calls_of_those_on_the_database() {
    let Some(mut world) = World::new() else { return };
    world.start(1);
    world.wait_acts(1);
    let counted = all_it_can(&world, 1);
    world.term(1);
    assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0));
    let mut world = world.with_own(0, URL, "");
    goes_on(&mut world, 0, counted);
}
