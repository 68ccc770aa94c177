//! What errors of PostgreSQL mean: in words, and without any stored value.

use keeper_domain::ports::{StoreError, StoreErrorKind};
use sqlx::Error;

/// Names what was being done, and nothing that was stored.
pub(super) fn failed(doing: &'static str) -> impl Fn(Error) -> StoreError {
    move |error| told(doing, &error)
}

pub(super) fn told(doing: &'static str, error: &Error) -> StoreError {
    let kind = kind(error);
    StoreError { doing, problem: words(kind, error), kind }
}

/// Whether the connection is of no use any more. All else concerns one statement.
pub(super) fn is_of_the_connection(error: &Error) -> bool {
    kind(error) != StoreErrorKind::Refused
}

fn kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::PoolClosed | Error::WorkerCrashed => StoreErrorKind::Ended,
        Error::PoolTimedOut => StoreErrorKind::Busy,
        Error::Database(refusal) => match refusal.code().as_deref() {
            // The server's own disk.
            Some("53100") => StoreErrorKind::Full,
            Some("25006") => StoreErrorKind::ReadOnly,
            // Shutting down, starting up, too many connections, a session that was ended.
            Some(code) if code.starts_with("57P") || code.starts_with("53") || code.starts_with("08") => {
                StoreErrorKind::Failing
            }
            Some(code) if code.starts_with("25P") || code.starts_with("XX") || code.starts_with("58") => {
                StoreErrorKind::Failing
            }
            _ => StoreErrorKind::Refused,
        },
        Error::Encode(_) | Error::ColumnDecode { .. } | Error::Decode(_) | Error::RowNotFound => {
            StoreErrorKind::Refused
        }
        _ => StoreErrorKind::Failing,
    }
}

/// A refusal without an error of its own: nothing was tried.
pub(super) fn of(kind: StoreErrorKind, doing: &'static str) -> StoreError {
    StoreError { doing, problem: words(kind, &Error::WorkerCrashed), kind }
}

fn words(kind: StoreErrorKind, error: &Error) -> String {
    match (kind, error) {
        (StoreErrorKind::Refused, Error::Database(refusal)) => {
            format!("PostgreSQL refused it ({})", refusal.code().as_deref().unwrap_or("no code"))
        }
        (StoreErrorKind::Refused, _) => "an unreadable value".to_owned(),
        (StoreErrorKind::Full, _) => {
            "PostgreSQL's disk is full. Free some space there; it goes on by itself".to_owned()
        }
        (StoreErrorKind::ReadOnly, _) => {
            "PostgreSQL takes no changes (a read-only replica?). Check KEEPER_DATABASE_URL".to_owned()
        }
        (StoreErrorKind::Failing, _) => {
            "PostgreSQL cannot be reached. Check the server and the network; it goes on by itself".to_owned()
        }
        (kind, _) => kind.words().to_owned(),
    }
}
