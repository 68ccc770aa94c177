//! A folder with a state of its own, before and after there is a database: nothing in it is forgotten without a word.

use std::{path::PathBuf, process::Stdio, time::Duration};

use fyers_keeper::store::{SqliteStore, StateDir};
use tempfile::TempDir;

use crate::{
    hosts::World,
    support::{block_on, wait_for},
};

pub(crate) const URL: &str = "KEEPER_DATABASE_URL";

pub(crate) fn with_database(world: World) -> World {
    let url = world.database_for(0, "keeper", &world.database);
    world.with_own(0, URL, url.leak())
}

pub(crate) fn refused(world: &World, words: &str) {
    let (code, said) = world.complains(0, &["run"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(words), "{said}");
}

/// Runs a command and kills it after so many milliseconds.
fn killed_after(world: &World, args: &[&str], millis: u64) {
    let mut child = world.command(0, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(millis));
    let _ended = child.kill();
    child.wait().unwrap();
    // What it has sent may still be carried out: its connections end when that is done.
    wait_for("the end of its connections", || {
        let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
                      AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        (world.sql(others) == "0\n").then_some(())
    });
}

/// What opens the state for one task.
pub(crate) const VERBS: [&[&str]; 5] =
    [&["refresh"], &["key", "add", "alpha"], &["key", "list"], &["login"], &["check"]];

/// Whether anybody has made a keeper's tables.
pub(crate) fn has_tables(world: &World) -> bool {
    world.sql("SELECT to_regclass('journal') IS NOT NULL OR to_regclass('lease') IS NOT NULL") == "t\n"
}

fn state_folder(world: &World) -> PathBuf {
    world.hosts[0].dir.path().join("state")
}

/// A state folder in which nothing has happened.
fn empty_state() -> TempDir {
    let dir = TempDir::new().unwrap();
    let state = StateDir::open(dir.path()).unwrap();
    block_on(async { SqliteStore::open(&state).await.unwrap().close().await });
    dir
}

/// Starts, has an order taken, and stops.
pub(crate) fn trades(world: &mut World) {
    world.start(0);
    world.wait_acts(0);
    assert_eq!(world.order(0, "one more").unwrap(), "fyers");
    world.term(0);
}

const MARK: &str = "migration.unfinished";

/// Killed after the rows were copied and before the old file was put away: whoever comes next finishes it.
#[test]
fn a_migration_that_was_killed_is_finished_or_begun_again() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    let folder = state_folder(&world);
    let (old, moved, mark) = (folder.join("keeper.db"), folder.join("keeper.db.moved"), folder.join(MARK));
    let mut world = with_database(world);
    // Before anything was copied.
    std::fs::write(&mark, "a-number-that-no-database-knows").unwrap();
    refused(&world, "nothing of it is in this database");
    let world_without = world.with_own(0, URL, "");
    refused(&world_without, "only the database says whether it was complete");
    world = with_database(world_without);
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    assert!(moved.exists() && !old.exists() && !mark.exists());
    // After the last row: a start finishes it, and so does the command.
    let number = world.sql("SELECT value FROM facts WHERE name = 'filled_by'");
    let number = number.trim().trim_matches('"').to_owned();
    for by_command in [true, false] {
        std::fs::rename(&moved, &old).unwrap();
        std::fs::write(&mark, &number).unwrap();
        world = world.with_own(0, URL, "");
        refused(&world, "only the database says whether it was complete");
        world = with_database(world);
        if by_command {
            assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
        } else {
            trades(&mut world);
            assert!(world.log(0).contains("store.moved"), "{}", world.log(0));
        }
        assert!(moved.exists() && !old.exists() && !mark.exists());
    }
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "2\n");
    // The way back, killed before its last row: the empty file is no state.
    std::fs::write(&mark, "back a-number").unwrap();
    let empty = empty_state();
    std::fs::copy(empty.path().join("keeper.db"), &old).unwrap();
    world = world.with_own(0, URL, "");
    refused(&world, "nothing of it is there");
    world = with_database(world);
    refused_to(&world, "postgres", "the state is still in the database");
    assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0));
    assert!(!mark.exists());
    // After the last row, before the database knew: what has become of it there since counts.
    world.sql("DELETE FROM facts WHERE name = 'moved_away'");
    std::fs::write(&mark, "back a-number").unwrap();
    trades(&mut world);
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "3\n");
    world = world.with_own(0, URL, "");
    refused(&world, "only the database says whether it was complete");
    world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0));
    // After that: the command finishes it, and so does a start that is refused.
    let there = world.sql("SELECT value::json ->> 'number' FROM facts WHERE name = 'moved_away'");
    assert_eq!(there, "a-number\n");
    for by_command in [true, false] {
        std::fs::write(&mark, "back a-number").unwrap();
        world = world.with_own(0, URL, "");
        refused(&world, "only the database says whether it was complete");
        world = with_database(world);
        if by_command {
            assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0), "all of it is there");
        } else {
            refused(&world, "was moved to the state folder");
        }
        assert!(!mark.exists());
    }
    world = world.with_own(0, URL, "");
    trades(&mut world);
    world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0), "it comes back");
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "4\n");
    trades(&mut world);
}

