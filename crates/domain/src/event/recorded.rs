//! What the journal keeps.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Event;

/// An event with its place in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// Grows by at least one from event to event.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Event,
}
