//! Every text that a person can meet, as it is, in one folder for review: `golden/`. The alerts and the events in words
//! are put there by the tests of `crates/domain`, which know a sample of each.
//!
//! A changed text shows as a difference: look at it, then run this test with `INSTA_UPDATE=always`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../watch/browserless.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod browserless;
mod card;
mod log;
mod login;
mod pages;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod support;
mod terminal;

/// One golden file.
fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What differs from run to run is put into words.
fn steady(text: &str, home: &support::Home) -> String {
    let path = home.path("").display().to_string();
    let text = text.replace(path.trim_end_matches('/'), "FOLDER").replace(&home.port.to_string(), "PORT");
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    [
        (r"\d\d:\d\d:\d\d", "HH:MM:SS"),
        (r"\b(?:11:0\d|11:1\d)\b", "HH:MM"),
        (r"\b[0-9a-f]{12}(?:-dirty)?\b", "COMMIT"),
        (r"\b[0-9a-f]{8}\b", "TOKEN"),
        (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT"),
        (r"\b\d+ (?:s|ms) after", "N s after"),
        (r"once=[\w-]{32}", "once=CODE"),
        (r"\(process \d+\)", "(process NUMBER)"),
        // Some are made and sent while the page is read.
        (r"Alerts (waiting|delivered)\n[^\n]*", "Alerts $1\nSOME"),
    ]
    .into_iter()
    .fold(text, |text, (pattern, instead)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, instead).into_owned()
    })
}

/// Whoever trades reads these; the log is for who runs the keeper.
#[test]
fn no_text_has_a_word_of_those_who_build_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/texts/golden");
    let built =
        regex::Regex::new(r"(?i)\b(outbox|digest|epoch|mailbox|idempotent|backoff|payload)\b").unwrap();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let found = built.find(&text).filter(|_| !path.ends_with("log.snap"));
        assert_eq!(found.map(|word| word.as_str()), None, "{}", path.display());
    }
}
