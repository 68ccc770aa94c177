//! What errors of PostgreSQL mean: in words, and without any stored value.

use std::io;

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

/// Whether the server answers and refuses user, password or database: waiting does not help.
pub(super) fn is_of_the_settings(error: &Error) -> bool {
    matches!(error, Error::Database(refusal) if matches!(refusal.code().as_deref(), Some("28000" | "28P01" | "3D000")))
}

/// Why nobody is reached, in words. What the system itself says may repeat the address.
pub(super) fn unreachable_words(error: &io::Error) -> String {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, NotFound, PermissionDenied, TimedOut, UnexpectedEof,
    };
    let words = match error.kind() {
        ConnectionRefused => "nobody listens there (connection refused)",
        ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof => "the connection was lost",
        HostUnreachable | NetworkUnreachable => "there is no way to it (unreachable)",
        TimedOut => "no answer in time",
        NotFound => "there is no such socket",
        PermissionDenied => "its socket may not be used",
        // A name that is not known has no kind of its own.
        _ if error.to_string().starts_with("failed to lookup address") => {
            "its host's name cannot be resolved (DNS)"
        }
        _ => "the network fails",
    };
    match error.raw_os_error() {
        Some(number) if words == "the network fails" => format!("{words} (error {number} of the system)"),
        _ => words.to_owned(),
    }
}

/// How the codes begin with which the server says that it is not there for anybody, or not for this user: it is shutting
/// down or starting up, has no connections left, has lost or ended one, fails inside, or lets nobody in with this password.
const OF_THE_SERVER: [&str; 8] = ["57P", "53", "08", "25P", "XX", "58", "28", "3D"];

fn kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::PoolClosed | Error::WorkerCrashed => StoreErrorKind::Ended,
        Error::PoolTimedOut => StoreErrorKind::Busy,
        Error::Database(refusal) => match refusal.code().as_deref() {
            // The server's own disk.
            Some("53100") => StoreErrorKind::Full,
            Some("25006") => StoreErrorKind::ReadOnly,
            // Shutting down, starting up, too many connections, a session that was ended.
            Some(code) if OF_THE_SERVER.iter().any(|class| code.starts_with(class)) => {
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

/// What the server says, in words, with its code behind them for whoever asks its makers.
pub(super) fn refusal_words(code: Option<&str>) -> String {
    let Some(code) = code else { return "it refused, and does not say why".to_owned() };
    let meaning = match code {
        "28P01" => "it refuses user or password",
        "28000" => "it knows no such user, or does not let it in from here",
        "3D000" => "there is no such database",
        "42501" => "the user may not do that",
        "25006" => "it is read-only: a replica, or a database that takes no changes",
        "57P01" | "57P02" => "it is shutting down",
        "57P03" => "it is starting up",
        "25P03" | "57P05" => "it has ended a session that said nothing for too long",
        "57014" => "it took longer than it may",
        "55P03" => "something else holds what is needed",
        "40001" | "40P01" => "two transactions were in each other's way",
        "53100" => "its disk is full",
        "53200" => "it has no memory left",
        "53300" => "it has no connection left",
        _ if code.starts_with("08") => "the connection was lost",
        _ if code.starts_with("58") || code.starts_with("XX") => "it fails inside",
        _ => "it refused",
    };
    format!("{meaning} ({code})")
}

fn words(kind: StoreErrorKind, error: &Error) -> String {
    let code = match error {
        Error::Database(refusal) => Some(refusal_words(refusal.code().as_deref())),
        _ => None,
    };
    match (kind, code) {
        (StoreErrorKind::Refused, Some(why)) => format!("PostgreSQL refuses a change: {why}"),
        (StoreErrorKind::Refused, _) => "an unreadable value".to_owned(),
        (StoreErrorKind::Failing, Some(why)) => {
            format!("PostgreSQL cannot be used: {why}; it goes on by itself")
        }
        (StoreErrorKind::Full, _) => {
            "PostgreSQL's disk is full (53100). Free some space there; it goes on by itself".to_owned()
        }
        (StoreErrorKind::ReadOnly, _) => {
            "PostgreSQL takes no changes (25006, a read-only replica?). Check KEEPER_DATABASE_URL".to_owned()
        }
        (StoreErrorKind::Failing, _) => {
            "PostgreSQL cannot be reached. Check the server and the network; it goes on by itself".to_owned()
        }
        (StoreErrorKind::Busy, _) if matches!(error, Error::PoolTimedOut) => {
            "PostgreSQL did not answer in time. It goes on by itself; try again shortly".to_owned()
        }
        (kind, _) => kind.words().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the kind, it is told what it means, and never that it is not known.
    #[test]
    fn why_nobody_is_reached_is_said_in_words() {
        let resolving = io::Error::other("failed to lookup address information: Name or service not known");
        assert!(unreachable_words(&resolving).contains("cannot be resolved"));
        assert!(unreachable_words(&io::ErrorKind::ConnectionRefused.into()).contains("nobody listens"));
        for number in 1..134 {
            let words = unreachable_words(&io::Error::from_raw_os_error(number));
            assert!(!words.contains("uncategorized") && !words.is_empty(), "{number}: {words}");
        }
    }

    #[test]
    fn a_code_is_said_in_words_with_the_code_behind_them() {
        assert_eq!(refusal_words(Some("57P03")), "it is starting up (57P03)");
        assert!(refusal_words(Some("25006")).starts_with("it is read-only"));
        for code in ["57P01", "25006", "53300", "08006", "XX001", "99999"] {
            let words = refusal_words(Some(code));
            assert!(
                words.starts_with("it ") && words.ends_with(&format!("({code})")) || code == "08006",
                "{words}"
            );
        }
        assert!(!refusal_words(None).contains('('));
    }
}
