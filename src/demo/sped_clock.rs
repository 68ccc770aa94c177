//! A clock whose speed can be changed while others wait on it: nights pass in a blink, mornings can be watched.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use keeper_domain::ports::Time;
use tokio::sync::watch;

/// From this point on the clock runs at this speed.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    shown: DateTime<Utc>,
    real: Instant,
    speed: f64,
}

impl Anchor {
    fn now(&self) -> DateTime<Utc> {
        let passed = self.real.elapsed().as_secs_f64() * self.speed;
        self.shown + TimeDelta::microseconds((passed * 1e6) as i64)
    }
}

/// A sped-up clock.
#[derive(Debug)]
pub struct SpedClock {
    anchor: Mutex<Anchor>,
    changed: watch::Sender<()>,
}

impl SpedClock {
    /// A clock that shows `start` now and runs at real speed.
    pub fn new(start: DateTime<Utc>) -> Self {
        let anchor = Anchor { shown: start, real: Instant::now(), speed: 1.0 };
        Self { anchor: Mutex::new(anchor), changed: watch::Sender::new(()) }
    }

    /// Runs at this speed from now on; 60 makes a minute of a second.
    pub fn set_speed(&self, speed: f64) {
        let mut anchor = self.lock();
        *anchor = Anchor { shown: anchor.now(), real: Instant::now(), speed };
        drop(anchor);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Real time until the clock will show `when` at its present speed.
    fn real_time_until(&self, when: DateTime<Utc>) -> Duration {
        let anchor = *self.lock();
        let left = (when - anchor.now()).to_std().unwrap_or_default();
        Duration::from_secs_f64(left.as_secs_f64() / anchor.speed.max(1e-6))
    }

    /// Waits until the clock shows `when`, however its speed changes meanwhile.
    pub async fn sleep_until(&self, when: DateTime<Utc>) {
        let mut changed = self.changed.subscribe();
        while self.now() < when {
            tokio::select! {
                () = tokio::time::sleep(self.real_time_until(when)) => {}
                _ = changed.changed() => {}
            }
        }
    }
}

#[async_trait]
impl Time for SpedClock {
    fn now(&self) -> DateTime<Utc> {
        self.lock().now()
    }

    async fn sleep(&self, duration: Duration) {
        let wait = TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        match self.now().checked_add_signed(wait) {
            Some(when) => self.sleep_until(when).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_rt::test]
    async fn a_wait_ends_early_when_the_clock_is_sped_up() {
        let clock = SpedClock::new(DateTime::UNIX_EPOCH);
        let hour = clock.sleep(Duration::from_secs(3600));
        let faster = async { clock.set_speed(1e6) };
        tokio::join!(hour, faster);
        assert!(clock.now() >= DateTime::UNIX_EPOCH + TimeDelta::hours(1));
    }

    #[test]
    fn changing_the_speed_never_turns_the_clock_back() {
        let clock = SpedClock::new(DateTime::UNIX_EPOCH);
        let mut before = clock.now();
        for speed in [1e5, 1.0, 20.0, 1e6, 0.0] {
            clock.set_speed(speed);
            let now = clock.now();
            assert!(now >= before);
            before = now;
        }
    }
}
