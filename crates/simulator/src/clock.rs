//! Simulated time, and the hours of the Indian market day that FYERS counts in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Utc};

/// A source of the present moment.
pub type SimClock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The real time.
pub fn system() -> SimClock {
    Arc::new(Utc::now)
}

/// A clock that shows `start` now and runs `factor` times as fast as the real one.
pub fn sped_up(start: DateTime<Utc>, factor: u32) -> SimClock {
    let began = Instant::now();
    Arc::new(move || start + TimeDelta::from_std(began.elapsed() * factor).unwrap_or_default())
}

/// A clock in a file: the time in it was shown when the file was written, and the clock goes on from there.
pub fn of_file(path: std::path::PathBuf) -> SimClock {
    let shown = move || {
        let written = std::fs::metadata(&path).and_then(|meta| meta.modified()).ok()?;
        let start = DateTime::parse_from_rfc3339(std::fs::read_to_string(&path).ok()?.trim()).ok()?;
        let passed = std::time::SystemTime::now().duration_since(written).unwrap_or_default();
        Some(start.to_utc() + TimeDelta::from_std(passed).ok()?)
    };
    Arc::new(move || shown().unwrap_or_else(Utc::now))
}

/// A clock that stands still until it is moved by hand; clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Shows another time from now on.
    pub fn set(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the clock on.
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    /// This clock as the simulator takes it.
    pub fn clock(&self) -> SimClock {
        let shared = Arc::clone(&self.0);
        Arc::new(move || *shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Indian Standard Time: UTC+05:30 all year.
const IST: FixedOffset = match FixedOffset::east_opt(19_800) {
    Some(zone) => zone,
    None => panic!("five and a half hours are less than a day"),
};

/// The same moment on an Indian wall clock.
pub(crate) fn ist(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&IST)
}

/// 06:00 IST of a date, which is 00:30 UTC of the same date.
fn six_ist(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::minutes(30)
}

/// The first 06:00 IST after a moment: the end of an access token (docs/fyers-api.md, "Tokens").
pub fn next_six_ist(at: DateTime<Utc>) -> DateTime<Utc> {
    let today = six_ist(ist(at).date_naive());
    if today > at { today } else { today + Days::new(1) }
}

/// 06:00 IST fifteen days after the Indian date of issue: the end of a refresh token.
pub fn fifteen_days_six_ist(at: DateTime<Utc>) -> DateTime<Utc> {
    six_ist(ist(at).date_naive()) + Days::new(15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_access_token_ends_at_the_next_six_in_the_indian_morning() {
        for (issued, ends) in [
            ("2026-11-23T03:30:00Z", "2026-11-24T00:30:00Z"), // 09:00 IST
            ("2026-11-23T18:29:59Z", "2026-11-24T00:30:00Z"), // 23:59:59 IST
            ("2026-11-23T18:30:00Z", "2026-11-24T00:30:00Z"), // midnight IST
            ("2026-11-24T00:29:59Z", "2026-11-24T00:30:00Z"), // 05:59:59 IST
            ("2026-11-24T00:30:00Z", "2026-11-25T00:30:00Z"), // 06:00:00 IST
        ] {
            assert_eq!(next_six_ist(utc(issued)), utc(ends), "issued {issued}");
        }
    }

    #[test]
    fn a_refresh_token_counts_from_the_indian_date() {
        assert_eq!(fifteen_days_six_ist(utc("2026-11-23T18:29:59Z")), utc("2026-12-08T00:30:00Z"));
        assert_eq!(fifteen_days_six_ist(utc("2026-11-23T18:30:00Z")), utc("2026-12-09T00:30:00Z"));
    }
}
