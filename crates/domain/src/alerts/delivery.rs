//! Which alert is next; after each attempt: what next, and how soon.

use std::{cmp::Reverse, collections::VecDeque, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::alert::{Outgoing, SendError, Severity};
use crate::alerts::texts::is_last_word;
use crate::backoff;

/// Least time between two messages to the same chat; Telegram's limit is one a second.
pub const GAP: Duration = Duration::from_millis(1_050);

/// Messages in any [`WINDOW`]; Telegram's limit for a group is 20 a minute.
pub const PER_WINDOW: usize = 15;

/// Of [`PER_WINDOW`], what each severity may use up: the rest is kept for what is more urgent, which would else wait for
/// the window although it is next.
fn share(severity: Severity) -> usize {
    match severity {
        Severity::Critical => PER_WINDOW,
        Severity::Warning => 13,
        Severity::Info => 10,
    }
}

/// See [`PER_WINDOW`].
pub const WINDOW: Duration = Duration::from_secs(60);

/// How long a repeat of the warning that was delivered last waits for more of its kind, while nothing waits behind it.
pub const GATHER: Duration = Duration::from_secs(30);

/// Pause while the bot or the chat is refused: only a person can change that.
const REFUSED_PAUSE: Duration = Duration::from_secs(600);

/// Added to what Telegram asks for, so that rounding never makes the keeper early.
const MARGIN: Duration = Duration::from_millis(500);

/// The alert to send next: the most urgent one, and of these the oldest.
pub fn next<'a>(waiting: impl IntoIterator<Item = &'a Outgoing>) -> Option<&'a Outgoing> {
    waiting.into_iter().max_by_key(|alert| (alert.severity, Reverse(alert.id)))
}

/// What is still sent when the time is over: that the keeper stops, and that nobody acts; and what is critical. The rest waits
/// for the next start.
pub fn at_the_end<'a>(waiting: impl IntoIterator<Item = &'a Outgoing>) -> Option<&'a Outgoing> {
    let is_sent = |alert: &&Outgoing| is_last_word(alert) || alert.severity == Severity::Critical;
    waiting.into_iter().filter(is_sent).max_by_key(|alert| (is_last_word(alert), Reverse(alert.id)))
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Mark it delivered and go on.
    Delivered,
    /// Keep it at the head and try again after this pause.
    Again(Duration),
    /// Keep it at the head and send [`crate::alerts::render::SAFE_TEXT`] in its place.
    SendSafeText,
    /// Nothing will make Telegram take it: log it as an error, mark it delivered and go on.
    DeadLetter,
}

/// The next step. `failures` counts earlier failed attempts of this alert, `safe_text` says that the safe
/// text was sent in its place already, `luck` is uniform in 0..=1.
pub fn after(
    result: &Result<(), SendError>,
    failures: u32,
    severity: Severity,
    safe_text: bool,
    luck: f64,
) -> Next {
    match result {
        Ok(()) => Next::Delivered,
        Err(SendError::Wait(asked)) => Next::Again(asked.saturating_add(MARGIN)),
        Err(SendError::Unreachable(_)) => Next::Again(backoff::wait(failures.saturating_add(1), luck)),
        Err(SendError::Unauthorized(_)) => Next::Again(REFUSED_PAUSE),
        Err(SendError::BadMessage(_)) if severity == Severity::Critical && !safe_text => Next::SendSafeText,
        Err(SendError::BadMessage(_)) => Next::DeadLetter,
    }
}

/// Keeps below Telegram's limits and holds deliveries back after failures. Works on the wall clock and outlives the
/// clock's jumps: no pause ever grows because the clock went backwards.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    recent: VecDeque<DateTime<Utc>>,
    hold: Option<Hold>,
    /// The last warning that was delivered: its key, and when.
    delivered: Option<(String, DateTime<Utc>)>,
    /// The newest alert that is through: older ones have been overtaken.
    newest: i64,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    since: DateTime<Utc>,
    length: Duration,
    asked_for: bool,
}

