//! `backup` and `restore` with the real program: beside a running keeper, killed at any moment.

use std::{fs, os::unix::fs::PermissionsExt, process::Stdio, time::Duration};

use rand::Rng;
use simulator::{RefreshMode, TokenKind};

use crate::support::Home;

/// A home whose keeper has a token.
fn home() -> (Home, String) {
    let home = Home::at("2026-11-23T11:00:00", RefreshMode::Disabled);
    let token = home.sim.mint(TokenKind::Access);
    home.append_env(&format!("FYERS_ACCESS_TOKEN={token}\n"));
    (home, token)
}

fn has(home: &Home, file: &str, needle: &str) -> bool {
    fs::read(home.path(file)).unwrap().windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn a_state_moves_to_another_folder_by_way_of_a_backup() {
    let (home, token) = home();
    let nothing = home.run(&["backup"]).exits(1);
    assert!(nothing.err.contains("there is no state"), "{nothing:?}");
    let keeper = home.start_ready();
    keeper.wait_status("a good token", |status| status["session"]["state"] == "valid");

    let made = home.run(&["backup", "plain.db", "--json"]).exits(0).json();
    assert!(made["counts"]["events"].as_u64().unwrap() > 0, "{made:#}");
    assert_eq!(fs::metadata(home.path("plain.db")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!has(&home, "plain.db", &token), "the token is in the backup");
    let again = home.run(&["backup", "plain.db"]).exits(1);
    assert!(again.err.contains("--force"), "{again:?}");
    home.run(&["backup", "plain.db", "--force"]).exits(0);
    let whole = home.run(&["backup", "whole.db", "--with-tokens"]).exits(0);
    assert!(whole.out.contains("can trade"), "{whole:?}");
    let refused = home.run(&["restore", "plain.db"]).exits(73);
    assert!(refused.err.contains(&format!("process {}", keeper.pid())), "{refused:?}");
    assert!(keeper.stop().success());

    home.write_env(crate::support::APP);
    let home = home.set("KEEPER_STATE_DIR", "second");
    let restored = home.run(&["restore", "whole.db", "--with-gateway-key", "--json"]).exits(0).json();
    assert_eq!((&restored["with_tokens"], &restored["gateway_key"]), (&true.into(), &true.into()));
    assert_eq!(
        fs::read(home.path("second/gateway.key")).unwrap(),
        fs::read(home.path("state/gateway.key")).unwrap()
    );
    let keeper = home.start_ready();
    keeper.wait_status("the token of the backup", |status| status["session"]["state"] == "valid");
    assert!(keeper.stop().success());

    let restored = home.run(&["restore", "plain.db"]).exits(0);
    assert!(
        restored.out.contains("The old state is kept") && restored.out.contains("log in once"),
        "{restored:?}"
    );
    let keeper = home.start_ready();
    keeper.wait_status("no token", |status| status["session"]["usable"] == false);
}

#[test]
fn alerts_that_waited_in_a_backup_are_not_told_as_if_they_were_true_now() {
    let (home, token) = home();
    let home = home.with_telegram().set("FYERS_SANDBOX", "false");
    home.sim.set_outage(simulator::Service::Telegram, true);
    let keeper = home.start_ready();
    keeper.wait_status("live", |status| {
        status["mode"] == "live" && status["outbox"]["waiting"].as_u64() > Some(2)
    });
    home.run(&["backup", "b.db"]).exits(0);
    assert!(keeper.stop().success());
    assert!(home.sim.kill(&token));
    let restored = home.run(&["restore", "b.db"]).exits(0);
    assert!(restored.out.contains("Not sent, because they tell of the time of the backup: "), "{restored:?}");
    assert!(restored.out.contains("Live: FYERS accepts the token"), "{restored:?}");
    home.sim.set_outage(simulator::Service::Telegram, false);
    let keeper = home.start_ready();
    keeper.wait_status("what is new is told", |status| {
        status["session"]["state"] == "login_required" && status["outbox"]["waiting"] == 0
    });
    let alerts = home.alerts();
    assert!(alerts.iter().any(|alert| alert.contains("has started")), "{alerts:#?}");
    assert!(!alerts.iter().any(|alert| alert.contains("Live: FYERS accepts")), "{alerts:#?}");
}

#[test]
fn a_typo_makes_nothing() {
    let home = Home::with_app(RefreshMode::Disabled);
    let ran = home.run(&["restore", "nothing.db"]).exits(1);
    assert!(ran.err.contains("nothing.db"), "{ran:?}");
    home.run(&["restore"]).exits(2);
    fs::write(home.path("text.db"), "text ".repeat(100)).unwrap();
    let ran = home.run(&["restore", "text.db"]).exits(1);
    assert!(ran.err.contains("is no state of fyers-keeper") && ran.err.contains("backup"), "{ran:?}");
    let deep = home.run(&["backup", "no/such/folder.db"]).exits(1);
    assert!(!home.path("no").exists(), "{deep:?}");
}

/// The state folder may hold an old SQLite from before the move: a backup of it would look good and be worthless.
#[test]
fn a_state_in_postgresql_is_not_backed_up_from_the_folder() {
    let (home, _) = home();
    home.start_ready().stop();
    let home = home.set("KEEPER_DATABASE_URL", "postgres://keeper:pw-canary@127.0.0.1:1/keeper");
    let refused = home.run(&["backup", "old.db"]).exits(69);
    assert!(refused.err.contains("PostgreSQL") && !refused.err.contains("pw-canary"), "{refused:?}");
    assert!(!home.path("old.db").exists() && !home.path("state/copy.partial").exists());
}

/// Runs a verb and kills it at a random moment.
fn cut_off(home: &Home, args: &[&str]) {
    let mut child = home.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let moment = Duration::from_millis(rand::rng().random_range(0..120));
    std::thread::sleep(moment); // the moment of death is what this is about; nothing is hoped for
    let _ended_before = child.kill();
    child.wait().unwrap();
}

#[test]
fn killed_at_any_moment_there_is_the_old_or_the_new_and_never_a_mix() {
    let (home, _token) = home();
    assert!(home.start_ready().stop().success());
    let first =
        home.run(&["backup", "first.db", "--json", "--with-tokens"]).exits(0).json()["counts"].clone();
    for _ in 0..3 {
        assert!(home.start_ready().stop().success());
    }
    let second =
        home.run(&["backup", "second.db", "--json", "--with-tokens"]).exits(0).json()["counts"].clone();
    assert_ne!(first, second);
    fs::copy(home.path("first.db"), home.path("over.db")).unwrap();

    let mut seen = [0, 0];
    for round in 0..24 {
        let file = if round % 2 == 0 { "first.db" } else { "second.db" };
        cut_off(&home, &["restore", file]);
        cut_off(&home, &["backup", "over.db", "--force"]);
        // What is there is whole: the verb itself checks it, and so does the doctor.
        let now = home.run(&["backup", "now.db", "--force", "--json"]).exits(0).json()["counts"].clone();
        assert!(now == first || now == second, "a mix after round {round}: {now:#}");
        seen[usize::from(now == second)] += 1;
    }
    println!("{} times the first, {} times the second", seen[0], seen[1]);
    home.run(&["restore", "over.db"]).exits(0);
    assert!(home.start_ready().stop().success());
}
