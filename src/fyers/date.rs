//! Dates and waits in the head of an answer, as reqwest has it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::date;
use reqwest::header::HeaderMap;

/// How long the answer asks to wait.
pub(super) fn retry_after(headers: &HeaderMap, local: DateTime<Utc>) -> Option<Duration> {
    date::retry_after(|name| headers.get(name)?.to_str().ok(), local)
}

/// How far the server's clock is ahead of ours; negative when it is behind. Good to about a second.
pub(crate) fn skew(headers: &HeaderMap, local: DateTime<Utc>) -> Option<TimeDelta> {
    date::skew(|name| headers.get(name)?.to_str().ok(), local)
}
