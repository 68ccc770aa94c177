//! Comments of the workspace point to `docs/fyers-api.md` by section: every section they name is there.

use std::{collections::BTreeSet, fs, path::PathBuf};

/// The folders that hold sources of ours, from the workspace's root.
const FOLDERS: [&str; 8] = ["actors", "benches", "clients", "crates", "examples", "scripts", "src", "tests"];

const DOCUMENT: &str = "docs/fyers-api.md";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut waiting: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py" || kind == "md") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// A comment as one text, however its words were broken into lines.
fn joined(text: &str) -> String {
    let words = |line: &str| line.trim_start().trim_start_matches(['/', '!', '#', '*']).trim().to_owned();
    text.lines().map(words).collect::<Vec<_>>().join(" ")
}

/// The quoted names that follow a mention of the document, up to the end of the remark.
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for after in joined(text).split(DOCUMENT).skip(1) {
        let mut rest = after;
        while let Some(open) = rest.strip_prefix([',', ' ']).or_else(|| rest.strip_prefix("and ")) {
            rest = open;
            if let Some(quoted) = rest.strip_prefix('"') {
                let Some((name, more)) = quoted.split_once('"') else { break };
                names.push(name.to_owned());
                rest = more;
            }
        }
    }
    names
}

#[test]
fn every_section_that_a_comment_names_is_in_the_document() {
    let document = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let sections: BTreeSet<&str> = document.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut seen = 0;
    for (path, text) in sources() {
        for name in named(&text) {
            seen += 1;
            assert!(sections.contains(name.as_str()), "{} points to {name:?}", path.display());
        }
    }
    assert!(seen > 50, "only {seen} references were found: the search is broken");
}

#[test]
fn references_are_found_however_they_are_written() {
    let text = "/// x (docs/fyers-api.md, \"Order book\" and\n/// \"SDKs\"), \"other\"\n// docs/fyers-api.md, \"A\", \"B\". \"C\"";
    assert_eq!(named(text), ["Order book", "SDKs", "A", "B"]);
}
