//! One module opens the files that hold or bring a secret: nobody else opens files, apart from those named here with why.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// How a file is opened.
const OPENINGS: [&str; 8] = [
    "read_to_string(",
    "fs::read(",
    "fs::write(",
    "fs::copy(",
    "File::open(",
    "File::create",
    "File::options()",
    "OpenOptions::new()",
];

/// Who may, and how often in each file.
const ALLOWED: [(&str, usize, &str); 11] = [
    ("src/private_file.rs", 4, "the one module"),
    ("src/demo/file_clock.rs", 1, "a test's clock"),
    ("src/fyers/symbols/cache.rs", 1, "a folder, to sync it"),
    ("src/config/calendar.rs", 2, "the calendar: no secrets"),
    ("src/doctor/files.rs", 1, "the lock on the state folder"),
    ("src/http/metrics/gauges.rs", 1, "/proc/self/status"),
    ("src/http/access/peer_user.rs", 1, "/proc/self/net/tcp and tcp6"),
    (
        "src/store/state_dir.rs",
        3,
        "the folder itself for its lock and to sync it, and the text of the lock file it has open",
    ),
    ("src/store/postgres/flaw.rs", 1, "certificates, which anybody may read"),
    ("src/backup/partial.rs", 1, "a folder, to sync it"),
    ("actors/", 0, "nothing"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().to_owned();
        if path.is_dir() && !name.ends_with("/tests") && !name.ends_with("/env_file") {
            sources(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("/tests.rs") && !name.ends_with("/testing.rs") {
            found.push(path);
        }
    }
}

/// `src/env_file` is left out: it is the one other module that opens a file with secrets, `.env`, by rules of its own
/// (tests/env_file_*.rs), because it must also follow links and write in place.
#[test]
fn files_with_secrets_are_opened_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![];
    for folder in ["src", "actors", "crates/domain/src", "crates/mock-exchange/src", "crates/fyers-api/src"] {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "{}", files.len());
    for file in files {
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code = program.lines().filter(|line| !line.trim_start().starts_with("//"));
        let opened: Vec<_> = code.filter(|line| OPENINGS.iter().any(|way| line.contains(way))).collect();
        let allowed = ALLOWED.iter().find(|(path, ..)| name == *path).map_or(0, |(_, times, _)| *times);
        assert!(opened.len() <= allowed, "{name} opens files by itself, use private_file: {opened:#?}");
    }
}
