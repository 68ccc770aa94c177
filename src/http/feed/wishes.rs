//! When the messages of a bot are looked at: see `keeper_domain::feeds::work_shares`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keeper_domain::{feeds::work_shares::WorkShares, keys::BotName};
use rand::Rng;
use tokio::time::Instant;

/// All sockets of one listener.
#[derive(Clone)]
pub(in crate::http) struct Wishes {
    began: Instant,
    shares: Arc<Mutex<WorkShares>>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self { began: Instant::now(), shares: Arc::default() }
    }
}

impl Wishes {
    fn shares(&self) -> MutexGuard<'_, WorkShares> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From when on a message of this bot may be looked at; `None` at once.
    pub(super) fn due(&self, bot: Option<&BotName>) -> Option<Instant> {
        let now = self.began.elapsed();
        let due = self.shares().due(bot, now);
        (due > now).then(|| self.began + due)
    }

    /// A little later than the others who wait for the same moment, or earlier: whoever comes first, another one is last.
    pub(super) fn after(due: Instant) -> Instant {
        due + Duration::from_micros(rand::rng().random_range(0..5_000))
    }

    /// Looks at something, which counts.
    pub(super) fn look<T>(&self, bot: Option<&BotName>, look: impl FnOnce() -> T) -> T {
        let began = self.began.elapsed();
        let seen = look();
        let now = self.began.elapsed();
        self.shares().spent(bot, now, now.saturating_sub(began));
        seen
    }
}
