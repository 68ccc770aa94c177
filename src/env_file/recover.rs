//! Cleans up after a process that died while it wrote: finishes a write in place, removes temporary files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, unlinkat};
use rustix::io::retry_on_intr;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::atomic::{open_folder, temp_prefix};
use super::edit;
use super::error::{EnvWriteError, Kind};
use super::in_place::put;
use super::journal::{Journal, Stored};
use super::parse;
use super::target::{Access, Snapshot};

/// What a recovery found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// What became of an interrupted write in place.
    pub journal: JournalOutcome,
    /// Temporary files of dead writers that were removed.
    pub temp_files_removed: usize,
    /// Temporary files that could not be removed. They may hold a secret.
    pub temp_files_left: usize,
}

/// What became of an interrupted write in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JournalOutcome {
    /// There was none.
    #[default]
    None,
    /// It had not begun: the file is as it was.
    NotBegun,
    /// It was complete already.
    Complete,
    /// It was finished now: the file has the new content.
    Finished,
    /// Somebody edited the file after the crash: the edit was kept and the new values were set in it.
    Merged,
    /// The file is gone, so there was nothing to repair.
    FileGone,
}

/// Finishes or drops the write that the journal describes. The caller holds the lock.
pub(super) fn journal(state_dir: &Path) -> Result<JournalOutcome, EnvWriteError> {
    let outcome = match Journal::load(state_dir)? {
        Stored::None => return Ok(JournalOutcome::None),
        Stored::Incomplete => JournalOutcome::NotBegun,
        Stored::Whole(journal) => finish(&journal)?,
    };
    Journal::remove(state_dir)?;
    Ok(outcome)
}

fn finish(journal: &Journal) -> Result<JournalOutcome, EnvWriteError> {
    let path = journal.path();
    let now = match Snapshot::take(&path, Access::ReadWrite) {
        Ok(now) => now,
        Err(e) if matches!(e.kind(), Kind::Missing | Kind::Detached) => return Ok(JournalOutcome::FileGone),
        Err(e) => return Err(e),
    };
    let written = |e| EnvWriteError::io("finish the interrupted write", &path, e);
    if *now.bytes == journal.new.as_bytes() {
        // Complete, but perhaps not yet on the disk.
        now.file.sync_all().map_err(written)?;
        return Ok(JournalOutcome::Complete);
    }
    if journal.explains(&now.bytes) {
        put(&now.file, &journal.new).map_err(written)?;
        return Ok(JournalOutcome::Finished);
    }
    put(&now.file, &merged(journal, now.text(&path)?)).map_err(written)?;
    Ok(JournalOutcome::Merged)
}

/// The foreign content with our values. Values that cannot be set were never ours.
fn merged(journal: &Journal, text: &str) -> Zeroizing<String> {
    let values = parse::read(&journal.new);
    let changes: Vec<(&str, &str)> = journal
        .keys
        .iter()
        .filter_map(|key| Some((key.as_str(), values.get(key)?.expose_secret())))
        .collect();
    Zeroizing::new(edit::set(text, &changes).unwrap_or_else(|_| text.to_owned()))
}

/// Removes temporary files beside `path` and counts `(removed, left)`. The caller holds the lock, so that they have
/// no living owner.
pub(super) fn temp_files(path: &Path) -> (usize, usize) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return (0, 0) };
    let prefix = temp_prefix(name);
    let Ok(dir) = open_folder(folder) else { return (0, 0) };
    // Not `std::fs::read_dir`: it panics when closing the folder fails.
    let Ok(entries) = Dir::read_from(&dir) else { return (0, 0) };
    let names = entries.flatten().map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned());
    names.filter(|name| is_temp(name, &prefix)).fold((0, 0), |(removed, left), name| {
        match retry_on_intr(|| unlinkat(&dir, &name, AtFlags::empty())) {
            Ok(()) => (removed + 1, left),
            Err(_) => (removed, left + 1),
        }
    })
}

fn is_temp(name: &OsStr, prefix: &OsStr) -> bool {
    let random = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
    random.is_some_and(|r| r.len() == 16 && r.iter().all(u8::is_ascii_hexdigit))
}
