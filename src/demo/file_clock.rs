//! A clock that a test moves: the file holds a time, which was shown when the file was written, and the clock goes on
//! from there at real speed. The simulator reads the same file, so both show the same.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keeper_domain::ports::Time;

/// How often whoever waits looks whether the clock was moved.
const LOOK: Duration = Duration::from_millis(50);

/// A clock in a file.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
}

impl FileClock {
    /// The clock of this file, which is replaced as a whole to move it.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn shown(&self) -> Option<DateTime<Utc>> {
        let written = fs::metadata(&self.path).and_then(|meta| meta.modified()).ok()?;
        let start = DateTime::parse_from_rfc3339(fs::read_to_string(&self.path).ok()?.trim()).ok()?;
        let passed = SystemTime::now().duration_since(written).unwrap_or_default();
        Some(start.to_utc() + TimeDelta::from_std(passed).ok()?)
    }
}

#[async_trait]
impl Time for FileClock {
    fn now(&self) -> DateTime<Utc> {
        self.shown().unwrap_or_else(Utc::now)
    }

    async fn sleep(&self, duration: Duration) {
        let end = self.now() + TimeDelta::from_std(duration).unwrap_or(TimeDelta::days(365));
        let began = Instant::now();
        loop {
            // A clock that is moved back makes no wait longer, as none of a machine does.
            let shown = (end - self.now()).to_std().unwrap_or_default();
            let left = shown.min(duration.saturating_sub(began.elapsed()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LOOK)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn whoever_waits_goes_on_when_the_file_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        fs::write(&path, "2026-11-23T09:15:00+05:30").unwrap();
        let clock = FileClock::new(path.clone());
        let hour = clock.sleep(Duration::from_secs(3600));
        let moved = async { fs::write(&path, "2026-11-23T10:16:00+05:30").unwrap() };
        tokio::join!(hour, moved);
        assert!(clock.now() >= "2026-11-23T04:46:00Z".parse::<DateTime<Utc>>().unwrap());
    }

    #[actix_rt::test]
    async fn nobody_waits_longer_for_a_clock_that_is_moved_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clock");
        fs::write(&path, "2026-11-24T06:30:00+05:30").unwrap();
        let clock = FileClock::new(path.clone());
        let short = clock.sleep(Duration::from_millis(200));
        let moved = async { fs::write(&path, "2026-11-23T11:03:00+05:30").unwrap() };
        tokio::join!(short, moved);
        assert!(clock.now() < "2026-11-23T12:00:00+05:30".parse::<DateTime<chrono::FixedOffset>>().unwrap());
    }
}
