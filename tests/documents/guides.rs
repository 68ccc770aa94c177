//! The guides: commands that exist, links that lead somewhere, every reason explained.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Parser;
use fyers_keeper::cli::Cli;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let is_document = |path: &PathBuf| path.extension().is_some_and(|end| end == "md");
    let inside = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> =
        inside(root()).chain(inside(&root().join("docs"))).filter(is_document).collect();
    all.sort();
    all.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands between backticks, and the lines of shell blocks.
fn quoted(text: &str) -> Vec<String> {
    let mut found = vec![];
    for (index, block) in text.split("```").enumerate() {
        if index % 2 == 0 {
            found.extend(block.split('`').skip(1).step_by(2).map(str::to_owned));
        } else if block.starts_with("sh\n") || block.starts_with("console\n") {
            found.extend(block.lines().skip(1).map(str::to_owned));
        }
    }
    found
}

/// The keeper's commands in a line: the program's name and what follows, up to a comment or another command.
fn commands(line: &str) -> Vec<Vec<String>> {
    let parts = line.split(['|', ';', '#', '>']).flat_map(|part| part.split("&&"));
    let words = |part: &str| part.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let of_keeper = |words: Vec<String>| {
        let at = words.iter().position(|word| word == "fyers-keeper")?;
        let first = words.get(at + 1)?;
        first.starts_with(|c: char| c.is_ascii_lowercase() || c == '-').then(|| words[at..].to_vec())
    };
    // An image's name and a folder's look the same; what follows these is not a command line.
    let other = |words: &Vec<String>| {
        let not_ours = [
            "docker",
            "podman",
            "buildah",
            "kubectl",
            "fly",
            "systemctl",
            "journalctl",
            "cd",
            "install",
            "useradd",
        ];
        words.iter().any(|word| not_ours.contains(&word.as_str()))
    };
    parts.map(words).filter(|words| !other(words)).filter_map(of_keeper).collect()
}

#[test]
fn every_command_of_the_keeper_that_a_document_names_is_one() {
    let mut seen = 0;
    for (path, text) in documents() {
        for line in quoted(&text) {
            for words in commands(&line) {
                seen += 1;
                // What stands in brackets is optional, and capitals stand for a value.
                let words = words.iter().map(|word| match word.trim_matches(['[', ']']) {
                    "N" => "5".to_owned(),
                    "DATE" => "2026-11-24".to_owned(),
                    "SHELL" => "bash".to_owned(),
                    word => word.to_owned(),
                });
                let parsed = Cli::try_parse_from(words);
                let fine = |error: &clap::Error| error.exit_code() == 0;
                assert!(
                    parsed.as_ref().err().is_none_or(fine),
                    "{}: `{line}`: {}",
                    path.display(),
                    parsed.unwrap_err()
                );
            }
        }
    }
    assert!(seen > 8, "{seen} commands found: the search is broken");
}

#[test]
fn the_guide_of_daily_use_names_every_command_of_the_chat() {
    let guide = fs::read_to_string(root().join("docs/OPERATE.md")).unwrap();
    let words: Vec<&str> = guide.split(|c: char| c.is_whitespace() || matches!(c, '`' | ',' | '.')).collect();
    for (command, _) in keeper_domain::chat::inbox::commands::COMMANDS {
        assert!(words.contains(&format!("/{command}").as_str()), "/{command}");
    }
}

#[test]
fn every_script_that_a_document_names_is_there() {
    for (path, text) in documents() {
        for line in quoted(&text) {
            for word in line
                .split_whitespace()
                .filter(|word| word.starts_with("scripts/") || word.starts_with("ops/"))
            {
                let target = root().join(word.trim_end_matches(['.', ',', '/']));
                assert!(target.exists(), "{}: {word}", path.display());
            }
        }
    }
}

#[test]
fn the_guide_explains_every_reason() {
    let guide = fs::read_to_string(root().join("docs/TOKEN_REFRESH_GUIDE.md")).unwrap();
    let source = fs::read_to_string(root().join("crates/domain/src/reason.rs")).unwrap();
    let slugs: Vec<&str> =
        source.lines().filter_map(|line| line.split_once(" => \"")?.1.strip_suffix("\",")).collect();
    let slugs: Vec<_> = slugs.into_iter().filter(|slug| !slug.contains(' ')).collect();
    assert!(slugs.len() > 25, "{slugs:?}");
    for slug in slugs {
        assert!(guide.contains(&format!("`{slug}`")), "{slug} is not explained");
    }
}

/// All sources that hold texts for people, with the line breaks inside string literals taken out.
fn texts_of_the_program() -> String {
    fn collect(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let ends = entry.extension().and_then(|end| end.to_str()).unwrap_or_default().to_owned();
            if entry.is_dir() {
                collect(&entry, into);
            } else if matches!(ends.as_str(), "rs" | "html") {
                into.push_str(&fs::read_to_string(&entry).unwrap());
            }
        }
    }
    let mut all = String::new();
    for folder in ["src", "actors", "crates/domain/src", "crates/mock-exchange/src", "crates/fyers-api/src"] {
        collect(&root().join(folder), &mut all);
    }
    all.replace("\\\n", "").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_questions_quote_what_the_program_says() {
    let faq = fs::read_to_string(root().join("docs/FAQ.md")).unwrap();
    let program = texts_of_the_program();
    let headings: Vec<&str> =
        faq.lines().filter_map(|line| line.strip_prefix("### \"")?.strip_suffix('"')).collect();
    assert!(headings.len() > 15, "{} headings found: the search is broken", headings.len());
    for heading in headings {
        assert!(program.contains(heading), "nothing in the program says: {heading}");
    }
}
