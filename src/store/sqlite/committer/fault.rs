//! What SQLite's errors mean for the committer.

use keeper_domain::ports::{StoreError, StoreErrorKind};
use rusqlite::ErrorCode;

/// A failure of the disk or the connection: everything that was in the transaction is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: StoreErrorKind,
    /// SQLite's extended result code; 0 when the committer's own check failed.
    pub(super) code: i32,
    pub(super) step: Step,
}

/// How far a transaction came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Not to its COMMIT: nothing of it is on disk.
    Before,
    /// The COMMIT of the transaction of this number failed.
    Commit(i64),
    /// SQLite says that it is committed, but it could not be seen.
    Check(i64),
}

impl Fault {
    /// Nobody asked for a BEGIN or a COMMIT, so what is refused there fails.
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        let kind = match kind(error) {
            StoreErrorKind::Refused => StoreErrorKind::Failing,
            kind => kind,
        };
        Self { kind, code: code(error), step: Step::Before }
    }

    /// What was committed is not there.
    pub(super) fn missing() -> Self {
        Self { kind: StoreErrorKind::Failing, code: 0, step: Step::Before }
    }

    pub(super) fn at(self, step: Step) -> Self {
        Self { step, ..self }
    }

    /// What a caller is told. `is_open`: nobody knows whether its change is on disk.
    pub(super) fn told(self, doing: &'static str, is_open: bool) -> StoreError {
        let open = if is_open { ". It is not known whether this change is kept" } else { "" };
        let code = match self.code {
            0 => String::new(),
            code => format!(" (SQLite error {code})"),
        };
        StoreError { doing, problem: format!("{}{open}{code}", self.kind.words()), kind: self.kind }
    }
}

fn code(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(0, |error| error.extended_code)
}

/// What kind of failure it is.
pub(super) fn kind(error: &rusqlite::Error) -> StoreErrorKind {
    error.sqlite_error().map_or(StoreErrorKind::Refused, |error| kind_of_code(error.extended_code))
}

/// The same from SQLite's result code, plain or extended.
pub(in crate::store) fn kind_of_code(code: i32) -> StoreErrorKind {
    match rusqlite::ffi::Error::new(code).code {
        ErrorCode::DiskFull => StoreErrorKind::Full,
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreErrorKind::Busy,
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => StoreErrorKind::ReadOnly,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreErrorKind::Damaged,
        ErrorCode::SystemIoFailure
        | ErrorCode::OutOfMemory
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OperationAborted
        | ErrorCode::OperationInterrupted
        | ErrorCode::ApiMisuse => StoreErrorKind::Failing,
        _ => StoreErrorKind::Refused,
    }
}

/// What the caller of the one change that was refused is told. SQLite's message may quote a value, so it is left out.
pub(super) fn refusal(doing: &'static str, error: &rusqlite::Error) -> StoreError {
    Fault { kind: StoreErrorKind::Refused, ..Fault::of(error) }.told(doing, false)
}
