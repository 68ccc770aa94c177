//! Why a backup or a restore was not made, and what to do.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    private_file::PrivateFileError,
    store::{OpenError, Unfit},
};

/// The largest backup that is taken back: a thousand orders a day for a year make less than half of it.
pub(super) const MOST_BYTES: u64 = 2 << 30;
/// The longest that a backup may take to be read and checked.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

/// A backup or a restore that was not made. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing to back up.
    #[error("there is no state in {}", .0.display())]
    NoState(PathBuf),
    /// The target is there already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The target's folder is not there.
    #[error("the folder {} does not exist", .0.display())]
    NoFolder(PathBuf),
    /// The path is a folder or something else that is no file.
    #[error("{} is no file that can be written", .0.display())]
    NoFile(PathBuf),
    /// The target is in the state folder.
    #[error("{} would be in the state folder itself", .0.display())]
    InState(PathBuf),
    /// Another backup is being written.
    #[error("another backup or restore is being written to {}", .0.display())]
    Busy(PathBuf),
    /// The system does not allow it.
    #[error("{} cannot be written: {problem}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: String,
    },
    /// The file is not what it should be.
    #[error("{} {unfit}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        unfit: Unfit,
    },
    /// The copy was read back and is not the same.
    #[error("{} was read back and is not what was written", .0.display())]
    Differs(PathBuf),
    /// Somebody else has put something under the name that is needed.
    #[error("{} {problem}", path.display())]
    NotOurs {
        /// The name.
        path: PathBuf,
        /// What is there.
        problem: PrivateFileError,
    },
    /// More than a state could be.
    #[error("{} is larger than {} GiB", .0.display(), MOST_BYTES >> 30)]
    TooLarge(PathBuf),
    /// It does not end.
    #[error("{} takes longer than {} s to read", .0.display(), LIMIT.as_secs())]
    TooSlow(PathBuf),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] OpenError),
}

impl BackupError {
    pub(super) fn unfit(path: &Path, unfit: Unfit) -> Self {
        Self::Unfit { path: path.to_owned(), unfit }
    }

    pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> Self {
        Self::Unwritable { path: path.to_owned(), problem: error.kind().to_string() }
    }

    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoState(_) => "Check KEEPER_STATE_DIR; a keeper that has run once has a state.",
            Self::Exists(_) => "Choose another name, or replace it with --force.",
            Self::NoFolder(_) => "Make the folder first, or choose another one.",
            Self::NoFile(_) => "Give the name of a file, as /backups/keeper.db.",
            Self::InState(_) => "Choose another folder: what is lost with the state folder is no backup.",
            Self::Busy(_) => "Wait until that one is done.",
            Self::Unwritable { .. } | Self::Differs(_) => {
                "Check the disk (space, permissions) and try again."
            }
            Self::Unfit { unfit: Unfit::Missing, .. } => "Check the name.",
            Self::Unfit { unfit: Unfit::Foreign, .. } => {
                "Give a file that `fyers-keeper backup` has written."
            }
            Self::Unfit { unfit: Unfit::Damaged | Unfit::Altered, .. } => {
                "Use another backup; nothing was changed."
            }
            Self::Unfit { unfit: Unfit::Newer, .. } => {
                "Use that version or a newer one; nothing was changed."
            }
            Self::Unfit { unfit: Unfit::Unreadable(_), .. } => "Check who may read the file.",
            Self::NotOurs { .. } => "Remove it, or choose a folder that only you can write to.",
            Self::TooLarge(_) | Self::TooSlow(_) => {
                "Check that it is a file that `fyers-keeper backup` has written."
            }
            Self::Database(error) => error.advice(),
        }
    }
}
