//! The real clock.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use keeper_domain::ports::Time;

/// The machine's wall clock and tokio's timers.
#[derive(Debug, Clone, Copy, Default)]
pub struct WallClock;

#[async_trait]
impl Time for WallClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
