//! Words from outside are cleaned by one rule, `keeper_domain::text`, wherever they are shown.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting: Vec<PathBuf> = ["src", "actors", "crates/domain/src"].map(|name| root.join(name)).into();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.strip_prefix(root).unwrap().to_owned(), text));
        }
    }
    found
}

/// The part of a file before its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn nobody_has_a_rule_of_his_own_for_hidden_characters() {
    // Settings are refused when they hold a control character; nothing of them is shown.
    let exceptions = ["crates/domain/src/text.rs", "src/config/read.rs"];
    for (path, text) in sources() {
        let name = path.to_str().unwrap();
        if exceptions.contains(&name) || name.contains("tests") {
            continue;
        }
        for sign in ["is_control", "u{202e}", "u{200b}"] {
            assert!(!code(&text).contains(sign), "{name} has {sign}: use keeper_domain::text");
        }
    }
}

#[test]
fn pages_messages_tables_and_logs_use_it() {
    let sources = sources();
    for user in [
        "src/http/pages/words.rs",
        "src/login_report.rs",
        "src/cli/orders.rs",
        "src/logging/text.rs",
        "src/fyers/clean.rs",
        "src/telegram/hear.rs",
        "crates/domain/src/alerts/words.rs",
    ] {
        let (_, text) = sources.iter().find(|(path, _)| path == Path::new(user)).expect(user);
        let uses = ["text::", "excerpt(", "words::excerpt"].iter().any(|sign| code(text).contains(sign));
        assert!(uses, "{user} shows outside words as they are");
    }
}
