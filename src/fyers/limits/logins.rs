//! How often a login may fail: a pure rule.
//!
//! Whoever reaches the keeper's public address can send codes that mean nothing, and each of them is a call to FYERS.
//! The first failures of an hour are free, so that a person may err; from then on there is one attempt now and
//! then, so that the owner still has his. That is 36 failed calls an hour at most. Of these, strangers get a few (`http::pages::login_budget`).

use std::{collections::VecDeque, time::Duration};

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);

/// Failures of an hour that slow nobody down.
pub(super) const FREE: usize = 16;

/// From then on, the time between two attempts.
const GAP: Duration = Duration::from_secs(3 * 60);

/// The newest failures of the last hour, as many as are free: whether there are more changes nothing.
#[derive(Debug, Default)]
pub(super) struct FailedLogins {
    failures: VecDeque<Duration>,
}

impl FailedLogins {
    /// How long the next attempt has to wait at least; `None` when it may be made. `now` counts from any start and
    /// never runs backwards.
    pub(super) fn wait(&mut self, now: Duration) -> Option<Duration> {
        while self.failures.front().is_some_and(|at| *at + HOUR <= now) {
            self.failures.pop_front();
        }
        let newest = self.failures.back().filter(|_| self.failures.len() >= FREE)?;
        Some((*newest + GAP).saturating_sub(now)).filter(|wait| !wait.is_zero())
    }

    /// FYERS has refused a login.
    pub(super) fn failed(&mut self, now: Duration) {
        self.failures.push_back(now);
        if self.failures.len() > FREE {
            self.failures.pop_front();
        }
    }

    /// What failed before this run: how long ago each was, oldest first.
    pub(super) fn recall(&mut self, ages: &[Duration], now: Duration) {
        ages.iter().filter_map(|age| now.checked_sub(*age)).for_each(|at| self.failed(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_may_err_and_a_flood_is_a_trickle() {
        let (mut logins, mut attempts) = (FailedLogins::default(), 0);
        for second in 0..3_600 {
            let now = Duration::from_secs(second);
            for _ in 0..5 {
                if logins.wait(now).is_none() {
                    attempts += 1;
                    logins.failed(now);
                }
            }
        }
        assert!((FREE..=40).contains(&attempts), "{attempts} attempts");
    }

    #[test]
    fn the_owner_gets_his_turn_and_an_hour_forgets() {
        let mut logins = FailedLogins::default();
        (0..FREE).for_each(|_| logins.failed(Duration::ZERO));
        assert_eq!(logins.wait(Duration::from_secs(1)), Some(GAP - Duration::from_secs(1)));
        assert_eq!(logins.wait(GAP), None);
        logins.failed(GAP);
        assert_eq!(logins.wait(GAP), Some(GAP));
        assert_eq!(logins.wait(HOUR), None, "one failure is left of that hour");
    }

    #[test]
    fn a_start_forgets_none_of_them() {
        let mut logins = FailedLogins::default();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let ages: Vec<_> = (0..FREE as u64).rev().map(|n| minutes(n + 1)).collect();
        logins.recall(&ages, HOUR);
        assert_eq!(logins.wait(HOUR), Some(GAP - minutes(1)));
        assert_eq!(logins.wait(HOUR + GAP - minutes(1)), None);
    }
}
