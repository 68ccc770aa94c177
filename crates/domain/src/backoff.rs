//! How long to wait before something that failed is tried again: one rule for FYERS, Telegram and the disk.

use std::time::Duration;

/// Shortest wait between two tries of one series.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// Longest wait the keeper chooses by itself.
pub const LONGEST: Duration = Duration::from_secs(60);

/// The wait after failed try number `failures` (1 for the first): full jitter between one second and a cap that
/// doubles from 2 s to 60 s. `dice` is uniform in `0..1`.
pub fn wait(failures: u32, dice: f64) -> Duration {
    let cap = SHORTEST.saturating_mul(1 << failures.min(6)).min(LONGEST);
    let dice = if dice.is_finite() { dice.clamp(0.0, 1.0) } else { 1.0 };
    SHORTEST + (cap - SHORTEST).mul_f64(dice)
}

/// The same, but never shorter than what the other side asked for. An absurd wish is cut to `longest_asked`, so
/// that it does not cost the day.
pub fn wait_as_asked(failures: u32, asked: Option<Duration>, longest_asked: Duration, dice: f64) -> Duration {
    wait(failures, dice).max(asked.unwrap_or_default().min(longest_asked))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cap_doubles_from_two_seconds_to_a_minute() {
        let caps: Vec<u64> = (1..=8).map(|failures| wait(failures, 1.0).as_secs()).collect();
        assert_eq!(caps, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait(1, 0.0), SHORTEST);
    }

    proptest! {
        #[test]
        fn waits_stay_within_bounds_and_honour_what_was_asked(
            failures in 0u32.., dice in prop::num::f64::ANY, asked in proptest::option::of(0u64..100_000),
        ) {
            let (asked, longest) = (asked.map(Duration::from_secs), Duration::from_secs(15 * 60));
            let wait = wait_as_asked(failures, asked, longest, dice);
            prop_assert!(wait >= SHORTEST);
            prop_assert!(wait >= asked.unwrap_or_default().min(longest));
            prop_assert!(wait <= LONGEST.max(asked.unwrap_or_default()));
        }
    }
}
