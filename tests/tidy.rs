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

/// Packages of rules: what decides, and so may know values only. Cargo keeps them from other packages; the standard
/// library and the clock of `chrono` it cannot keep them from.
const PURE_PACKAGES: &[&str] = &["crates/fyers-api/src", "crates/mock-exchange/src", "crates/domain/src"];

/// Rules beside the adapters that use them.
const RULES: &[&str] = &[
    "src/fyers/limits/cost.rs",
    "src/fyers/limits/logins.rs",
    "src/fyers/limits/window.rs",
    "src/fyers/limits/window",
    "src/heartbeat/rules.rs",
    "src/http/gateway/path.rs",
    "src/http/metrics/routes.rs",
    "src/http/access/budget.rs",
    "src/http/access/origin.rs",
    "src/http/access/rule.rs",
    "src/http/pages/orders.rs",
    "src/http/pages/view.rs",
    "src/http/pages/words.rs",
    "src/status/checks.rs",
    "src/status/day.rs",
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
];

/// The edges, where a secret is taken out of its wrapping: to be sent, stored, hashed, compared or searched for.
const UNWRAPPERS: &[&str] = &[
    "crates/domain/src/chat/inbox/rules.rs",
    "crates/domain/src/keys",
    "crates/domain/src/secret.rs",
    "actors/token",
    "crates/domain/src/session",
    "src/app/control.rs",
    "src/app/mirror.rs",
    "src/backup/restore.rs",
    "src/cli/check.rs",
    "src/cli/key.rs",
    "src/cli/login.rs",
    "src/cli/probe.rs",
    "src/cli/run.rs",
    "src/cli/setup.rs",
    "src/config/read/secrets.rs",
    "src/config/read.rs",
    "src/doctor/net.rs",
    "src/env_file/file.rs",
    "src/fyers",
    "src/heartbeat/pinger.rs",
    "src/logging/redact.rs",
    "src/store/sqlite",
    "src/store/state_dir.rs",
    "src/telegram",
    "src/http/access/gate.rs",
    "src/http/keys.rs",
    "src/http/pages/keys.rs",
    "src/http/pages/login.rs",
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
    for (name, text) in sources(&[RULES, PURE_PACKAGES].concat()) {
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
    for (name, text) in
        sources(&["src", "actors", "crates/fyers-api", "crates/mock-exchange", "crates/domain"])
    {
        let unwraps = program(&text).contains("expose_secret()") || program(&text).contains(".expose()");
        assert!(!unwraps || is_test(&name) || below(&name, UNWRAPPERS), "{name} unwraps a secret");
    }
}

#[test]
fn nothing_is_left_for_later() {
    for (name, text) in sources(&["src", "actors", "crates"]) {
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
