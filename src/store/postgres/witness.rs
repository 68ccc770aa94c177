//! What a keeper that stands by has seen of the lease itself, by a clock that nobody can set: the database's clock may be set,
//! and a database may be put back to an earlier moment. Pure rules.

use std::time::Duration;

use keeper_domain::shared_calls::CallsBefore;

use crate::store::postgres::lease::{LEASE, LeaseRow};

/// A lease that is over by the database's clock may last so much longer by one's own: its holder stopped before.
const TOLERANCE: Duration = Duration::from_secs(1);

/// What was seen, and when, in time since the machine started.
#[derive(Debug, Clone, Default)]
pub(super) struct Witness {
    end: Option<SeenEnd>,
    calls: Option<SeenCalls>,
}

/// The end of a lease.
#[derive(Debug, Clone)]
struct SeenEnd {
    /// By the database's clock.
    ends: i64,
    seen_at: Duration,
    /// How long it was still good.
    left: Duration,
}

#[derive(Debug, Clone)]
struct SeenCalls {
    found: CallsBefore,
    seen_at: Duration,
    left: Duration,
}

impl Witness {
    /// The row as it is now; true when it is another one than before.
    pub(super) fn see(&mut self, row: &LeaseRow, now: Duration) -> bool {
        let is_new = self.end.as_ref().is_none_or(|end| end.ends != row.ends);
        if is_new {
            // By a clock that was set back it would last for longer than any does.
            self.end = Some(SeenEnd { ends: row.ends, seen_at: now, left: row.left.min(LEASE) });
        }
        is_new
    }

    /// What is written beside it. An earlier moment of the database does not take the place of what was seen.
    pub(super) fn see_calls(&mut self, found: CallsBefore, now: Duration) {
        let left = self.end.as_ref().map_or(Duration::ZERO, |end| end.left);
        let seen = SeenCalls { found, seen_at: now, left };
        let is_older = self.calls.as_ref().is_some_and(|known| known.at(now).age < seen.found.age);
        if !is_older {
            self.calls = Some(seen);
        }
    }

    /// Whether this lease is over: not before it is by one's own clock, and at the latest when nobody has renewed it for as
    /// long as one is good.
    pub(super) fn is_over(&self, row: &LeaseRow, now: Duration) -> bool {
        let Some(end) = self.end.as_ref().filter(|end| end.ends == row.ends) else { return row.is_over };
        let is_good = now + TOLERANCE < end.seen_at + end.left;
        let is_unrenewed = now > end.seen_at + LEASE;
        (row.is_over && !is_good) || is_unrenewed
    }

    /// What is found beside the lease by whoever takes it, or what was seen there itself where that is younger: the database's
    /// clock has gone ahead, or the database is at an earlier moment.
    pub(super) fn correct(&self, found: CallsBefore, now: Duration) -> CallsBefore {
        match self.calls.as_ref().map(|seen| seen.at(now)) {
            Some(seen) if seen.age < found.age => seen,
            _ => found,
        }
    }
}

impl SeenCalls {
    /// As it is now.
    fn at(&self, now: Duration) -> CallsBefore {
        let since = now.saturating_sub(self.seen_at);
        let over = since.saturating_sub(self.left);
        let is_early = since + TOLERANCE < self.left;
        CallsBefore { age: self.found.age + since, over, is_early, ..self.found.clone() }
    }
}

#[cfg(test)]
mod tests {
    use keeper_domain::{
        served::Served,
        shared_calls::{CallsOfDay, MOST_UNTOLD, PastCall, SharedCalls},
    };

    use super::*;

    const HERE: u32 = 1;
    const THERE: u32 = 2;
    const RENEWED: Duration = Duration::from_secs(1_000);

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    /// A held lease that ends then, and whose end is so far away by the database's clock.
    fn row(ends: i64, left: i64) -> LeaseRow {
        LeaseRow {
            holder: Some("run".to_owned()),
            address: None,
            epoch: 1,
            commits: 1,
            at: 0,
            halted: vec![],
            ends,
            held: seconds(60),
            left: seconds(left.max(0).unsigned_abs()),
            is_over: left <= 0,
            over: seconds(left.min(0).unsigned_abs()),
            served: Served::default(),
            has_ended: false,
            away: None,
            is_newer: false,
        }
    }

    fn calls(age: u64, weight: u32) -> CallsBefore {
        let sent = PastCall { origin: THERE, age: seconds(1), weight };
        let written = Some(SharedCalls::new([sent], CallsOfDay::default()));
        let over = seconds(age.saturating_sub(15));
        CallsBefore { written, age: seconds(age), holder: Some(THERE), over, ..CallsBefore::default() }
    }

    fn seen() -> Witness {
        let mut witness = Witness::default();
        assert!(witness.see(&row(7, 15), RENEWED));
        witness.see_calls(calls(0, 90), RENEWED);
        witness
    }

    #[test]
    fn a_clock_of_the_database_that_goes_ahead_ends_no_lease() {
        let (witness, ahead) = (seen(), row(7, -55));
        assert!(!witness.is_over(&ahead, RENEWED + seconds(1)));
        assert!(!witness.is_over(&ahead, RENEWED + seconds(13)));
        assert!(witness.is_over(&ahead, RENEWED + seconds(15)));
        assert!(!witness.is_over(&row(7, 3), RENEWED + seconds(12)), "nor before it is over there");
        assert!(witness.is_over(&row(7, 3_600), RENEWED + seconds(16)), "it was set back: nobody renews it");
        let unseen = Witness::default();
        assert!(
            unseen.is_over(&ahead, RENEWED) && !unseen.is_over(&row(7, 3), RENEWED),
            "nobody has seen it good"
        );
    }

    #[test]
    fn a_lease_that_was_over_when_it_was_seen_is_over() {
        let mut witness = Witness::default();
        witness.see(&row(7, -3_600), RENEWED);
        assert!(witness.is_over(&row(7, -3_600), RENEWED));
        let mut set_back = Witness::default();
        set_back.see(&row(7, 3_600), RENEWED);
        assert!(set_back.is_over(&row(7, 3_585), RENEWED + seconds(16)));
    }

    /// What the one before told a moment before it died, and the fifty that it may have sent after that.
    #[test]
    fn calls_are_as_old_as_they_were_seen_to_be() {
        let weight = |found: CallsBefore, later: u64| {
            let calls = seen().correct(found, RENEWED + seconds(later)).elsewhere(HERE, 0);
            calls.iter().map(|call| call.weight).sum::<u32>()
        };
        assert_eq!(weight(calls(15, 90), 15), 90 + MOST_UNTOLD, "as the database says");
        assert_eq!(weight(calls(85, 90), 15), 90 + MOST_UNTOLD, "its clock went ahead");
        assert_eq!(weight(calls(600, 3), 4), 90 + MOST_UNTOLD, "it was put back");
        assert_eq!(weight(calls(3, 40), 15), 40 + 10, "something newer was written");
        assert_eq!(weight(calls(85, 90), 85), 0, "it is long ago");
    }

    #[test]
    fn an_earlier_moment_of_the_database_does_not_take_the_place_of_what_was_seen() {
        let mut witness = seen();
        assert!(witness.see(&row(3, -600), RENEWED + seconds(5)));
        witness.see_calls(calls(620, 3), RENEWED + seconds(5));
        let calls = witness.correct(calls(621, 3), RENEWED + seconds(6));
        assert_eq!((calls.age, calls.is_early), (seconds(6), true), "its holder may act still");
        assert_eq!(calls.elsewhere(HERE, 0)[1].age, Duration::ZERO);
    }
}