fn refused_to(world: &World, to: &str, words: &str) {
    let (code, said) = world.complains(0, &["migrate", "--to", to]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains(words), "{said}");
}

/// One account, two databases: the one that the state has left has no keeper, whether it starts there or stood by.
#[test]
fn a_database_that_the_state_has_left_has_no_keeper() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    assert_eq!(world.order(0, "in PostgreSQL").unwrap(), "fyers");
    let file = world.hosts[0].dir.path().join("b.db");
    let file = file.to_str().unwrap();
    assert_eq!(world.exits(0, &["backup", file]), Some(0));
    // It sleeps while the state goes.
    world.pause(1);
    world.term(0);
    let (code, said) = world.complains(0, &["migrate", "--to", "sqlite"]);
    assert_eq!(code, Some(0), "{said}");
    world.resume(1);
    assert_eq!(world.reap(1), Some(78), "{}", world.log(1));
    let away = "was moved to the state folder";
    assert!(world.log(1).contains(away), "{}", world.log(1));
    let folder = state_folder(&world).canonicalize().unwrap().display().to_string();
    for host in [0, 1] {
        for args in [
            &["run"][..],
            &["key", "add", "alpha"],
            &["refresh"],
            &["status"],
            &["orders"],
            &["check"],
            &["backup", "/nowhere/b.db"],
            &["restore", file],
            &["migrate", "--to", "sqlite"],
        ] {
            let (code, said) = world.complains(host, args);
            let is_told =
                said.contains(away) && said.contains(&folder) && said.contains("KEEPER_DATABASE_URL");
            // The folder with the state says so itself.
            let is_filled = host == 0 && args == ["migrate", "--to", "sqlite"];
            assert!(is_filled || (code == Some(78) && is_told), "{host} {args:?}: {code:?} {said}");
        }
    }
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    // Back again: the other host acts on it as before.
    let mut world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    world.start(1);
    world.wait_acts(1);
    assert_eq!(world.order(1, "in PostgreSQL again").unwrap(), "fyers");
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "3\n");
}

/// At whatever moment it is killed, running it again brings everything along, there and back.
#[test]
fn a_migration_that_is_killed_at_any_moment_loses_nothing() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    for (orders, delay) in (1..).zip([5, 20, 40, 60, 80, 100, 130, 170, 220, 300]) {
        world.empty_database();
        let there = with_database(world);
        for to in ["postgres", "sqlite"] {
            killed_after(&there, &["migrate", "--to", to], delay);
            let lasts = "SELECT COUNT(*) FROM lease WHERE expires_at > clock_timestamp() + interval '15 s'";
            if there.sql("SELECT to_regclass('lease') IS NOT NULL") == "t\n" {
                assert_eq!(there.sql(lasts), "0\n", "killed after {delay} ms, to {to}");
            }
            // A lease that nobody let go ends by itself; this is the database's clock, and nobody else is there.
            there.sql(
                "DO $$ BEGIN IF to_regclass('lease') IS NOT NULL THEN
                 UPDATE lease SET expires_at = clock_timestamp(), holder = NULL; END IF; END $$",
            );
            let (code, said) = there.complains(0, &["migrate", "--to", to]);
            // The kill may come when all is done: then there is nothing to be moved any more.
            let was_done = said.contains("there is a state in") || said.contains("there is no state in");
            assert!(code == Some(0) || was_done, "after {delay} ms, to {to}: {code:?} {said}");
            println!("killed after {delay} ms, to {to}: {said}");
            if to == "postgres" {
                assert_eq!(there.sql("SELECT COUNT(*) FROM orders"), format!("{orders}\n"));
            }
        }
        world = there.with_own(0, URL, "");
        trades(&mut world);
    }
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