impl Gate {
    /// Counts one attempt.
    pub fn attempted(&mut self, now: DateTime<Utc>) {
        self.recent.push_back(now);
        while self.recent.len() > PER_WINDOW {
            self.recent.pop_front();
        }
    }

    /// The latest attempt has only now come to an end: the gap counts from here.
    pub fn ended(&mut self, now: DateTime<Utc>) {
        if let Some(latest) = self.recent.back_mut() {
            *latest = now;
        }
    }

    /// Whether a newer alert is through already. Then this one says so, for the last one read may be taken for the latest.
    pub fn is_overtaken(&self, alert: &Outgoing) -> bool {
        alert.id < self.newest
    }

    /// This alert is through.
    pub fn passed(&mut self, alert: &Outgoing) {
        self.newest = self.newest.max(alert.id);
    }

    /// Remembers what was delivered, so that repeats of it gather.
    pub fn delivered(&mut self, alert: &Outgoing, now: DateTime<Utc>) {
        let gathers = alert.severity == Severity::Warning && !alert.key.is_empty();
        self.delivered = gathers.then(|| (alert.key.clone(), now));
    }

    /// How long the only alert that waits still gathers repeats; zero is not at all.
    pub fn gathering(&self, only: &Outgoing, now: DateTime<Utc>) -> Duration {
        match &self.delivered {
            Some((key, at)) if *key == only.key => left(*at.min(&now), GATHER, now),
            _ => Duration::ZERO,
        }
    }

    /// Lets nothing through for `length`. `asked_for`: Telegram said so.
    pub fn hold(&mut self, now: DateTime<Utc>, length: Duration, asked_for: bool) {
        self.hold = Some(Hold { since: now, length, asked_for });
    }

    /// Ends a hold, unless Telegram asked for it.
    pub fn release(&mut self) {
        self.hold = self.hold.filter(|hold| hold.asked_for);
    }

    /// Whether a hold (not the mere gap) is on.
    pub fn is_held(&mut self, now: DateTime<Utc>) -> bool {
        !self.hold_left(now).is_zero()
    }

    /// How long until the next attempt may be made with an alert of this severity; zero is now.
    pub fn wait(&mut self, severity: Severity, now: DateTime<Utc>) -> Duration {
        for attempt in &mut self.recent {
            *attempt = now.min(*attempt);
        }
        let gap = self.recent.back().map_or(Duration::ZERO, |latest| left(*latest, GAP, now));
        // The attempt that must have left the window, so that this one is not above its share.
        let last_in_share = self.recent.len().checked_sub(share(severity));
        let crowd = last_in_share
            .and_then(|place| self.recent.get(place))
            .map_or(Duration::ZERO, |attempt| left(*attempt, WINDOW, now));
        gap.max(crowd).max(self.hold_left(now))
    }

    fn hold_left(&mut self, now: DateTime<Utc>) -> Duration {
        let Some(hold) = &mut self.hold else { return Duration::ZERO };
        hold.since = now.min(hold.since);
        left(hold.since, hold.length, now)
    }
}

