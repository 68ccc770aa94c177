//! The outbox: alerts that wait, in order, until they are delivered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; arrives without a sound.
    Info,
    /// Something wants attention.
    Warning,
    /// Trading is affected now.
    Critical,
}

impl Severity {
    /// The name used in logs, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// An alert before it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The journal event that caused it.
    pub event_id: i64,
    /// When that happened.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub severity: Severity,
    /// Alerts with the same key that still wait are merged into one. Empty: never merged.
    pub key: String,
    /// The text, plain, six lines at most: what happened, what it means for trading, what to do next.
    pub text: String,
}

/// An alert in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox; the order of delivery.
    pub id: i64,
    /// When its (first) event happened.
    pub at: DateTime<Utc>,
    /// When its latest event happened; later than `at` only if repeats were merged.
    pub last_at: DateTime<Utc>,
    /// How many events it stands for.
    pub count: u32,
    /// How much it matters.
    pub severity: Severity,
    /// See [`Alert::key`].
    pub key: String,
    /// See [`Alert::text`]; the latest event's when merged.
    pub text: String,
    /// Deliveries that failed.
    pub attempts: u32,
}

/// A delivery failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Telegram asks to wait (HTTP 429, `retry_after`).
    #[error("Telegram asks to wait {0:?}")]
    Wait(Duration),
    /// Network trouble, a timeout or a 5xx: try again later. A timeout may have delivered.
    #[error("Telegram cannot be reached: {0}")]
    Unreachable(String),
    /// The bot or the chat is wrong: try again rarely, a person must act.
    #[error("Telegram refuses the bot or the chat: {0}")]
    Unauthorized(String),
    /// This very message is refused, as plain text too.
    #[error("Telegram refuses this message: {0}")]
    BadMessage(String),
}
