//! Hears of every request to FYERS how it ended, so that the status can say whether FYERS answers.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use keeper_domain::{broker_error::Transport, contact::Contact};
use tokio::time::Instant;

/// One for all who speak to FYERS for an account.
pub struct ContactLog {
    began: Instant,
    contact: Mutex<Contact>,
}

impl fmt::Debug for ContactLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactLog").finish_non_exhaustive()
    }
}

impl ContactLog {
    /// Nobody has asked yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), contact: Mutex::default() })
    }

    /// Time since the start.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// A request leaves; the moment is told.
    pub(super) fn asked(&self) -> Duration {
        let now = self.elapsed();
        self.with(|contact| contact.asked(now));
        now
    }

    /// FYERS was connected to, and not asked anything.
    pub(super) fn connected(&self) {
        self.answered(200);
    }

    pub(super) fn answered(&self, status: u16) {
        let now = self.elapsed();
        self.with(|contact| contact.answered(status, now));
    }

    /// No answer came to a request that began then.
    pub(super) fn failed(&self, transport: Transport, began: Duration) {
        let now = self.elapsed();
        self.with(|contact| contact.failed(transport, began, now));
    }

    /// What the latest requests have shown, and the moment they are to be judged by.
    pub fn now(&self) -> (Contact, Duration) {
        (self.with(|contact| *contact), self.elapsed())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Contact) -> T) -> T {
        // Whole at any moment, even after a panic.
        change(&mut self.contact.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
