//! The normal way to write: a temporary file in the same folder takes the place of the old file in one step.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::ErrorKind::{self, CrossesDevices, PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, unlinkat};
use tempfile::{Builder, NamedTempFile};

use crate::env_file::error::EnvFileError;
use crate::env_file::snapshot::Snapshot;

/// How many random letters and digits end the name of a temporary file.
const RANDOM: usize = 16;

/// How an attempt to write went when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The new content is on the disk.
    Done,
    /// The file changed since it was read. Nothing was written.
    Changed,
    /// This file can only be written over. Nothing was written.
    Impossible,
}

/// Replaces the file at `path`, whose links are resolved, by one with the content `new`.
pub(super) fn replace(path: &Path, before: &Snapshot, new: &str) -> Result<Outcome, EnvFileError> {
    if before.is_tied_to_its_inode() {
        return Ok(Outcome::Impossible);
    }
    match attempt(path, before, new) {
        Ok(None) => Ok(Outcome::Changed),
        Ok(Some(folder)) => match sync_folder(&folder) {
            Ok(()) => Ok(Outcome::Done),
            Err(e) => Err(EnvFileError::state("make the new name durable", path, &e)),
        },
        // No right to make files in the folder or to give them away, or the file is a mount point.
        Err(e)
            if matches!(e.kind(), PermissionDenied | ReadOnlyFilesystem | ResourceBusy | CrossesDevices) =>
        {
            Ok(Outcome::Impossible)
        }
        Err(e) => Err(EnvFileError::io("replace it", path, &e)),
    }
}

/// Replaces the file and returns its folder, which is to be synced next; `None` when the file has changed.
fn attempt(path: &Path, before: &Snapshot, new: &str) -> io::Result<Option<File>> {
    let folder = open_folder(path)?;
    let temp = prepare(path, before, new)?;
    if !before.is_current(path) {
        return Ok(None);
    }
    temp.persist(path).map_err(|e| e.error)?;
    Ok(Some(folder))
}

/// A temporary file with the new content and the old owner and permissions, on the disk. Dropping it removes it.
fn prepare(path: &Path, before: &Snapshot, new: &str) -> io::Result<NamedTempFile> {
    let (prefix, folder) = (temp_prefix(path), folder_of(path));
    let mut temp = Builder::new().prefix(&prefix).rand_bytes(RANDOM).tempfile_in(folder)?;
    temp.write_all(new.as_bytes())?;
    // The file starts with mode 0600. Owner before permissions, so that they are never wider than the original's.
    let (mine, wanted) = (temp.as_file().metadata()?, &before.meta);
    if (mine.uid(), mine.gid()) != (wanted.uid(), wanted.gid()) {
        fchown(temp.as_file(), Some(wanted.uid()), Some(wanted.gid()))?;
    }
    temp.as_file().set_permissions(Permissions::from_mode(wanted.mode() & 0o7777))?;
    temp.as_file().sync_all()?;
    Ok(temp)
}

/// Removes temporary files of dead writers beside `path`. The caller holds the lock, so no writer is alive.
pub(super) fn remove_leftovers(path: &Path) {
    let prefix = temp_prefix(path);
    let Ok(folder) = open_folder(path) else { return };
    // Not `std::fs::read_dir`, which panics when closing the folder fails.
    let Ok(entries) = Dir::read_from(&folder) else { return };
    let names = entries.flatten().map(|entry| OsStr::from_bytes(entry.file_name().to_bytes()).to_owned());
    for name in names.filter(|name| is_temp(name, &prefix)) {
        if unlinkat(&folder, &name, AtFlags::empty()).is_err() {
            let name = name.display();
            tracing::warn!(
                event = "keeper.settings",
                "{name} may hold a token and cannot be removed: delete it"
            );
        }
    }
}

fn is_temp(name: &OsStr, prefix: &OsStr) -> bool {
    let random = name.as_bytes().strip_prefix(prefix.as_bytes());
    random.is_some_and(|random| random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric))
}

/// What the names of temporary files beside `path` start with.
fn temp_prefix(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or_default();
    let mut prefix = OsString::from(if name.as_bytes().starts_with(b".") { "" } else { "." });
    prefix.push(name);
    prefix.push(".keeper-tmp-");
    prefix
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Opens the folder that holds `path`.
pub(super) fn open_folder(path: &Path) -> io::Result<File> {
    File::open(folder_of(path))
}

/// Makes names in a folder durable. Some network file systems cannot, and say so with EINVAL.
pub(super) fn sync_folder(folder: &File) -> io::Result<()> {
    folder.sync_all().or_else(|e| if e.kind() == ErrorKind::InvalidInput { Ok(()) } else { Err(e) })
}
