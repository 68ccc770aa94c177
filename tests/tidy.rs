//! The promises about the source itself: rules stay pure, secrets stay wrapped, files stay readable, and what is
//! written about the settings is what the program reads.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use fyers_keeper::config::table::TABLE;
use regex::Regex;

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
    "src/http/metrics/routes.rs",
    "src/http/access/budget.rs",
    "src/http/access/host.rs",
    "src/http/access/origin.rs",
    "src/http/access/rule.rs",
    "src/http/access/way.rs",
    "src/http/pages/orders.rs",
    "src/http/pages/view.rs",
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
    "src/cli/init/pages.rs",
    "src/cli/init/pairing.rs",
    "src/cli/init/telegram.rs",
    "src/cli/key.rs",
    "src/cli/key_file.rs",
    "src/cli/login.rs",
    "src/cli/probe.rs",
    "src/cli/run.rs",
    "src/cli/setup.rs",
    "src/cli/setup/written.rs",
    "src/cli/state_store.rs",
    "src/config/read/secrets.rs",
    "src/config/read.rs",
    "src/config/settings.rs",
    "src/doctor/net.rs",
    "src/env_file/file.rs",
    "src/fyers",
    "src/heartbeat/pinger.rs",
    "src/logging/redact.rs",
    "src/run_tokens.rs",
    "src/store/postgres",
    "src/store/sqlite",
    "src/store/state_dir.rs",
    "src/telegram",
    "src/webhook",
    "src/http/access/gate.rs",
    "src/http/keys.rs",
    "src/http/pages/keys.rs",
    "src/http/gateway/login_code.rs",
    "src/http/access/key.rs",
    "src/http/pages/login.rs",
    // The one-time link, which a person at the terminal or the log is told.
    "src/http/set_up.rs",
];

/// Files that are still to be split.
const TOO_LONG: &[&str] = &["crates/domain/src/event.rs"];

/// Words that say nothing to a reader who knows this field.
const PRIVATE_WORDS: &[&str] = &[
    "aside", "bite", "carried", "deed", "desk", "harm", "house", "pace", "paper", "passing", "pipe",
    "reading", "shape", "taps", "toll", "tried", "trip", "ward",
];

/// Names in which one of them has its ordinary sense.
const ORDINARY: &[&str] = &["full_pipe", "round_trip"];

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
    for (name, text) in sources(&["src", "actors", "crates", "tests"]) {
        let lines = text.lines().count();
        let most = if TOO_LONG.contains(&name.as_str()) { 510 } else { 400 };
        assert!(lines <= most, "{name} has {lines} lines");
    }
}

/// `PageSession` and `page_session` as their words.
fn words(identifier: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    for part in identifier.split('_').filter(|part| !part.is_empty()) {
        let (mut word, mut before) = (String::new(), 'A');
        for letter in part.chars() {
            if letter.is_uppercase() && before.is_lowercase() {
                words.push(std::mem::take(&mut word));
            }
            word.extend(letter.to_lowercase());
            before = letter;
        }
        words.push(word);
    }
    words
}

static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    let item = r"(?m)^\s*(?:pub(?:\([^)]*\))? )?(?:async |const )*(?:fn|struct|enum|trait|type|mod) (\w+)";
    Regex::new(item).unwrap()
});
static TEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#\[(?:\w+::)?test\b[^\n]*\n(?:\s*#\[[^\n]*\n)*[^\n]*").unwrap());

/// Names of types, modules and functions in a text. The names of tests are sentences and are left out.
fn named(text: &str) -> Vec<String> {
    let text = TEST.replace_all(text, "");
    ITEM.captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn names_are_the_fields_words() {
    for (path, text) in sources(&["src", "actors", "crates", "tests", "benches", "examples"]) {
        let parts = path.trim_end_matches(".rs").split('/').map(str::to_owned);
        for name in parts.chain(named(&text)).filter(|name| !ORDINARY.contains(&name.as_str())) {
            let found = words(&name).into_iter().find(|word| PRIVATE_WORDS.contains(&word.as_str()));
            assert_eq!(found, None, "{path} names {name}");
        }
    }
    assert_eq!(words("HTTPPipe_of"), ["httppipe", "of"]);
    assert_eq!(words("OrderShape"), ["order", "shape"]);
    assert_eq!(named("pub(crate) async fn a() {}\n#[test]\nfn told() {}\n  mod b;"), ["a", "b"]);
}

#[test]
fn a_public_name_means_one_thing() {
    let public = Regex::new(r"(?m)^pub (?:struct|enum|trait|type) (\w+)").unwrap();
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // The simulator stands alone, with wire types of its own.
    for (path, text) in sources(&["src", "actors", "crates"]) {
        if path.starts_with("crates/simulator") || is_test(&path) {
            continue;
        }
        for name in public.captures_iter(&text).map(|found| found[1].to_owned()) {
            places.entry(name).or_default().insert(path.clone());
        }
    }
    let twice: BTreeMap<_, _> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
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
    let settings = Regex::new("`((?:FYERS|TELEGRAM|KEEPER)_[A-Z_]+)`").unwrap();
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
