//! What a keeper last wrote, where the test that it belongs to fails: on a machine of others it is all that is left of it.

use std::path::Path;

const LINES: usize = 60;

/// Prints the end of the log, in a test that has failed.
pub(super) fn print(log: &Path) {
    if !std::thread::panicking() {
        return;
    }
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    println!("the keeper's last lines:");
    lines[lines.len().saturating_sub(LINES)..].iter().for_each(|line| println!("{line}"));
}
