//! An empty database beside a state: no command begins one there which the start would refuse.

use crate::{
    hosts::World,
    own_state::{URL, VERBS, has_tables, refused, trades, with_database},
};

/// No command makes the empty database one that a start would take: the state in the folder would be forgotten.
#[test]
fn no_command_begins_a_state_that_the_start_refuses() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    assert_eq!(world.exits(0, &["key", "add", "beta"]), Some(0));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    let file = file.to_str().unwrap();
    assert_eq!(world.exits(0, &["backup", file]), Some(0));
    let good = std::fs::read(file).unwrap();
    let world = with_database(world);
    let (restore, backup) = (["restore", file], ["backup", file, "--force"]);
    let others: [&[&str]; 4] = [&["run"], &restore, &backup, &["migrate", "--to", "sqlite"]];
    let all = || VERBS.into_iter().chain(others);
    for args in all() {
        let (code, said) = world.complains(0, args);
        // The folder with the state says so itself.
        if args != ["migrate", "--to", "sqlite"] {
            assert_eq!(code, Some(78), "{args:?}: {said}");
            assert!(
                said.contains("there is a state in") && said.contains("database is empty"),
                "{args:?}: {said}"
            );
        }
        assert!(code != Some(0) && !has_tables(&world), "{args:?}: {said}");
    }
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    let (keys, first) = (world.sql("SELECT name FROM bot_keys"), world.database.clone());
    assert!(keys.contains("beta"), "{keys}");
    // Another one that is empty: the state is not in it.
    let mut world = world;
    world.empty_database();
    let mut world = with_database(world);
    for args in all() {
        let (code, said) = world.complains(0, args);
        assert_eq!(code, Some(78), "{args:?}: {said}");
        assert!(
            said.contains("was moved to a PostgreSQL database, and this one is empty"),
            "{args:?}: {said}"
        );
        assert!(!has_tables(&world), "{args:?}");
    }
    assert_eq!(std::fs::read(file).unwrap(), good, "the backup is what it was");
    // The one that it was moved to is lost: what the refusal advises is done.
    world.database = first;
    world.server.sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", world.database));
    world.server.sql("postgres", &format!("CREATE DATABASE {}", world.database));
    let mut world = with_database(world);
    refused(&world, "its state is lost");
    assert_eq!(world.exits(0, &["restore", file]), Some(0));
    trades(&mut world);
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "2\n");
}

/// A state that was never in a folder: another database that is empty is not taken for it.
#[test]
fn an_empty_database_beside_the_one_that_was_worked_with_is_not_begun() {
    let Some(mut world) = World::new() else { return };
    // Nothing is anywhere yet: that is no loss, and there is nothing to be taken.
    let (code, said) = world.complains(0, &["check"]);
    assert!(code != Some(69) && !said.contains("42P01"), "{code:?} {said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    let file = file.to_str().unwrap();
    for args in [&["backup", file][..], &["migrate", "--to", "sqlite"]] {
        let (code, said) = world.complains(0, args);
        assert_eq!(code, Some(78), "{args:?}: {said}");
        assert!(said.contains("there is no state in it"), "{args:?}: {said}");
    }
    assert!(!has_tables(&world) && !std::path::Path::new(file).exists());
    // The first thing that happens there is a command's.
    assert_eq!(world.exits(0, &["key", "add", "alpha"]), Some(0));
    let first = world.database.clone();
    world.empty_database();
    for args in [&["run"][..]].into_iter().chain(VERBS) {
        let (code, said) = world.complains(0, args);
        assert_eq!(code, Some(78), "{args:?}: {said}");
        assert!(said.contains("has worked with the PostgreSQL database") && said.contains(&first), "{said}");
        assert!(!has_tables(&world), "{args:?}");
    }
    // Nor is a state begun in the folder, when the setting is not there.
    let mut world = world.with_own(0, URL, "");
    for args in [&["run"][..], &["refresh"], &["key", "add", "alpha"]] {
        let (code, said) = world.complains(0, args);
        assert_eq!(code, Some(78), "{args:?}: {said}");
        assert!(said.contains("KEEPER_DATABASE_URL is not set") && said.contains(&first), "{said}");
    }
    world.database = first;
    trades(&mut with_database(world));
}
