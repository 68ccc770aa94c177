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
    /// That event's name, as the log and docs/logging.md have it.
    pub event: String,
    /// When that happened.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub severity: Severity,
    /// Alerts with the same key that still wait are merged into one. Empty: never merged.
    pub key: String,
    /// The text, plain, six lines at most: what happened, what it means for trading, what to do next.
    pub text: String,
    /// What this one adds to an alert that stands for several, as `09:31 buy 10 NSE:SBIN-EQ at market`. Empty: nothing
    /// but their number.
    pub item: String,
}

/// Items that a merged alert keeps.
pub const LISTED: usize = 12;

/// A channel that alerts go out by. Each has its own place in the journal and its own queue, so that the outage of one
/// never holds up the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The Telegram chat, or the log when no chat is configured.
    Chat,
    /// `KEEPER_WEBHOOK_URL`.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Webhook];

    /// The name used in metrics and in the store.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Webhook => "webhook",
        }
    }
}

/// An alert in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in the outbox; the order of delivery.
    pub id: i64,
    /// The (first) journal event that caused it: the same number in every channel.
    pub event_id: i64,
    /// See [`Alert::event`]; empty in an alert that an older keeper has queued.
    pub event: String,
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
    /// The items of the events it stands for, oldest first, [`LISTED`] at most; see [`Alert::item`].
    pub items: Vec<String>,
    /// Deliveries that failed.
    pub attempts: u32,
}

/// A delivery failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The receiver asks to wait (HTTP 429, `retry_after`).
    #[error("the receiver asks to wait {0:?}")]
    Wait(Duration),
    /// Network trouble, a timeout or a 5xx: try again later. A timeout may have delivered.
    #[error("the receiver cannot be reached: {0}")]
    Unreachable(String),
    /// The bot, the chat or the address is wrong: try again rarely, a person must act.
    #[error("the receiver refuses the keeper: {0}")]
    Unauthorized(String),
    /// This very message is refused, as plain text too.
    #[error("the receiver refuses this message: {0}")]
    BadMessage(String),
}
