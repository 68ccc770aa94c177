//! A file on its way: private from its first byte, one writer at a time, gone when it is not finished.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::backup::error::BackupError;
use crate::private_file::{PrivateFileError, open_or_create};
use crate::store::sqlite::copy::side;

/// An empty private file, locked for as long as this lives and removed then.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    finished: bool,
}

impl Partial {
    /// Takes the name; what a writer that was cut off has left under it is thrown away.
    pub(super) fn claim(path: &Path) -> Result<Self, BackupError> {
        let unwritable = |error: std::io::Error| BackupError::unwritable(path, &error);
        let file = open_or_create(path).map_err(|error| match error {
            PrivateFileError::Io(kind) => unwritable(kind.into()),
            foreign => BackupError::NotOurs { path: path.to_owned(), problem: foreign },
        })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        // Whoever had the lock before may have given the file its final name just now.
        let same = fs::symlink_metadata(path).is_ok_and(|meta| {
            file.metadata().is_ok_and(|own| (meta.dev(), meta.ino()) == (own.dev(), own.ino()))
        });
        if !same {
            return Err(BackupError::Busy(path.to_owned()));
        }
        let partial = Self { path: path.to_owned(), file, finished: false };
        partial.remove_sides();
        partial.file.set_len(0).map_err(unwritable)?;
        Ok(partial)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file to disk, gives it its name in one step, and says how long it is.
    pub(super) fn finish(mut self, name: &Path) -> Result<u64, BackupError> {
        let unwritable = |error: std::io::Error| BackupError::unwritable(name, &error);
        self.file.sync_all().map_err(unwritable)?;
        let bytes = self.file.metadata().map_err(unwritable)?.len();
        fs::rename(&self.path, name).map_err(unwritable)?;
        self.finished = true;
        sync_folder(name).map_err(unwritable)?;
        Ok(bytes)
    }

    fn remove_sides(&self) {
        for suffix in ["-journal", "-wal", "-shm"] {
            let _none = fs::remove_file(side(&self.path, suffix));
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            self.remove_sides();
            let _gone = fs::remove_file(&self.path);
        }
    }
}

/// The folder a file is in; `None` for a path that names no file.
pub(super) fn folder_of(file: &Path) -> Option<PathBuf> {
    file.file_name()?;
    let folder = file.parent()?;
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() })
}

/// Makes a new name in the folder of `file` last.
pub(super) fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = folder_of(file).unwrap_or_else(|| PathBuf::from("."));
    File::open(folder)?.sync_all()
}
