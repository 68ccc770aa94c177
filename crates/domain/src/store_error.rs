//! Why the store did not do what it was asked: for code to decide on, and in words for a person.

/// The store could not do what it was asked. What was asked is not on disk, except where the words say that this is
/// not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the state database failed while it {doing}: {problem}")]
pub struct StoreError {
    /// What was being done, as "read the session".
    pub doing: &'static str,
    /// What went wrong and what to do, without any stored value.
    pub problem: String,
    /// What kind of failure it is.
    pub kind: StoreErrorKind,
}

/// The kinds of failures, by what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreErrorKind {
    /// No room on the disk.
    Full,
    /// The disk or its driver reports errors.
    Failing,
    /// Another program holds the database, or too many changes are waiting.
    Busy,
    /// The system does not allow to write.
    ReadOnly,
    /// The file is no longer a sound database.
    Damaged,
    /// This one change is refused; others are not affected.
    Refused,
    /// The store has ended, or was closed.
    Ended,
    /// Another keeper has taken over, and this one may change nothing any more.
    Fenced,
}

impl StoreErrorKind {
    /// Whether the store tries again by itself and goes on when the cause is gone.
    pub fn heals(self) -> bool {
        matches!(self, Self::Full | Self::Failing | Self::Busy | Self::ReadOnly)
    }

    /// What it is and what a person can do, in one line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "the disk is full. Free some space where the state folder is; it goes on by itself",
            Self::Failing => {
                "the disk fails. Look at the disk of the state folder; it goes on by itself when the disk does"
            }
            Self::Busy => "the database is busy with something else. It goes on by itself; try again shortly",
            Self::ReadOnly => {
                "the state folder cannot be written. Check its owner, permissions and disk; it goes on by itself"
            }
            Self::Damaged => {
                "the database is damaged. Stop the keeper and restore a backup, or start it again"
            }
            Self::Refused => "the database refused this change. Others are not affected",
            Self::Ended => "the database is closed. Start the keeper again if it is not just stopping",
            Self::Fenced => "another keeper has taken over. Use that one; this one stands by",
        }
    }
}

impl StoreError {
    /// A failure of this kind in its usual words.
    pub fn of(kind: StoreErrorKind, doing: &'static str) -> Self {
        Self { doing, problem: kind.words().to_owned(), kind }
    }

    /// A failure of one change or one reading, in words of its own.
    pub fn refused(doing: &'static str, problem: impl Into<String>) -> Self {
        Self { doing, problem: problem.into(), kind: StoreErrorKind::Refused }
    }
}
