//! What a standby says of the database and of who acts: each news once, so that a wait of days is one line.

use std::time::{Duration, Instant};

use crate::standby::holder::{Held, Holder};
use crate::store::postgres::ConnectError;

/// What was logged last.
pub(super) struct Told {
    holder: Holder,
    waits: bool,
    is_away: bool,
    /// When it was away last.
    away: Option<Instant>,
}

impl Told {
    pub(super) fn new(holder: Holder) -> Self {
        Self { holder, waits: false, is_away: false, away: None }
    }

    /// Whether this one has seen another keeper act, and then the database away until so long ago: then that is why the other
    /// one does not act any more.
    pub(super) fn saw_outage_within(&self, long: Duration) -> bool {
        self.waits && self.away.is_some_and(|away| away.elapsed() < long)
    }

    /// The database has answered: who acts.
    pub(super) fn found(&mut self, held: Held) {
        self.answered();
        if held.acts && !std::mem::replace(&mut self.waits, true) {
            tracing::info!(event = "lease.waiting", "{}; this one stands by", held.words());
        }
        self.holder.set(held);
    }

    /// The database has answered.
    pub(super) fn answered(&mut self) {
        self.holder.set_away(None);
        if std::mem::replace(&mut self.is_away, false) {
            tracing::info!(
                event = "lease.reachable",
                "PostgreSQL answers again; this keeper can act if it has to"
            );
        }
    }

    /// It has not, or has refused. Why may change from try to try: the first reason is logged, the last one is shown.
    pub(super) fn away(&mut self, error: &ConnectError) {
        self.holder.set_away(Some(error.to_string()));
        self.away = Some(Instant::now());
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(
                event = "lease.unreachable",
                "{error}. Until it answers, this keeper cannot act; it is tried again and again"
            );
        }
    }
}
