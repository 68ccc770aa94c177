//! Why the `.env` file could not be read or written: what happened and what a person can do. Never its contents.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::edit::EditError;

/// The file could not be read or written. Holds paths, key names and system errors only.
#[derive(Debug)]
pub struct EnvWriteError {
    kind: Kind,
    path: PathBuf,
    step: &'static str,
    source: Option<io::Error>,
    edit: Option<EditError>,
}

/// The kinds of failure that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no file, and none was to be created.
    Missing,
    /// The file, or both it and its folder, cannot be written. Nothing was changed.
    ReadOnly,
    /// The mounted file was replaced outside: what is seen here has no name any more (link count 0).
    Detached,
    /// The path leads to a folder, a device or a pipe.
    NotAFile,
    /// The content is not UTF-8 text, or larger than 1 MiB.
    NotText,
    /// The key or value is not one that can be set.
    BadChange,
    /// Somebody else changed the file each time just before it was to be written.
    KeepsChanging,
    /// Another process holds the lock for writing the file.
    Locked,
    /// The disk or the quota is full.
    NoSpace,
    /// Any other failure of the system.
    Io,
}

impl EnvWriteError {
    pub(super) fn new(kind: Kind, path: &Path) -> Self {
        Self { kind, path: path.to_owned(), step: "", source: None, edit: None }
    }

    /// A failed system call; `step` completes "could not ...".
    pub(super) fn io(step: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let kind = match Errno::from_io_error(&source) {
            Some(Errno::NOENT) => Kind::Missing,
            Some(Errno::ROFS | Errno::ACCESS | Errno::PERM) => Kind::ReadOnly,
            Some(Errno::ISDIR | Errno::NOTDIR | Errno::NXIO | Errno::LOOP) => Kind::NotAFile,
            Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Kind::NoSpace,
            _ => Kind::Io,
        };
        Self { kind, path: path.to_owned(), step, source: Some(source), edit: None }
    }

    /// The same failure where "missing" or "read-only" would be misleading: it was not about the file itself.
    pub(super) fn state(step: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let error = Self::io(step, path, source);
        let kind = if error.kind == Kind::NoSpace { Kind::NoSpace } else { Kind::Io };
        Self { kind, ..error }
    }

    pub(super) fn edit(path: &Path, edit: EditError) -> Self {
        Self { edit: Some(edit), ..Self::new(Kind::BadChange, path) }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What a person can do about it, in one sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self.kind {
            Kind::Missing => "create the file, or point KEEPER_ENV_FILE at the right one",
            Kind::ReadOnly => "let the keeper's user write the file; a mount must not be read-only",
            Kind::Detached => "restart the container, and mount the folder instead of the single file",
            Kind::NotAFile => {
                "point KEEPER_ENV_FILE at a plain file; Docker makes a folder when the file to mount does not exist"
            }
            Kind::NotText => "save the file as UTF-8 text",
            Kind::BadChange => "look at where the value came from; nothing was written",
            Kind::KeepsChanging => {
                "find the program that keeps writing the file; the next attempt may succeed"
            }
            Kind::Locked => "look for a second keeper with the same state folder",
            Kind::NoSpace => "free some disk space",
            Kind::Io => "check the disk and the permissions of the state folder",
        }
    }

    fn what(&self) -> &'static str {
        match self.kind {
            Kind::Missing => "does not exist",
            Kind::ReadOnly => "cannot be written",
            Kind::Detached => "was replaced outside the container, so that what is seen here is a leftover",
            Kind::NotAFile => "is not a plain file",
            Kind::NotText => "is not UTF-8 text of at most 1 MiB",
            Kind::BadChange => "was not changed",
            Kind::KeepsChanging => "was changed by another program each time it was to be written",
            Kind::Locked => "is locked by another process",
            Kind::NoSpace => "could not be written: no space left",
            Kind::Io => "could not be written",
        }
    }
}

impl fmt::Display for EnvWriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path.display(), self.what())?;
        if let Some(edit) = &self.edit {
            write!(f, ": {edit}")?;
        }
        if let Some(source) = &self.source {
            write!(f, " (could not {}: {source})", self.step)?;
        }
        write!(f, "; {}", self.advice())
    }
}

impl std::error::Error for EnvWriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
