//! When to restart, after how long, and when to give up: values in, values out.

use std::{collections::VecDeque, time::Duration};

/// At most `deaths` within `within`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many deaths are tolerated.
    pub deaths: usize,
    /// In how long a time.
    pub within: Duration,
}

/// The supervisor's limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// For one actor.
    pub actor: Window,
    /// For all actors of the tree together.
    pub tree: Window,
    /// Pause before the second restart of a series; the first has none, each further one doubles it.
    pub base: Duration,
    /// Longest pause.
    pub cap: Duration,
    /// A pause varies by this part of itself to both sides.
    pub jitter: f64,
    /// An actor that lived this long starts a new series.
    pub healthy: Duration,
    /// An actor that does not answer a beat for this long hangs.
    pub hang: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            actor: Window { deaths: 5, within: Duration::from_secs(60) },
            tree: Window { deaths: 20, within: Duration::from_secs(300) },
            base: Duration::from_millis(50),
            cap: Duration::from_secs(30),
            jitter: 0.25,
            healthy: Duration::from_secs(60),
            hang: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Limits that never give up and never pause, to test what a restart keeps.
    pub fn tireless() -> Self {
        let never = Window { deaths: usize::MAX, within: Duration::ZERO };
        Self { actor: never, tree: never, base: Duration::ZERO, ..Self::default() }
    }

    /// The pause before restart number `nth` of a series (1 is the first). `dice` is uniform in `0..1`.
    pub fn pause(&self, nth: u32, dice: f64) -> Duration {
        let Some(doublings) = nth.checked_sub(2) else { return Duration::ZERO };
        let plain = self.base.saturating_mul(1 << doublings.min(20)).min(self.cap);
        plain.mul_f64(1.0 + self.jitter * (2.0 * dice.clamp(0.0, 1.0) - 1.0))
    }
}

/// The deaths of one window. Times count from the tree's start.
#[derive(Debug, Clone, Default)]
pub struct Deaths(VecDeque<Duration>);

impl Deaths {
    /// Notes a death; true when there have been too many.
    pub fn note(&mut self, now: Duration, window: Window) -> bool {
        while self.0.front().is_some_and(|death| now.saturating_sub(*death) > window.within) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() > window.deaths
    }
}

/// The restarts of one actor.
#[derive(Debug, Clone, Default)]
pub struct Series {
    deaths: Deaths,
    nth: u32,
    alive_since: Duration,
}

impl Series {
    /// Notes a death and says how long to pause; `None` means give up.
    pub fn died(&mut self, now: Duration, limits: &Limits, dice: f64) -> Option<Duration> {
        if now.saturating_sub(self.alive_since) >= limits.healthy {
            self.nth = 0;
        }
        self.nth = self.nth.saturating_add(1);
        let too_many = self.deaths.note(now, limits.actor);
        (!too_many).then(|| limits.pause(self.nth, dice))
    }

    /// Notes that the actor is back.
    pub fn restarted(&mut self, now: Duration) {
        self.alive_since = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn pauses_are_none_then_doubling_up_to_the_cap() {
        let limits = Limits::default();
        let pauses: Vec<u128> = (1..=13).map(|nth| limits.pause(nth, 0.5).as_millis()).collect();
        let wanted = [0, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
        assert_eq!(pauses, wanted);
    }

    #[test]
    fn the_sixth_death_in_a_minute_is_one_too_many() {
        let limits = Limits::default();
        let mut series = Series::default();
        for death in 0..5 {
            assert!(series.died(seconds(death * 11), &limits, 0.5).is_some());
        }
        assert_eq!(series.died(seconds(56), &limits, 0.5), None);
    }

    #[test]
    fn old_deaths_are_forgotten_and_a_healthy_minute_starts_afresh() {
        let limits = Limits::default();
        let mut series = Series::default();
        for round in 0..50 {
            let now = seconds(round * 61);
            assert_eq!(series.died(now, &limits, 0.5), Some(Duration::ZERO), "round {round}");
            series.restarted(now);
        }
    }

    proptest! {
        #[test]
        fn a_pause_is_never_beyond_the_cap_and_its_jitter(nth in any::<u32>(), dice in 0.0f64..1.0) {
            let limits = Limits::default();
            let pause = limits.pause(nth, dice);
            prop_assert!(pause <= limits.cap.mul_f64(1.0 + limits.jitter));
            prop_assert!(nth < 2 || pause >= limits.base.mul_f64(1.0 - limits.jitter));
        }

        #[test]
        fn a_window_gives_up_exactly_when_it_holds_too_many(gaps in prop::collection::vec(0u64..30, 1..60)) {
            let window = Window { deaths: 5, within: seconds(60) };
            let mut deaths = Deaths::default();
            let mut times: Vec<u64> = vec![];
            let mut now = 0;
            for gap in gaps {
                now += gap;
                times.push(now);
                let recent = times.iter().filter(|time| now - **time <= 60).count();
                prop_assert_eq!(deaths.note(seconds(now), window), recent > 5);
            }
        }
    }
}
