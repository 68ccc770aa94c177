//! The messages of the log, as the source has them: level, event, message.

use std::{
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting: Vec<PathBuf> = ["src", "actors"].map(|folder| root.join(folder)).into();
    let mut found = vec![];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.to_string_lossy().contains("/tests")
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn messages_of_the_log() {
    let call = Regex::new(r"(?s)\b(error|warn|info)!\((.*?)\)(?:;|,\n|\n)").unwrap();
    let text = Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
    let mut lines = std::collections::BTreeSet::new();
    for path in sources() {
        let source = fs::read_to_string(path).unwrap();
        let program = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: Vec<&str> = program.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for found in call.captures_iter(&code.join("\n")) {
            let texts: Vec<String> = text.captures_iter(&found[2]).map(|text| text[1].to_owned()).collect();
            let Some(message) = texts.last().filter(|message| message.contains(' ')) else { continue };
            let event = texts.first().filter(|event| *event != message).map_or("", String::as_str);
            let message = message.split('\\').map(str::trim).collect::<Vec<_>>().join(" ");
            lines.insert(format!("{event:28} {:5} {message}", &found[1]));
        }
    }
    assert!(lines.len() > 50, "{}", lines.len());
    crate::golden("log", &lines.into_iter().collect::<Vec<_>>().join("\n"));
}
