//! The other way to write: over the old bytes, for a file whose name cannot be given to a new one. Both contents are
//! kept in a journal in the state folder until the write is on the disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::env_file::error::{EnvFileError, EnvFileErrorKind};
use crate::env_file::replace::Outcome;
use crate::env_file::snapshot::Snapshot;

/// What a write in place was about to do. Holds secrets: no `Debug`.
struct Journal {
    path: PathBuf,
    old: Zeroizing<String>,
    new: Zeroizing<String>,
}

/// Writes `new` over the file at `path`, if that is still as it was `before`.
pub(super) fn overwrite(
    state_dir: &Path,
    path: &Path,
    before: &Snapshot,
    new: &str,
) -> Result<Outcome, EnvFileError> {
    let old = before.text(path)?;
    store_journal(state_dir, path, old, new)?;
    if !before.is_current(path) {
        return remove_journal(state_dir).map(|()| Outcome::Changed);
    }
    let written = put(&before.file, new);
    // A journal that stays here is used and removed by the next recovery, which each update starts with.
    if written.is_ok() || put(&before.file, old).is_ok() {
        let _ = remove_journal(state_dir);
    }
    written.map(|()| Outcome::Done).map_err(|e| EnvFileError::io("write over it", path, &e))
}

/// Makes `content` the whole content of `file`, on the disk.
fn put(file: &File, content: &str) -> io::Result<()> {
    file.write_all_at(content.as_bytes(), 0)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
}

/// Finishes a write that was interrupted by the end of its process. The caller holds the lock.
pub(super) fn recover(state_dir: &Path) -> Result<(), EnvFileError> {
    let path = journal_path(state_dir);
    let bytes = match fs::read(&path).map(Zeroizing::new) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(EnvFileError::state("read the journal", &path, &e)),
    };
    decode(&bytes).map_or(Ok(()), |journal| finish(&journal))?;
    remove_journal(state_dir)
}

fn finish(journal: &Journal) -> Result<(), EnvFileError> {
    let path = &journal.path;
    let now = match Snapshot::take(path, File::options().read(true).write(true)) {
        Ok(now) => now,
        Err(e) if e.kind() == EnvFileErrorKind::Missing => return Ok(()),
        Err(e) => return Err(e),
    };
    // Somebody edited the file after the crash, perhaps to paste a newer token: it stays as it is now.
    if !explains(journal, &now.bytes) {
        return Ok(());
    }
    // Also when the write was complete: it may not have reached the disk.
    put(&now.file, &journal.new).map_err(|e| EnvFileError::io("finish the interrupted write", path, &e))
}

/// Whether `content` can be what an interrupted write left: each byte from the old or the new content, or zero where
/// the file grew and the data did not reach the disk before the power went.
fn explains(journal: &Journal, content: &[u8]) -> bool {
    let (old, new) = (journal.old.as_bytes(), journal.new.as_bytes());
    let possible = |(i, byte): (usize, &u8)| {
        old.get(i) == Some(byte) || new.get(i) == Some(byte) || (*byte == 0 && i >= old.len())
    };
    let lengths = old.len().min(new.len())..=old.len().max(new.len());
    lengths.contains(&content.len()) && content.iter().enumerate().all(possible)
}

/// Where the journal in this state folder is.
pub(super) fn journal_path(state_dir: &Path) -> PathBuf {
    state_dir.join("env-journal")
}

/// Puts a journal on the disk, readable by the keeper only.
pub(super) fn store_journal(state_dir: &Path, path: &Path, old: &str, new: &str) -> Result<(), EnvFileError> {
    let at = journal_path(state_dir);
    try_store(state_dir, &at, (path, old, new)).map_err(|e| {
        let _ = fs::remove_file(&at);
        EnvFileError::state("write the journal", &at, &e)
    })
}

fn try_store(state_dir: &Path, at: &Path, (path, old, new): (&Path, &str, &str)) -> io::Result<()> {
    // Enough room from the start: growing would leave copies of the secrets in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * (old.len() + new.len()) + 8192));
    // The path as bytes: it need not be UTF-8.
    serde_json::to_writer(&mut *bytes, &(path.as_os_str().as_bytes(), old, new)).map_err(io::Error::other)?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(at)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    File::open(state_dir)?.sync_all()
}

/// `None` when the journal is incomplete, which means that the file was not touched yet. Neither a beginning of a JSON
/// array nor one with zero bytes in it is JSON, so this needs no checksum.
fn decode(bytes: &[u8]) -> Option<Journal> {
    let (path, old, new) = serde_json::from_slice(bytes).ok()?;
    let path = PathBuf::from(OsString::from_vec(path));
    Some(Journal { path, old: Zeroizing::new(old), new: Zeroizing::new(new) })
}

/// Removes the journal. Synced, because a journal that came back after a power loss could undo a later edit.
fn remove_journal(state_dir: &Path) -> Result<(), EnvFileError> {
    let path = journal_path(state_dir);
    let removed = fs::remove_file(&path).and_then(|()| File::open(state_dir)?.sync_all());
    removed.map_err(|e| EnvFileError::state("remove the journal", &path, &e))
}
