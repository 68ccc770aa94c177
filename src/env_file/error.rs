//! Why the `.env` file could not be read or written: what happened and what a person can do. Never its contents.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// The file could not be read or written. Holds paths, key names and system errors only.
#[derive(Debug, thiserror::Error)]
#[error("{} {}{cause}", path.display(), kind.words().0)]
pub struct EnvFileError {
    kind: EnvFileErrorKind,
    path: PathBuf,
    /// Empty, or more about the failure in brackets.
    cause: String,
}

/// The kinds of failure that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvFileErrorKind {
    /// There is no file.
    Missing,
    /// The file cannot be read, or it (and its folder) cannot be written. Nothing was changed.
    NotAllowed,
    /// The mounted file was replaced outside: what is seen here has no name any more (link count 0).
    Detached,
    /// The path leads to a folder, a device, a socket or a pipe.
    NotAFile,
    /// It belongs to another user, who is not root.
    Foreign,
    /// Everybody can write to it.
    Writable,
    /// The content is not UTF-8 text: it is in another encoding, or holds zero bytes as UTF-16 does.
    NotUtf8,
    /// The file is larger than 256 KiB.
    TooLarge,
    /// The key or value is not one that can be set. Nothing was changed.
    BadChange,
    /// Another program keeps changing the file, or another process does not release the lock for writing it.
    Busy,
    /// The disk or the quota is full.
    NoSpace,
    /// Any other failure of the system.
    Io,
}

impl EnvFileErrorKind {
    /// What happened, and what a person can do about it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("does not exist", "Create it, or point KEEPER_ENV_FILE at the right file."),
            Self::NotAllowed => {
                ("cannot be read or written", "Give it to the keeper's user; mount it writable.")
            }
            Self::Detached => {
                ("was replaced outside the container", "Restart; mount the folder, not the file.")
            }
            Self::NotAFile => ("is not a regular file", "Point KEEPER_ENV_FILE at a regular file."),
            Self::Foreign => (
                "belongs to another user, who could change it",
                "Give it to the user who runs the keeper (chown), and make sure that it holds what it should.",
            ),
            Self::Writable => (
                "can be written by every user of this machine",
                "Run chmod 600 on it, and make sure that it still holds what it should.",
            ),
            Self::NotUtf8 => ("is not UTF-8 text", "Save it as UTF-8."),
            Self::TooLarge => {
                ("is larger than 256 KiB", "Shorten it, or point KEEPER_ENV_FILE at the right file.")
            }
            Self::BadChange => ("was not changed", "Look at where the value came from."),
            Self::Busy => {
                ("is in use by another program", "Find that program, or a second keeper; try again.")
            }
            Self::NoSpace => ("could not be written: no space left", "Free some disk space."),
            Self::Io => ("could not be used", "Check the disk and the permissions of the state folder."),
        }
    }

    fn of(error: &io::Error) -> Self {
        use io::ErrorKind as E;
        match error.kind() {
            E::NotFound => Self::Missing,
            E::PermissionDenied | E::ReadOnlyFilesystem => Self::NotAllowed,
            E::IsADirectory | E::NotADirectory => Self::NotAFile,
            E::StorageFull | E::QuotaExceeded | E::FileTooLarge => Self::NoSpace,
            // A link (put there after the path was resolved, or in a circle), a socket.
            _ if matches!(Errno::from_io_error(error), Some(Errno::LOOP | Errno::NXIO)) => Self::NotAFile,
            _ => Self::Io,
        }
    }
}

impl EnvFileError {
    pub(super) fn new(kind: EnvFileErrorKind, path: &Path) -> Self {
        Self { kind, path: path.to_owned(), cause: String::new() }
    }

    /// A failed system call; `step` completes "could not ...".
    pub(super) fn io(step: &str, path: &Path, source: &io::Error) -> Self {
        Self::new(EnvFileErrorKind::of(source), path).because(format_args!("could not {step}: {source}"))
    }

    /// The same where "missing" or "not allowed" would mislead, because the call was not about the file itself.
    pub(super) fn state(step: &str, path: &Path, source: &io::Error) -> Self {
        let error = Self::io(step, path, source);
        Self {
            kind: if error.kind == EnvFileErrorKind::NoSpace {
                EnvFileErrorKind::NoSpace
            } else {
                EnvFileErrorKind::Io
            },
            ..error
        }
    }

    pub(super) fn because(self, cause: impl std::fmt::Display) -> Self {
        Self { cause: format!(" ({cause})"), ..self }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> EnvFileErrorKind {
        self.kind
    }

    /// What a person can do about it, as a sentence. `Display` says only what happened.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.kind.words().1
    }
}
