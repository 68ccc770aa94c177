//! A little room on the disk that is kept back. A database that was closed in good order needs some to be opened again, for the
//! side files that SQLite keeps while it is in use; on a full disk a keeper that was stopped could not start any more.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use crate::{private_file, store::state_dir::SPARE_ROOM};

/// Enough for both side files and the first changes.
const BYTES: usize = 256 * 1024;

/// Keeps it back, where the disk has it. Written, not only made long: a hole takes no room.
pub(super) fn keep(state: &Path) {
    let path = file(state);
    let is_kept = path.symlink_metadata().is_ok_and(|meta| meta.len() == BYTES as u64);
    if is_kept || write(&path).is_ok() {
        return;
    }
    let _none = fs::remove_file(path);
}

/// Whether the disk of this file has less than that.
pub(super) fn is_missing(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(file);
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < BYTES as u64)
}

fn write(path: &Path) -> std::io::Result<()> {
    let _none = fs::remove_file(path);
    let mut file = private_file::create_new(path)?;
    file.write_all(&vec![b'.'; BYTES])?;
    file.sync_all()
}

/// Gives it up; false when there is none.
pub(super) fn give_up(state: &Path) -> bool {
    fs::remove_file(file(state)).is_ok()
}

fn file(state: &Path) -> PathBuf {
    state.join(SPARE_ROOM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_once_and_can_be_given_up_once() {
        let folder = tempfile::tempdir().unwrap();
        keep(folder.path());
        keep(folder.path());
        assert_eq!(fs::metadata(file(folder.path())).unwrap().len(), BYTES as u64);
        assert!(give_up(folder.path()) && !give_up(folder.path()));
        fs::write(file(folder.path()), "half of it").unwrap();
        keep(folder.path());
        assert_eq!(fs::metadata(file(folder.path())).unwrap().len(), BYTES as u64);
    }
}
