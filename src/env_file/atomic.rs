//! The normal way to write: a temporary file in the same folder takes the place of the old file in one step.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, fchown, open, openat, renameat, unlinkat};
use rustix::io::{Errno, retry_on_intr};

use super::error::EnvWriteError;
use super::target::Snapshot;

/// How an attempt to write went when nothing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The new content is on the disk.
    Done,
    /// The file changed since it was read. Nothing was written.
    Changed,
    /// This way does not work for this file. Nothing was written.
    Impossible,
}

/// Replaces the file by `new`, or creates it when there was none `before`.
pub(super) fn replace(path: &Path, before: Option<&Snapshot>, new: &str) -> Result<Outcome, EnvWriteError> {
    if before.is_some_and(Snapshot::is_tied_to_its_inode) {
        return Ok(Outcome::Impossible);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(Outcome::Impossible);
    };
    match attempt(path, folder, name, before, new) {
        Err(Failure::Call(_, Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::BUSY | Errno::XDEV))
            if before.is_some() =>
        {
            Ok(Outcome::Impossible)
        }
        Err(Failure::Call(step, e)) => Err(EnvWriteError::io(step, path, e)),
        Err(Failure::Final(e)) => Err(e),
        Ok(outcome) => Ok(outcome),
    }
}

enum Failure {
    /// A system call failed while the file had its old content: another way of writing may work.
    Call(&'static str, Errno),
    /// No other way will work.
    Final(EnvWriteError),
}

fn attempt(
    path: &Path,
    folder: &Path,
    name: &OsStr,
    before: Option<&Snapshot>,
    new: &str,
) -> Result<Outcome, Failure> {
    let dir = open_folder(folder).map_err(|e| Failure::Call("open its folder", e))?;
    let mut temp = Temp::create(&dir, name)?;
    temp.fill(before, new)?;
    let current = before.map_or_else(|| Ok(!path.exists()), |before| before.is_current(path));
    if !current.map_err(Failure::Final)? {
        return Ok(Outcome::Changed);
    }
    temp.rename_to(name)?;
    let durable = sync_folder(&dir).map_err(|e| EnvWriteError::state("make the new name durable", path, e));
    durable.map(|()| Outcome::Done).map_err(Failure::Final)
}

pub(super) fn open_folder(folder: &Path) -> Result<File, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry_on_intr(|| open(folder, flags, Mode::empty())).map(File::from)
}

/// Makes names in a folder durable. Some network file systems cannot, and say so with EINVAL.
pub(super) fn sync_folder(dir: &File) -> Result<(), Errno> {
    match dir.sync_all().map_err(|e| errno(&e)) {
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(e) => Err(e),
    }
}

/// What the names of temporary files beside the file `name` start with.
pub(super) fn temp_prefix(name: &OsStr) -> OsString {
    let hidden = name.as_encoded_bytes().starts_with(b".");
    let mut prefix = OsString::from(if hidden { "" } else { "." });
    prefix.push(name);
    prefix.push(".keeper-tmp-");
    prefix
}

/// A temporary file that is removed again unless it was renamed.
struct Temp<'a> {
    dir: &'a File,
    name: OsString,
    file: File,
    renamed: bool,
}

impl<'a> Temp<'a> {
    fn create(dir: &'a File, target: &OsStr) -> Result<Self, Failure> {
        let mut name = temp_prefix(target);
        name.push(format!("{:016x}", rand::random::<u64>()));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = retry_on_intr(|| openat(dir, &name, flags, Mode::RUSR | Mode::WUSR))
            .map_err(|e| Failure::Call("create a temporary file", e))?;
        Ok(Self { dir, name, file: File::from(file), renamed: false })
    }

    /// Content first, while only we can read it; then owner, then permissions: they never get wider than the original.
    fn fill(&mut self, before: Option<&Snapshot>, new: &str) -> Result<(), Failure> {
        self.file
            .write_all(new.as_bytes())
            .map_err(|e| Failure::Call("write a temporary file", errno(&e)))?;
        if let Some(before) = before {
            self.take_over_owner(before)?;
            self.file
                .set_permissions(Permissions::from_mode(before.mode()))
                .map_err(|e| Failure::Call("keep its permissions", errno(&e)))?;
        }
        self.file.sync_all().map_err(|e| Failure::Call("make a temporary file durable", errno(&e)))
    }

    fn take_over_owner(&self, before: &Snapshot) -> Result<(), Failure> {
        let keep = |e: Errno| Failure::Call("keep its owner", e);
        let mine = self.file.metadata().map_err(|e| keep(errno(&e)))?;
        let (uid, gid) = (before.meta.uid(), before.meta.gid());
        if (mine.uid(), mine.gid()) == (uid, gid) {
            return Ok(());
        }
        retry_on_intr(|| fchown(&self.file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))).map_err(keep)
    }

    fn rename_to(&mut self, target: &OsStr) -> Result<(), Failure> {
        retry_on_intr(|| renameat(self.dir, &self.name, self.dir, target))
            .map_err(|e| Failure::Call("rename", e))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if !self.renamed {
            // If this fails too, the next recovery removes the file.
            let _ = retry_on_intr(|| unlinkat(self.dir, &self.name, AtFlags::empty()));
        }
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
