//! What docs/SECURITY.md promises: its tests exist, and words from outside are cleaned by one rule, `keeper_domain::text`.

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
    for (path, text) in sources() {
        let name = path.to_str().unwrap();
        if name == "crates/domain/src/text.rs" || name.starts_with("src/config/") || name.contains("tests") {
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
        "crates/domain/src/event_words.rs",
        "src/login_report.rs",
        "src/cli/orders.rs",
        "src/logging/text.rs",
        "src/fyers/clean.rs",
        "src/telegram/hear.rs",
        "src/telegram/markup.rs",
        "src/standby/listener.rs",
        "crates/domain/src/alerts/words.rs",
    ] {
        let (_, text) = sources.iter().find(|(path, _)| path == Path::new(user)).expect(user);
        let uses = ["text::", "excerpt(", "words::excerpt"].iter().any(|sign| code(text).contains(sign));
        assert!(uses, "{user} shows outside words as they are");
    }
}

/// JSON goes out by one function of each way out, which writes hidden characters as escapes.
#[test]
fn json_goes_out_by_the_function_that_escapes() {
    let requests = ["src/cli/probe.rs", "src/demo/mod.rs"];
    for (path, text) in sources() {
        let name = path.to_str().unwrap();
        let is_output =
            ["src/http/", "src/cli/", "src/standby/", "src/webhook/", "src/logging/", "src/demo/"];
        if is_output.iter().any(|start| name.starts_with(start))
            && !requests.contains(&name)
            && !name.contains("tests")
        {
            for sign in [".json(", "to_string_pretty(", "serde_json::to_string("] {
                let cleans = code(&text).contains("escaped(") || !code(&text).contains(sign);
                assert!(cleans, "{name} has {sign}: use http::reply::json or cli::output::json");
            }
        }
    }
    let sources = sources();
    for user in [
        "src/http/reply.rs",
        "src/http/events/stream.rs",
        "src/cli/output.rs",
        "src/cli/failure.rs",
        "src/logging/json.rs",
        "src/webhook/mod.rs",
        "src/demo/screen.rs",
        "crates/domain/src/feeds/plain.rs",
    ] {
        let (_, text) = sources.iter().find(|(path, _)| path == Path::new(user)).expect(user);
        assert!(text.contains("escaped("), "{user} writes JSON as it is");
    }
}

/// Whatever a template shows is cleaned where it is escaped; none goes round that.
#[test]
fn every_template_shows_by_the_escaper_that_cleans() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = fs::read_to_string(root.join("askama.toml")).unwrap();
    assert!(
        config.contains(
            "[[escaper]]\npath = \"crate::http::pages::cleaned::Cleaned\"\nextensions = [\"html\"]"
        )
    );
    let templates = fs::read_dir(root.join("src/http/pages/templates")).unwrap();
    for path in templates.map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&path).unwrap();
        let signs = ["|safe", "| safe", "|escape", "| escape", "|e(", "autoescape"];
        assert!(!signs.iter().any(|sign| text.contains(sign)), "{} goes round it", path.display());
        // Style and script are parts of a page and show nothing.
        let ending = path.extension().unwrap();
        assert!(ending == "html" || !text.contains("{{"), "{} has no escaper", path.display());
    }
    for (path, text) in sources() {
        let is_one = code(&text).contains("#[template(");
        let goes_round =
            is_one && (text.contains("escape =") || text.contains("source =") || text.contains("ext ="));
        assert!(!goes_round, "{} chooses its own escaper", path.display());
    }
}

/// What a terminal would obey comes from nobody: whoever writes there cleans.
#[test]
fn only_these_files_write_to_the_terminal_and_all_of_them_clean() {
    let writers = [
        "src/cli/output.rs",
        "src/cli/failure.rs",
        "src/cli/login.rs",
        "src/cli/width.rs",
        "src/cli/init/terminal.rs",
    ];
    // The help of the program itself, and the story of the demo, which has no words from outside but the simulator's.
    let own = ["src/main.rs", "src/cli/mod.rs", "src/demo/screen.rs"];
    for (path, text) in sources() {
        let name = path.to_str().unwrap();
        let writes = [
            "println!(",
            "eprintln!(",
            "print!(",
            "stdout().lock()",
            "stderr().lock()",
            "stderr().write",
            "(std::io::stdout()",
        ];
        if !name.starts_with("src/") || name.contains("tests") || own.contains(&name) {
            continue;
        }
        let is_writer = writes.iter().any(|sign| code(&text).contains(sign));
        assert!(!is_writer || writers.contains(&name), "{name} writes to the terminal: use cli::output");
        let cleans = ["shown_lines(", "complaint(", "fitting("].iter().any(|sign| text.contains(sign));
        assert!(!writers.contains(&name) || cleans, "{name} writes words as they are");
    }
}

/// `file.rs: test` pairs of the document; a test without a file belongs to the file before it.
fn promised(document: &str) -> Vec<(String, Option<String>)> {
    let quoted: Vec<&str> = document.split('`').skip(1).step_by(2).collect();
    let mut file = String::new();
    let mut found = Vec::new();
    for words in quoted {
        if let Some((path, test)) = words.split_once(": ").filter(|(path, _)| path.ends_with(".rs")) {
            file = path.to_owned();
            found.push((file.clone(), Some(test.to_owned())));
        } else if words.ends_with(".rs") || words.ends_with('/') {
            found.push((words.to_owned(), None));
        } else if words.starts_with("fyers_keeper_") {
            // A metric.
        } else if words.matches('_').count() >= 4 && words.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            found.push((file.clone(), Some(words.to_owned())));
        }
    }
    found
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/SECURITY.md")).unwrap();
    let promised = promised(&document);
    assert!(promised.iter().filter(|(_, test)| test.is_some()).count() > 20, "{promised:?}");
    for (file, test) in promised {
        let below_root = ["src/", "actors/", "crates/"].iter().any(|start| file.starts_with(start));
        let path = if below_root { root.join(&file) } else { root.join("tests").join(&file) };
        let Some(test) = test else {
            assert!(!file.ends_with(".rs"), "{file}: which of its tests?");
            // A word with a slash at its end may be a route.
            let exists = path.exists() || root.join(&file).exists() || file.starts_with('/');
            assert!(exists, "no such file: {file}");
            continue;
        };
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
    }
}

/// `scripts/attack` runs tests by name; a name that nobody has would run nothing.
#[test]
fn every_attack_of_the_suite_is_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join("scripts/attack")).unwrap();
    let rows: Vec<Vec<&str>> = script.lines().map(|line| line.split('|').collect()).collect();
    let rows: Vec<_> = rows.iter().filter(|row| row.len() == 3 && row[2].contains("::")).collect();
    assert!(rows.len() > 30, "{rows:?}");
    for row in rows {
        let (module, test) = row[2].split_once("::").unwrap();
        let path = root.join(format!("tests/{}/{module}.rs", row[1]));
        let text = fs::read_to_string(&path).unwrap_or_default();
        assert!(text.contains(&format!("fn {test}(")), "{} has no test {test}", path.display());
    }
}
