//! A folder with a state of its own, before and after there is a database: nothing in it is forgotten without a word.

use crate::hosts::World;

const URL: &str = "KEEPER_DATABASE_URL";

fn with_database(world: World) -> World {
    let url = world.database_for(0, "keeper", &world.database);
    world.with_own(0, URL, url.leak())
}

fn refused(world: &World, words: &str) {
    let (code, said) = world.complains(0, &["run"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(words), "{said}");
}

/// Starts, has an order taken, and stops.
fn trades(world: &mut World) {
    world.start(0);
    world.wait_acts(0);
    assert_eq!(world.order(0, "one more").unwrap(), "fyers");
    world.term(0);
}

#[test]
fn a_state_that_was_not_brought_along_is_not_forgotten() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);

    let mut world = with_database(world);
    refused(&world, "the PostgreSQL database is empty");
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    trades(&mut world);
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "2\n");

    let world = world.with_own(0, URL, "");
    refused(&world, "was moved to PostgreSQL");
    let mut world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0));
    let mut world = {
        world = world.with_own(0, URL, "");
        world
    };
    trades(&mut world);

    world.empty_database();
    refused(&with_database(world), "the PostgreSQL database is empty");
}