/// What is left at `now` of a length that began at `since`, which is not after `now`.
fn left(since: DateTime<Utc>, length: Duration, now: DateTime<Utc>) -> Duration {
    let gone = now.signed_duration_since(since).max(TimeDelta::zero());
    length.saturating_sub(gone.to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_790_000_000_000 + millis).unwrap()
    }

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn each_answer_has_its_step() {
        let next = |error: Result<(), SendError>, severity, safe| after(&error, 0, severity, safe, 0.5);
        let bad = || Err(SendError::BadMessage("no".into()));
        assert_eq!(next(Ok(()), Severity::Info, false), Next::Delivered);
        assert_eq!(next(Err(SendError::Wait(ms(35_000))), Severity::Info, false), Next::Again(ms(35_500)));
        assert_eq!(
            next(Err(SendError::Unauthorized("401".into())), Severity::Critical, false),
            Next::Again(ms(600_000))
        );
        assert_eq!(next(bad(), Severity::Warning, false), Next::DeadLetter);
        assert_eq!(next(bad(), Severity::Critical, false), Next::SendSafeText);
        assert_eq!(next(bad(), Severity::Critical, true), Next::DeadLetter);
    }

    #[test]
    fn an_outage_is_met_with_growing_random_pauses() {
        let pause = |failures, luck| match after(
            &Err(SendError::Unreachable("down".into())),
            failures,
            Severity::Info,
            false,
            luck,
        ) {
            Next::Again(pause) => pause,
            other => panic!("{other:?}"),
        };
        assert_eq!([0, 1, 3, 4].map(|n| pause(n, 1.0)), [ms(2_000), ms(4_000), ms(16_000), ms(32_000)]);
        assert_eq!([5, 7, 40, u32::MAX].map(|n| pause(n, 1.0)), [ms(60_000); 4]);
        assert_eq!([0, 3, 9].map(|n| pause(n, 0.0)), [ms(1_000); 3]);
        assert_eq!(pause(9, 0.5), ms(30_500));
        assert_eq!(pause(9, f64::INFINITY), ms(60_000));
    }

    #[test]
    fn the_pace_is_one_a_second_and_fifteen_a_minute() {
        let mut gate = Gate::default();
        let mut now = 0;
        let mut sent = Vec::new();
        for _ in 0..60 {
            now += i64::try_from(gate.wait(Severity::Critical, t(now)).as_millis()).unwrap();
            assert_eq!(gate.wait(Severity::Critical, t(now)), Duration::ZERO);
            gate.attempted(t(now));
            sent.push(now);
        }
        assert!(sent.windows(2).all(|pair| pair[1] - pair[0] >= 1_050));
        assert!(sent.windows(16).all(|some| some[15] - some[0] >= 60_000));
        assert_eq!(sent[14], 14 * 1_050, "the first fifteen are not slowed");
    }

    #[test]
    fn what_is_silent_leaves_room_for_what_is_urgent() {
        let mut gate = Gate::default();
        (0..10).for_each(|n| gate.attempted(t(n * 1_050)));
        let later = t(20_000);
        let wait = |gate: &mut Gate, severity| gate.wait(severity, later);
        assert_eq!(wait(&mut gate, Severity::Info), ms(40_000));
        assert_eq!(wait(&mut gate, Severity::Warning), Duration::ZERO);
        (0..3).for_each(|_| gate.attempted(t(15_000)));
        assert_eq!(wait(&mut gate, Severity::Warning), ms(40_000));
        assert_eq!(wait(&mut gate, Severity::Info), ms(43_150), "the third must be over as well");
        assert_eq!(wait(&mut gate, Severity::Critical), Duration::ZERO);
    }

    #[test]
    fn the_gap_counts_from_the_end_of_a_slow_attempt() {
        let mut gate = Gate::default();
        gate.attempted(t(0));
        gate.ended(t(9_000));
        assert_eq!(gate.wait(Severity::Critical, t(9_000)), GAP);
    }

    #[test]
    fn a_hold_ends_by_itself_or_by_a_flush_unless_telegram_asked() {
        let mut gate = Gate::default();
        gate.hold(t(0), ms(10_000), false);
        assert_eq!(gate.wait(Severity::Critical, t(4_000)), ms(6_000));
        gate.release();
        assert_eq!(gate.wait(Severity::Critical, t(4_000)), Duration::ZERO);
        gate.hold(t(0), ms(10_000), true);
        gate.release();
        assert!(gate.is_held(t(9_999)));
        assert!(!gate.is_held(t(10_000)));
    }

    #[test]
    fn a_clock_that_goes_back_makes_no_pause_longer_than_it_was() {
        let mut gate = Gate::default();
        (0..15).for_each(|n| gate.attempted(t(n * 1_050)));
        gate.hold(t(15_000), ms(5_000), false);
        let back = t(-86_400_000);
        assert_eq!(gate.wait(Severity::Critical, back), WINDOW);
        assert_eq!(gate.wait(Severity::Critical, back + TimeDelta::seconds(60)), Duration::ZERO);
    }
}
