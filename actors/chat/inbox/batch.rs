//! The answer to a poll while it is worked through. A restart throws it away: Telegram has it still.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use keeper_domain::chat::inbox::reaction::{Denial, Reaction};
use keeper_domain::chat::talk::{FULL_BATCH, Update};

/// The least time between two polls that bring nothing new, should Telegram not hold them open.
const LEAST: Duration = Duration::from_secs(1);

/// See above.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) updates: VecDeque<Update>,
    /// Whether what is on disk is behind.
    pub(super) dirty: bool,
    pub(super) received: DateTime<Utc>,
    size: usize,
    /// Whether anything in it was new.
    news: bool,
    /// Since the poll began.
    began: Option<Instant>,
}

impl Batch {
    pub(super) fn new(updates: Vec<Update>, received: DateTime<Utc>, began: Instant) -> Self {
        let size = updates.len();
        Self { updates: updates.into(), received, size, began: Some(began), ..Self::default() }
    }

    /// Notes what was made of the next update.
    pub(super) fn heard(&mut self, reaction: &Reaction) {
        let new = !matches!(reaction, Reaction::Silence(Denial::Replay));
        self.dirty |= new;
        self.news |= new;
    }

    /// Whether it is all that Telegram had.
    pub(super) fn is_whole(&self) -> bool {
        self.size < FULL_BATCH
    }

    /// How long to wait before the next poll.
    pub(super) fn pause(&self) -> Duration {
        let took = self.began.map_or(LEAST, |began| began.elapsed());
        if self.news { Duration::ZERO } else { LEAST.saturating_sub(took) }
    }
}