/// Two databases with a state each: rows that one of them has brought are not written over with those of the other one.
#[test]
fn a_migration_that_was_interrupted_is_not_gone_on_with_another_database() {
    let Some(mut world) = World::new() else { return };
    trades(&mut world);
    trades(&mut world);
    assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0));
    let number = world.sql("SELECT value::json ->> 'number' FROM facts WHERE name = 'moved_away'");
    // As when it was killed after the last row, before the database knew.
    world.sql("DELETE FROM facts WHERE name = 'moved_away'");
    let (url, first) = (world.database_for(0, "keeper", &world.database), world.database.clone());
    let place = url.split_once('@').unwrap().1.split('?').next().unwrap().to_owned();
    let mark = state_folder(&world).join(MARK);
    std::fs::write(&mark, format!("back {}\nwith {place}\n", number.trim())).unwrap();
    world.empty_database();
    world.start(1);
    world.wait_acts(1);
    assert_eq!(world.order(1, "in another database").unwrap(), "fyers");
    world.term(1);
    for to in ["sqlite", "postgres"] {
        refused_to(&world, to, &format!("was begun with the PostgreSQL database {place}"));
    }
    assert!(mark.exists());
    world.database = first;
    assert_eq!(world.exits(0, &["migrate", "--to", "sqlite"]), Some(0), "with its own it is finished");
    assert!(!mark.exists());
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    let said = world.says(0, &["orders", "--json"]);
    let world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "3\n", "its own rows: {said}");
}

/// In the place of a state that is in a database, or beside it, nothing is put back: both could act, and what happened there
/// would be forgotten.
#[test]
fn a_backup_is_not_put_beside_a_state_that_was_moved() {
    let Some(world) = World::new() else { return };
    let mut world = world.with_own(0, URL, "");
    trades(&mut world);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    let file = file.to_str().unwrap();
    assert_eq!(world.exits(0, &["backup", file]), Some(0));
    let mut world = with_database(world);
    assert_eq!(world.exits(0, &["migrate", "--to", "postgres"]), Some(0));
    let refused = |world: &World, words: &str| {
        let (code, said) = world.complains(0, &["restore", file]);
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains(words) && !state_folder(world).join("keeper.db").exists(), "{said}");
    };
    world.empty_database();
    let world = with_database(world);
    refused(&world, "was moved to a PostgreSQL database, and this one is empty");
    assert!(!has_tables(&world));
    // The start says the same of the database that is lost, and what to do.
    let (code, said) = world.complains(0, &["run"]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("If that one is lost") && said.contains("fyers-keeper restore"), "{said}");
    let world = world.with_own(0, URL, "");
    refused(&world, "was moved to PostgreSQL, and KEEPER_DATABASE_URL is not set");
    let world = with_database(world);
    std::fs::rename(state_folder(&world).join("keeper.db.moved"), folder.path().join("old.db")).unwrap();
    assert_eq!(world.exits(0, &["restore", file]), Some(0), "as it was told");
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "1\n");
}

/// A database that had a state and is empty now is not begun anew without a word: it was lost.
#[test]
fn a_database_that_was_lost_is_not_begun_anew() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    world.start(1);
    world.wait_stands_by(1);
    world.wait_warm(0);
    assert_eq!(world.order(0, "before it is lost").unwrap(), "fyers");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    let file = file.to_str().unwrap();
    assert_eq!(world.exits(0, &["backup", file]), Some(0));
    let good = std::fs::read(file).unwrap();
    world.kill9(1);
    world.term(0);
    let database = world.database.clone();
    world.server.sql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"));
    refused(&world, "there is no such database (3D000)");
    world.server.sql("postgres", &format!("CREATE DATABASE {database}"));
    for host in [0, 1] {
        for args in [&["run"][..]]
            .into_iter()
            .chain(VERBS)
            .chain([&["backup", file, "--force"][..], &["migrate", "--to", "sqlite"]])
        {
            let (code, said) = world.complains(host, args);
            assert_eq!(code, Some(78), "{host} {args:?}: {said}");
            assert!(
                said.contains("its state is lost") && said.contains("fyers-keeper restore"),
                "{host} {args:?}: {said}"
            );
            assert!(!said.contains("Log in to FYERS here"), "nobody logs in for nothing: {said}");
            assert!(!has_tables(&world), "{host} {args:?}");
        }
    }
    assert_eq!(std::fs::read(file).unwrap(), good, "the backup is what it was");
    assert_eq!(world.exits(0, &["restore", file]), Some(0));
    world.start(1);
    world.wait_acts(1);
    assert_eq!(world.order(1, "after the restore").unwrap(), "fyers");
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "2\n");
}
