//! A backup of a keeper that acts on PostgreSQL, put back into an empty database.

use serde_json::Value;

use crate::hosts::World;

fn counts(said: &Value) -> &Value {
    assert_eq!(said["ok"], Value::Null, "{said}");
    &said["counts"]
}

#[test]
fn a_state_in_postgres_is_backed_up_while_it_is_used_and_put_back() {
    let Some(mut world) = World::new() else { return };
    world.start(0);
    world.wait_acts(0);
    for _ in 0..3 {
        world.order(0, "to be backed up").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keeper.db");
    let path = file.to_str().unwrap();
    let made = world.says(0, &["backup", path, "--json"]);
    assert_eq!(counts(&made)["orders"], 3, "{made}");
    assert_eq!(made["with_tokens"], false);
    let orders = world.sql("SELECT entry FROM orders ORDER BY id");
    // No token, and none of what keepers share.
    let bytes = std::fs::read(&file).unwrap();
    for secret in [crate::hosts::KEY, world.token.as_str()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    assert_eq!(world.exits(0, &["restore", path]), Some(73), "a keeper runs on this state folder");
    assert_eq!(world.exits(1, &["restore", path]), Some(75), "a keeper acts on this database");
    world.term(0);
    assert_eq!(world.exits(0, &["restore", path]), Some(1), "there is a state in it already");

    world.empty_database();
    let restored = world.says(0, &["restore", path, "--json"]);
    assert_eq!(counts(&restored), counts(&made), "{restored}");
    assert_eq!(world.sql("SELECT entry FROM orders ORDER BY id"), orders);
    world.start(0);
    world.wait_acts(0);
    assert_eq!(world.order(0, "after the restore").unwrap(), "fyers");
    assert_eq!(world.sql("SELECT COUNT(*) FROM orders"), "4\n", "numbers go on");
    world.judge();
}
