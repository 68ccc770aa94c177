//! `config check`: all mistakes at once, and no secret shown.

use std::{fs, os::unix::fs::PermissionsExt};

use simulator::Options;

use crate::support::{APP, Home};

#[test]
fn every_mistake_is_told_at_once_and_no_secret_with_it() {
    let home = Home::bare(Options::default())
        .set("FYERS_CLIENT_ID", "no-app-id")
        .set("FYERS_SECRET_KEY", "CANARY-secret-key")
        .set("FYERS_PIN", "CANARY-pin")
        .set("FYERS_SANDBOX", "perhaps")
        .set("FYERS_API_URL", "nowhere")
        .set("TELEGRAM_BOT_TOKEN", "CANARY-bot-token")
        .set("TELEGRAM_CHAT_ID", "the family")
        .set("KEEPER_HTTP_ADDR", "everywhere")
        .set("KEEPER_GATEWAY_KEY", "CANARYkey")
        .set("KEEPER_TICK_TIME", "25:00")
        .set("KEEPER_LOG_FORMAT", "yaml")
        .set("KEEPER_ON_TOKEN_LOSS", "pray")
        .set("KEEPER_MOCK_CAPITAL", "-1");
    let wrong = [
        "FYERS_PIN",
        "FYERS_SANDBOX",
        "FYERS_API_URL",
        "TELEGRAM_CHAT_ID",
        "KEEPER_HTTP_ADDR",
        "KEEPER_GATEWAY_KEY",
        "KEEPER_TICK_TIME",
        "KEEPER_LOG_FORMAT",
        "KEEPER_ON_TOKEN_LOSS",
        "KEEPER_MOCK_CAPITAL",
    ];
    for verb in [&["config", "check"][..], &["run"], &["check"], &["refresh"], &["status"]] {
        let ran = home.run(verb).exits(78);
        for name in wrong {
            assert!(ran.err.contains(&format!("fyers-keeper: {name} ")), "{name} is not named: {ran:?}");
        }
        assert!(!ran.text().contains("CANARY"), "a secret was printed: {ran:?}");
    }
    assert!(!home.path("state").exists(), "bad settings touch nothing");
}

#[test]
fn a_typo_is_a_note_and_not_an_error() {
    let home = Home::bare(Options::default());
    home.write_env("FYERS_CLIENT_IDD=ABCD1234EF-100\nFYERS_PIM=4711\n");
    let ran = home.run(&["config", "check", "--json"]).exits(0);
    let notes = ran.json()["notes"].to_string();
    assert!(notes.contains("FYERS_CLIENT_IDD"), "{notes}");
    assert!(notes.contains("FYERS_CLIENT_ID?") || notes.contains("did you mean FYERS_CLIENT_ID"), "{notes}");
    assert!(notes.contains("FYERS_PIN"), "{notes}");
    assert!(!ran.text().contains("4711"));
}

#[test]
fn an_empty_folder_is_a_valid_setup_that_says_what_is_missing() {
    let home = Home::bare(Options::default());
    let ran = home.run(&["config", "check"]).exits(0);
    for name in ["FYERS_CLIENT_ID", "TELEGRAM_BOT_TOKEN"] {
        assert!(ran.out.lines().any(|line| line.starts_with("missing:") && line.contains(name)), "{ran:?}");
    }
    assert!(!home.path("state").exists(), "looking makes nothing");
}

#[test]
fn secrets_can_be_in_files_and_are_never_shown() {
    let home = Home::bare(Options::default())
        .set("FYERS_SECRET_KEY_FILE", "secret-key")
        .set("FYERS_PIN_FILE", "pin")
        .set("TELEGRAM_CHAT_ID", "42")
        .set("TELEGRAM_BOT_TOKEN_FILE", "bot");
    home.write_env("FYERS_CLIENT_ID=ABCD1234EF-100\n");
    for (name, text) in
        [("secret-key", "CANARYSECRET\n"), ("pin", "7391\n"), ("bot", "123456789:CANARY-bot\n")]
    {
        fs::write(home.path(name), text).unwrap();
        fs::set_permissions(home.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let ran = home.run(&["config", "check", "--json"]).exits(0);
    let answer = ran.json();
    assert_eq!(answer["missing"], serde_json::json!([]), "all is set: {answer:#}");
    let row = |name: &str| {
        let rows = answer["settings"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {answer:#}")).clone()
    };
    for name in ["FYERS_SECRET_KEY", "FYERS_PIN", "TELEGRAM_BOT_TOKEN"] {
        assert_eq!(row(name)["origin"], "secret_file", "{name}");
    }
    assert_eq!(row("FYERS_CLIENT_ID")["origin"], "env_file");
    assert_eq!(row("KEEPER_HTTP_ADDR")["origin"], "environment");
    for secret in ["CANARY", "7391"] {
        assert!(!ran.text().contains(secret), "{ran:?}");
    }
    let table = home.run(&["config", "check"]).exits(0);
    assert!(!table.text().contains("CANARY") && !table.text().contains("7391"), "{table:?}");
}

#[test]
fn a_secret_file_that_is_missing_is_a_mistake() {
    let home = Home::bare(Options::default()).set("FYERS_PIN_FILE", "not-there");
    home.write_env(APP);
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("FYERS_PIN_FILE") && ran.err.contains("not-there"), "{ran:?}");
}

#[test]
fn half_an_app_is_a_mistake() {
    let home = Home::bare(Options::default());
    home.write_env("FYERS_CLIENT_ID=ABCD1234EF-100\n");
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("FYERS_SECRET_KEY"), "{ran:?}");
}
