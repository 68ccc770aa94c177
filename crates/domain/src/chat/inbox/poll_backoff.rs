//! When to ask Telegram again after it did not answer with updates.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{backoff, chat::talk::PollError};

/// The first pause after a conflict, and the longest.
const CONFLICT: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5 * 60));
/// Two programs that take turns do not conflict every time: an episode is over after so long without one.
const CALM: TimeDelta = TimeDelta::minutes(15);
/// The pause after a refusal of the bot token: only a person can help.
const REFUSED: Duration = Duration::from_secs(5 * 60);
/// The longest that Telegram may ask to wait: an absurd value must not make the keeper deaf for the day.
const LONGEST_ASKED: Duration = Duration::from_secs(15 * 60);

/// What to do after a failed poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollPause {
    /// How long to wait.
    pub pause: Duration,
    /// Whether another program with the same token is news.
    pub second_poller: bool,
}

/// The failures so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct PollBackoff {
    failures: u32,
    conflicts: u32,
    last_conflict: Option<DateTime<Utc>>,
}

impl PollBackoff {
    /// A poll was answered.
    pub fn succeeded(&mut self, now: DateTime<Utc>) {
        self.failures = 0;
        if self.last_conflict.is_some_and(|last| (now - last).abs() > CALM) {
            (self.conflicts, self.last_conflict) = (0, None);
        }
    }

    /// A poll failed. `dice` is uniform in `0..1`.
    pub fn failed(&mut self, error: &PollError, now: DateTime<Utc>, dice: f64) -> PollPause {
        let second_poller = *error == PollError::Conflict && self.conflicts == 0;
        let pause = match error {
            PollError::Conflict => {
                self.last_conflict = Some(now);
                self.conflicts = self.conflicts.saturating_add(1);
                CONFLICT.0.saturating_mul(1 << (self.conflicts - 1).min(8)).min(CONFLICT.1)
            }
            PollError::Wait(asked) => (*asked).min(LONGEST_ASKED),
            PollError::Refused => REFUSED,
            PollError::Failed(_) => {
                self.failures = self.failures.saturating_add(1);
                backoff::wait(self.failures, dice)
            }
        };
        PollPause { pause, second_poller }
    }

    /// Whether another program was polling a short while ago.
    pub fn has_rival(&self) -> bool {
        self.conflicts > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minutes * 60, 0).unwrap()
    }

    fn seconds(backoff: &mut PollBackoff, error: &PollError, dice: f64) -> u64 {
        backoff.failed(error, at(0), dice).pause.as_secs()
    }

    #[test]
    fn a_conflict_is_news_once_per_episode_and_the_pauses_grow() {
        let mut backoff = PollBackoff::default();
        let steps: Vec<PollPause> = (0..6)
            .map(|minute| {
                let step = backoff.failed(&PollError::Conflict, at(minute), 0.5);
                backoff.succeeded(at(minute));
                step
            })
            .collect();
        assert_eq!(
            steps.iter().map(|step| step.pause.as_secs()).collect::<Vec<_>>(),
            [30, 60, 120, 240, 300, 300]
        );
        assert_eq!(
            steps.iter().map(|step| step.second_poller).collect::<Vec<_>>(),
            [true, false, false, false, false, false]
        );
        backoff.succeeded(at(19));
        assert!(backoff.has_rival());
        backoff.succeeded(at(21));
        assert!(!backoff.has_rival());
        assert_eq!(backoff.failed(&PollError::Conflict, at(22), 0.5), steps[0]);
    }

    #[test]
    fn outages_are_met_with_growing_random_pauses() {
        let mut backoff = PollBackoff::default();
        let failed = PollError::Failed(String::new());
        let longest: Vec<u64> = (0..8).map(|_| seconds(&mut backoff, &failed, 1.0)).collect();
        assert_eq!(longest, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(seconds(&mut backoff, &failed, 0.0), 1);
        backoff.succeeded(at(0));
        assert_eq!(seconds(&mut backoff, &failed, 1.0), 2);
    }

    #[test]
    fn telegrams_wishes_are_followed_within_reason() {
        let mut backoff = PollBackoff::default();
        assert_eq!(seconds(&mut backoff, &PollError::Wait(Duration::from_secs(7)), 0.5), 7);
        assert_eq!(seconds(&mut backoff, &PollError::Wait(Duration::from_secs(1_000_000)), 0.5), 900);
        assert_eq!(seconds(&mut backoff, &PollError::Refused, 0.5), 300);
    }
}
