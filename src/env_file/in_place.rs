//! The other way to write: over the old bytes, for a file whose name cannot be given to a new one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::atomic::Outcome;
use super::error::EnvWriteError;
use super::journal::Journal;
use super::target::Snapshot;

/// Writes `new` over the file, whose text was the one given with it. The flag says whether the journal is gone again.
pub(super) fn overwrite(
    state_dir: &Path,
    path: &Path,
    keys: &[&str],
    before: (&Snapshot, &str),
    new: &str,
) -> Result<(Outcome, bool), EnvWriteError> {
    let (before, old) = before;
    Journal::new(path, keys, old, new).store(state_dir)?;
    match before.is_current(path) {
        Ok(true) => {}
        Ok(false) => return Journal::remove(state_dir).map(|()| (Outcome::Changed, true)),
        Err(e) => return Journal::remove(state_dir).and(Err(e)),
    }
    match put(&before.file, new) {
        Ok(()) => Ok((Outcome::Done, Journal::remove(state_dir).is_ok())),
        Err(e) => {
            // If going back fails too, the journal stays for the next recovery.
            if put(&before.file, old).is_ok() {
                let _ = Journal::remove(state_dir);
            }
            Err(EnvWriteError::io("write over it", path, e))
        }
    }
}

/// Makes `content` the whole content of `file`, on the disk.
pub(super) fn put(file: &File, content: &str) -> io::Result<()> {
    file.write_all_at(content.as_bytes(), 0)?;
    file.set_len(content.len() as u64)?;
    file.sync_all()
}
