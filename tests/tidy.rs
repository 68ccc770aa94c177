//! The promises about the source itself: rules stay pure, secrets stay wrapped, files stay readable, and what is
//! written about the settings is what the program reads.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use fyers_keeper::config::table::TABLE;

/// What decides, and so may know values only.
const RULES: &[&str] = &[
    "actors/chat/card/reminders.rs",
    "actors/chat/card/rules.rs",
    "actors/chat/card/words.rs",
    "actors/chat/inbox/commands.rs",
    "actors/chat/inbox/confirm.rs",
    "actors/chat/inbox/pace.rs",
    "actors/chat/inbox/paste.rs",
    "actors/chat/inbox/rules.rs",
    "actors/chat/inbox/verdict.rs",
    "crates/mock-exchange/src/calendar.rs",
    "actors/clock/due.rs",
    "actors/clock/steps.rs",
    "actors/event.rs",
    "actors/exchange/engine",
    "actors/exchange/form.rs",
    "actors/exchange/gtt.rs",
    "actors/exchange/house.rs",
    "actors/exchange/mode.rs",
    "actors/exchange/model.rs",
    "actors/exchange/operation.rs",
    "actors/exchange/reading.rs",
    "actors/exchange/safety.rs",
    "actors/exchange/shape.rs",
    "actors/mode.rs",
    "actors/notifier/coalesce.rs",
    "actors/notifier/delivery.rs",
    "actors/notifier/outbox.rs",
    "actors/notifier/render.rs",
    "actors/notifier/words.rs",
    "actors/reason.rs",
    "actors/supervisor/policy.rs",
    "actors/token/jwt.rs",
    "actors/token/login.rs",
    "actors/token/reconcile.rs",
    "actors/token/retry.rs",
    "actors/token/rules.rs",
    "actors/token/rules",
    "actors/token/window.rs",
    "src/fyers/pipe/pace.rs",
    "src/fyers/pipe/cost.rs",
    "src/heartbeat/rules.rs",
    "src/metrics/routes.rs",
    "src/status/checks.rs",
    "src/status/day.rs",
    "src/web/gateway/path.rs",
    "src/web/origin.rs",
    "src/web/page/view.rs",
    "src/web/page/words.rs",
    "src/web/visit.rs",
];

/// What no rule may name.
const WORLD: &[&str] = &[
    "actix",
    "tokio",
    "reqwest",
    "std::fs",
    "std::env",
    "std::net",
    "std::time::Instant",
    "Instant::now",
    "SystemTime",
    "Utc::now",
    "Local::now",
    "rand::rng",
    "tracing",
    "async fn",
];

/// The edges, where a secret is taken out of its wrapping: to be sent, stored, hashed, compared or searched for.
const UNWRAPPERS: &[&str] = &[
    "actors/chat/inbox/rules.rs",
    "actors/secret.rs",
    "actors/token/actor.rs",
    "actors/token/jwt.rs",
    "actors/token/login.rs",
    "actors/token/reconcile.rs",
    "actors/token/rules",
    "actors/token/rules.rs",
    "src/app/control.rs",
    "src/app/mirror.rs",
    "src/backup/restore.rs",
    "src/cli/check.rs",
    "src/cli/login.rs",
    "src/cli/probe.rs",
    "src/cli/setup.rs",
    "src/config/read.rs",
    "src/doctor/net.rs",
    "src/env_file/file.rs",
    "src/fyers",
    "src/heartbeat/pinger.rs",
    "src/logging/redact.rs",
    "src/store/examine.rs",
    "src/store/sqlite.rs",
    "src/store/state_dir.rs",
    "src/telegram",
    "src/web/access.rs",
    "src/web/login.rs",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below these folders, by its path from the root, with its text.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty());
    found
}

/// The text before the tests in the same file, without comments.
fn program(text: &str) -> String {
    let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code = program.lines().map(|line| line.split("//").next().unwrap());
    code.collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.contains("/tests") || name.ends_with("/testing.rs")
}

fn below(name: &str, places: &[&str]) -> bool {
    places.iter().any(|place| name == *place || name.starts_with(&format!("{place}/")))
}

#[test]
fn rules_know_nothing_of_the_world() {
    for rule in RULES {
        assert!(root().join(rule).exists(), "{rule} is gone: change the list");
    }
    for (name, text) in sources(RULES) {
        if is_test(&name) || name.ends_with("/walk.rs") {
            continue;
        }
        let program = program(&text);
        for word in WORLD {
            assert!(!program.contains(word), "{name} names {word}");
        }
    }
}

#[test]
fn secrets_are_unwrapped_at_the_edges_only() {
    for (name, text) in sources(&["src", "actors"]) {
        let unwraps = program(&text).contains("expose_secret()") || program(&text).contains(".expose()");
        assert!(!unwraps || is_test(&name) || below(&name, UNWRAPPERS), "{name} unwraps a secret");
    }
}

#[test]
fn the_actors_reach_the_world_through_ports_only() {
    for (name, text) in sources(&["actors"]) {
        for word in
            ["reqwest", "teloxide", "sqlx", "std::fs", "std::env", "std::net", "Utc::now", "SystemTime"]
        {
            assert!(is_test(&name) || !program(&text).contains(word), "{name} names {word}");
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    for (name, text) in sources(&["src", "actors", "crates/simulator/src"]) {
        for word in ["todo!", "unimplemented!", "TODO", "FIXME"] {
            assert!(!text.contains(word), "{name} has a {word}");
        }
    }
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    for (name, text) in sources(&["src", "actors", "crates/simulator/src", "tests"]) {
        let lines = text.lines().count();
        assert!(lines <= 500, "{name} has {lines} lines");
    }
}

#[test]
fn env_example_has_every_setting_once_with_its_default() {
    let text = fs::read_to_string(root().join("env.example")).unwrap();
    let settings = text.lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
    let settings: Vec<_> = settings.filter(|(name, _)| TABLE.iter().any(|spec| spec.name == *name)).collect();
    let names: BTreeSet<_> = settings.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), settings.len(), "a setting is there twice");
    assert_eq!(names, TABLE.iter().map(|spec| spec.name).collect());
    for (name, value) in settings {
        let default = TABLE.iter().find(|spec| spec.name == name).unwrap().default;
        assert!(value.is_empty() || value == default, "{name} is {value} there and {default} here");
    }
}

#[test]
fn the_documents_name_only_settings_that_there_are() {
    let settings = regex::Regex::new("`((?:FYERS|TELEGRAM|KEEPER)_[A-Z_]+)`").unwrap();
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for name in settings.captures_iter(&text).map(|found| found[1].to_owned()) {
            assert!(fyers_keeper::config::table::is_known(&name), "{document} names {name}");
        }
    }
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            let outside = link.is_empty() || link.contains("://");
            assert!(outside || root().join(link).exists(), "{document} links to {link}");
        }
    }
}
