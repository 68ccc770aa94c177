//! What a standby says of the database and of who acts: each news once, so that a wait of days is one line.

use std::time::{Duration, Instant};

use crate::standby::holder::{Held, Holder};
use crate::store::postgres::{ConnectError, LEASE, MARGIN, RENEW_EVERY};

/// What was logged last.
pub(super) struct Told {
    holder: Holder,
    waits: bool,
    is_away: bool,
    outage: Outage,
}

/// When the database was away, as far as this one has seen it.
#[derive(Debug, Clone, Copy, Default)]
struct Outage {
    /// When it has answered last.
    answered: Option<Instant>,
    /// Since when it does not answer.
    since: Option<Instant>,
    /// How long it was away the last time, at most, and until when.
    last: Option<(Duration, Instant)>,
    /// The end of the lease, as it was seen first after that.
    ends: Option<i64>,
}

/// No living keeper loses its lease by an outage that is shorter: it is renewed that late before its end at the latest.
const SHORTEST: Duration = LEASE.saturating_sub(MARGIN).saturating_sub(RENEW_EVERY);

impl Outage {
    fn answered(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            (self.last, self.ends) = (Some((now - since, now)), None);
        }
        self.answered = Some(now);
    }

    /// A keeper has a lease with this end. One that renews it after an outage has lost nothing by that.
    fn held(&mut self, ends: i64) {
        if *self.ends.get_or_insert(ends) != ends {
            self.last = None;
        }
    }

    fn away(&mut self, now: Instant) {
        self.since.get_or_insert(self.answered.unwrap_or(now));
    }

    /// Whether it ended within that time, and was long enough to cost a keeper its lease.
    fn explains_a_loss(&self, long: Duration, now: Instant) -> bool {
        self.last.is_some_and(|(lasted, until)| now - until < long && lasted >= SHORTEST)
    }
}

impl Told {
    pub(super) fn new(holder: Holder) -> Self {
        Self { holder, waits: false, is_away: false, outage: Outage::default() }
    }

    /// Whether this one has seen another keeper act, and then the database away until so long ago and for long enough: then that
    /// is why the other one does not act any more. After a shorter outage that one has ended without notice.
    pub(super) fn saw_outage_within(&self, long: Duration) -> bool {
        self.waits && self.outage.explains_a_loss(long, Instant::now())
    }

    /// The database has answered: who acts.
    pub(super) fn found(&mut self, held: Held, ends: i64) {
        self.answered();
        if held.acts {
            self.outage.held(ends);
        }
        if held.acts && !std::mem::replace(&mut self.waits, true) {
            tracing::info!(event = "lease.waiting", "{}; this one stands by", held.words());
        }
        self.holder.set(held);
    }

    /// The database has answered.
    pub(super) fn answered(&mut self) {
        self.holder.set_away(None);
        self.outage.answered(Instant::now());
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
        // What was so before anybody was seen to act has cost nobody's lease.
        if self.waits {
            self.outage.away(Instant::now());
        }
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(
                event = "lease.unreachable",
                "{error}. Until it answers, this keeper cannot act; it is tried again and again"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crash is not put down to a short restart of the database after it.
    #[test]
    fn only_an_outage_that_can_cost_a_lease_explains_that_nobody_acts() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut outage = Outage::default();
        outage.answered(at(0));
        outage.away(at(1));
        outage.away(at(4));
        outage.answered(at(5));
        assert!(!outage.explains_a_loss(LEASE, at(5)), "a restart");
        outage.away(at(6));
        outage.away(at(20));
        outage.answered(at(21));
        assert!(outage.explains_a_loss(LEASE, at(21)));
        assert!(outage.explains_a_loss(LEASE, at(34)), "the lease of the one before ended meanwhile");
        assert!(!outage.explains_a_loss(LEASE, at(36)), "long ago");
        outage.away(at(37));
        outage.answered(at(38));
        outage.away(at(39));
        outage.answered(at(40));
        assert!(!outage.explains_a_loss(LEASE, at(40)), "two short ones are no long one");
    }

    #[test]
    fn an_outage_that_the_holder_has_outlived_explains_nothing() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut outage = Outage::default();
        outage.answered(at(0));
        outage.held(15);
        // Renewed before it is away, unseen.
        outage.away(at(1));
        outage.answered(at(11));
        outage.held(16);
        outage.held(16);
        assert!(outage.explains_a_loss(LEASE, at(16)), "nobody has renewed it since");
        outage.held(21);
        assert!(!outage.explains_a_loss(LEASE, at(16)), "somebody has");
    }

    /// A fresh copy of a program, which has seen nobody act before the database went.
    #[test]
    fn an_outage_before_anybody_was_seen_to_act_explains_nothing() {
        let away = ConnectError::Failed(String::new());
        let held = || Held { acts: true, ..Held::default() };
        let mut told = Told::new(Holder::default());
        told.away(&away);
        told.outage.since = told.outage.since.map(|since| since - LEASE);
        told.found(held(), 1);
        assert!(!told.saw_outage_within(LEASE));
        told.away(&away);
        told.outage.since = told.outage.since.map(|since| since - LEASE);
        told.found(held(), 1);
        assert!(told.saw_outage_within(LEASE));
    }
}
