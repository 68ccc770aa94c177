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

/// Why it is not known that the server is the one that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFlaw {
    /// Nobody who is trusted here has signed it.
    Untrusted,
    /// It is for another name.
    OtherHost,
    /// Its time is over, or has not begun.
    Time,
    /// Something else.
    Unfit,
}

impl CertificateFlaw {
    /// In the words of whoever checks it, there is no other sign.
    fn of(words: &str) -> Option<Self> {
        let (_, why) = words.split_once("invalid peer certificate: ")?;
        let has = |any: &[&str]| any.iter().any(|words| why.contains(words));
        Some(match () {
            () if has(&["UnknownIssuer"]) => Self::Untrusted,
            () if has(&["not valid for", "NotValidForName"]) => Self::OtherHost,
            () if has(&["xpired", "not valid yet", "NotValidYet"]) => Self::Time,
            () => Self::Unfit,
        })
    }

    /// Behind "the certificate of the PostgreSQL server".
    pub fn words(self) -> &'static str {
        match self {
            Self::Untrusted => "is not trusted here: nobody whom this machine knows has signed it",
            Self::OtherHost => "is for another host than the one in KEEPER_DATABASE_URL",
            Self::Time => "has expired, or is not valid yet",
            Self::Unfit => "cannot be accepted",
        }
    }

    /// What to do about it, in one line.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Untrusted => {
                "Add &sslrootcert=/path/of/ca.pem to KEEPER_DATABASE_URL: the file of your database's host with which it signs."
            }
            Self::OtherHost => {
                "Write the host in KEEPER_DATABASE_URL as the certificate names it; an address in numbers is rarely in one."
            }
            Self::Time => "Renew it on the server; if it is new, correct the clock of this machine.",
            Self::Unfit => {
                "Give the server a certificate for its host's name, signed by an authority of its own."
            }
        }
    }
}

/// What is wrong with the server's certificate, if that is why there is no connection.
pub(super) fn certificate_flaw(error: &Error) -> Option<CertificateFlaw> {
    match error {
        Error::Io(error) => CertificateFlaw::of(&error.to_string()),
        Error::Tls(error) => CertificateFlaw::of(&error.to_string()),
        _ => None,
    }
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
        "42P01" => "there is no such table of a keeper in it",
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

    #[test]
    fn what_is_wrong_with_a_certificate_is_told_apart() {
        let flaw = |words: &str| {
            certificate_flaw(&Error::Io(io::Error::new(io::ErrorKind::InvalidData, words.to_owned())))
        };
        use CertificateFlaw::{OtherHost, Time, Unfit, Untrusted};
        for (words, expected) in [
            ("invalid peer certificate: UnknownIssuer", Some(Untrusted)),
            (
                "invalid peer certificate: certificate not valid for name \"db\"; certificate is only valid for x",
                Some(OtherHost),
            ),
            ("invalid peer certificate: NotValidForName", Some(OtherHost)),
            (
                "invalid peer certificate: certificate expired: verified at time 5 (UNIX), but certificate is not valid after 4",
                Some(Time),
            ),
            ("invalid peer certificate: certificate not valid yet: verified at time 5", Some(Time)),
            ("invalid peer certificate: BadSignature", Some(Unfit)),
            ("connection reset", None),
        ] {
            assert_eq!(flaw(words), expected, "{words}");
        }
    }

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
