//! What can go wrong at the broker, as values that hold no secret and no inner error.

use std::time::Duration;

/// How a call failed before there was an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// The connection could not be made: DNS, TCP or TLS.
    Connect,
    /// No answer in time. The broker may have acted.
    Timeout,
    /// The connection broke half way. The broker may have acted.
    Broken,
}

impl Transport {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
        }
    }
}

/// How an answer failed to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Garble {
    /// HTML or plain text, as the edge in front of FYERS sends (docs/fyers-api.md, "Basics").
    NotJson,
    /// Nothing at all.
    Empty,
    /// It ends in the middle.
    Truncated,
    /// More than the keeper is willing to read.
    Oversized,
    /// This field is missing or has the wrong type.
    Field(&'static str),
    /// A redirect, which an API has no business sending.
    Redirect,
}

/// A broker call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// There was no answer.
    #[error("FYERS cannot be reached: {}", .0.words())]
    Transport(Transport),
    /// HTTP 429 or code -429.
    #[error("FYERS asks to wait")]
    RateLimited {
        /// `Retry-After`, when it was sent.
        retry_after: Option<Duration>,
    },
    /// Too many logins have failed: the keeper itself sends none, and FYERS was not asked.
    #[error("too many logins have failed: the keeper sends none for a while")]
    LoginsHeld {
        /// How long.
        wait: Duration,
    },
    /// HTTP 5xx.
    #[error("FYERS has a server error (HTTP {status})")]
    Fault {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, when it was sent.
        retry_after: Option<Duration>,
    },
    /// The answer is none.
    #[error("FYERS answered with something that is no answer (HTTP {status}, {garble:?})")]
    Garbled {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        garble: Garble,
    },
    /// FYERS understood and said no.
    #[error("FYERS refused (HTTP {status}, code {code}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The broker's code; 0 when it gave none.
        code: i64,
        /// The broker's words, cleaned of secrets, 200 characters at most.
        message: String,
    },
}
