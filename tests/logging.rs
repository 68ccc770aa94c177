//! docs/logging.md and the program say the same: every event that the code can log is in the table with its levels and
//! fields, and nothing else is.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

#[path = "e2e/log_table.rs"]
mod log_table;

use log_table::{Table, documented};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file that is part of the program, without comments and without the tests in it.
fn sources() -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = ["src", "actors"].map(|folder| root().join(folder)).into();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if name.ends_with(".rs") && !name.contains("/tests") && !name.ends_with("/testing.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let code: Vec<_> = program.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            found.push((name, code.join("\n")));
        }
    }
    found
}

/// The text between this parenthesis and its partner.
fn balanced(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return &text[1..at];
                }
            }
            _ => {}
        }
    }
    panic!("no end of {}", &text[..text.len().min(200)])
}

/// The arguments before the message: names of fields, and the event if it is written out.
fn arguments(body: &str) -> Vec<(String, String)> {
    let (mut depth, mut quoted, mut parts) = (0, false, vec![String::new()]);
    for c in body.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    let parts = parts.iter().map(|part| part.trim()).take_while(|part| !part.starts_with('"'));
    let pair = |part: &str| match part.split_once('=') {
        Some((name, value)) => (name.trim().to_owned(), value.trim().trim_matches('"').to_owned()),
        None => (part.trim_start_matches(['%', '?']).to_owned(), String::new()),
    };
    parts.filter(|part| !part.is_empty()).map(pair).collect()
}

/// What one macro call logs.
struct Call {
    file: String,
    /// What stands before it in the file.
    before: String,
    levels: Vec<String>,
    event: Option<String>,
    fields: BTreeSet<String>,
}

fn calls() -> Vec<Call> {
    let starts = Regex::new(r"\b(?:tracing::)?(\$level|error|warn|info|debug|trace)!\(").unwrap();
    let mut calls = vec![];
    for (file, text) in sources() {
        for found in starts.captures_iter(&text) {
            let whole = found.get(0).unwrap();
            let arguments = arguments(balanced(&text[whole.end() - 1..]));
            let levels = match &found[1] {
                // The alert's own severity: see the match below it.
                "$level" => ["info", "warn", "error"].map(str::to_owned).into(),
                level => vec![level.to_owned()],
            };
            let event = arguments.iter().find(|(name, _)| name == "event").map(|(_, value)| value.clone());
            let common = |name: &str| matches!(name, "event" | "banner" | "actor");
            let fields =
                arguments.iter().map(|(name, _)| name.clone()).filter(|name| !common(name)).collect();
            let before = text[..whole.start()].to_owned();
            calls.push(Call { file: file.clone(), before, levels, event, fields });
        }
    }
    calls
}

/// `Event::name`: each kind of journal event, as its pattern is written there, with its name in the log.
fn names() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(root().join("crates/domain/src/event/name.rs")).unwrap();
    let (_, rest) = text.split_once("fn name(&self)").unwrap();
    let table = rest.split("\n    }\n").next().unwrap();
    let variant = Regex::new(r"Self::(\w+)( \{[^}]*\})?").unwrap();
    let name = Regex::new(r#"=> "([a-z_.]+)""#).unwrap();
    let (mut names, mut waiting) = (vec![], vec![]);
    for line in table.lines() {
        waiting.extend(variant.captures_iter(line).map(|found| (found[1].to_owned(), pattern(&found))));
        if let Some(found) = name.captures(line) {
            names.extend(waiting.drain(..).map(|(variant, fields)| (variant, fields, found[1].to_owned())));
        }
    }
    names
}

/// The fields of a pattern, as `{ over: true }`.
fn pattern(found: &regex::Captures<'_>) -> String {
    found.get(2).map_or_else(String::new, |fields| fields.as_str().trim().to_owned())
}

/// The names of the event that this call is about: the last arm before it says which.
fn names_of(call: &Call, names: &[(String, String, String)]) -> (String, BTreeSet<String>) {
    let arm = Regex::new(r"Event::(\w+)( \{[^}]*\})?(?: if [^=]+)? => ").unwrap();
    let found = arm.captures_iter(&call.before).last();
    let found = found.unwrap_or_else(|| panic!("which event? {}", &call.before[call.before.len() - 300..]));
    let of_variant = || names.iter().filter(|(variant, ..)| *variant == found[1]);
    // Some kinds have two names; an arm may be about one of them only.
    let exact = of_variant().filter(|(_, fields, _)| *fields == pattern(&found));
    let exact: BTreeSet<String> = exact.map(|(.., name)| name.clone()).collect();
    let all = || of_variant().map(|(.., name)| name.clone()).collect();
    (found[1].to_owned(), if exact.is_empty() { all() } else { exact })
}

/// Everything that the code can log.
fn logged() -> Table {
    let names = names();
    let mut table = Table::new();
    let mut told = BTreeSet::new();
    for call in calls() {
        let events: BTreeSet<String> = match call.event.as_deref() {
            None => ["log".to_owned()].into(),
            // The name is `Event::name` of the journal event that the arm is about.
            Some("name") => {
                assert_eq!(call.file, "actors/event_log.rs", "an event must be written out");
                let (variant, names) = names_of(&call, &names);
                told.insert(variant);
                names
            }
            Some(event) => [event.to_owned()].into(),
        };
        for event in events {
            let entry = table.entry(event).or_default();
            entry.levels.extend(call.levels.clone());
            entry.fields.extend(call.fields.clone());
        }
    }
    let kinds = names.into_iter().map(|(variant, ..)| variant).collect();
    assert_eq!(told, kinds, "every kind of journal event has its log line");
    // The log's own line about what is missing is made by hand: it must not go through the queue.
    let by_hand = sources().into_iter().find(|(name, _)| name == "src/logging/mod.rs").unwrap().1;
    assert!(by_hand.contains("(\"event\".to_owned(), \"log.dropped\".into())"));
    let dropped = table.entry("log.dropped".to_owned()).or_default();
    dropped.levels.insert("warn".to_owned());
    dropped.fields.insert("dropped".to_owned());
    table
}

#[test]
fn the_document_has_every_event_with_its_levels_and_fields_and_no_other() {
    let (logged, written) = (logged(), documented());
    let mut wrong = vec![];
    for (name, event) in &logged {
        if written.get(name) != Some(event) {
            wrong.push(format!("docs/logging.md must say: {}", event.row(name)));
        }
    }
    let extra = written.keys().filter(|name| !logged.contains_key(*name));
    wrong.extend(extra.map(|name| format!("docs/logging.md has {name}, which nothing logs")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(logged.len() > 40, "only {} events were found", logged.len());
}

#[test]
fn the_recipes_name_only_events_and_fields_that_there_are() {
    let text = fs::read_to_string(root().join("docs/logging.md")).unwrap();
    let (_, recipes) = text.split_once("\n## Recipes").unwrap();
    let table = documented();
    let words = Regex::new(r"\b(?:keeper|clock|token|login|exchange|order|actor|alert|chat|card|store|ping|gateway)\.[a-z_]+(?:\.[a-z_]+)?\b").unwrap();
    let mut seen = 0;
    // A unit of systemd has a dot in its name, too.
    let unit = |found: &regex::Match<'_>| recipes[..found.start()].ends_with('-');
    for word in words.find_iter(recipes).filter(|found| !unit(found)).map(|found| found.as_str()) {
        // `token.refresh.*` and the like name the beginning of several.
        let known = table.keys().any(|event| event == word || event.starts_with(&format!("{word}.")));
        assert!(known, "a recipe names {word}");
        seen += 1;
    }
    assert!(seen > 15, "only {seen} events in the recipes");
}
