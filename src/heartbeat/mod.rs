//! Signs of life for those who watch from outside: a monitor that expects pings, and systemd.
//!
//! A monitor in the manner of Healthchecks raises an alarm when a ping does not come, so all of this says "I am well"
//! and is silent otherwise. It only reads what the keeper says of itself; a monitor that is slow, gone or wrong is
//! noted in the log once and changes nothing else.

mod daily;
mod pinger;
pub mod rules;
pub mod systemd;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use chrono::NaiveTime;
use keeper_actors::supervisor::Tree;
use keeper_domain::{
    clock::calendar::Calendar,
    ports::{Store, Time},
};
use secrecy::SecretString;

use pinger::Monitor;
pub use pinger::{PingError, Pinger};

use crate::{http::Backend, status::Health};
use daily::Daily;

/// Time between two pings.
const EVERY: Duration = Duration::from_secs(60);

/// Who is told, and what it takes to know what to tell.
pub struct Heartbeat {
    /// `KEEPER_PING_URL`.
    pub ping_url: Option<SecretString>,
    /// `KEEPER_DAILY_PING_URL`.
    pub daily_ping_url: Option<SecretString>,
    /// Remembers what the monitor of the day was told.
    pub store: Arc<dyn Store>,
    /// Wall clock and waiting.
    pub time: Arc<dyn Time>,
    /// Trading days.
    pub calendar: Arc<Calendar>,
    /// When the daily tick is due (IST).
    pub tick_time: NaiveTime,
}

impl Heartbeat {
    /// Begins to tell whoever wants to hear.
    pub fn start(self, tree: &Tree, backend: &Arc<dyn Backend>) {
        if let Some(pinger) = self.ping_url.and_then(Pinger::new) {
            tree.spawn("heartbeat", beat(Arc::clone(backend), pinger, Arc::clone(&self.time)));
        }
        if let Some(pinger) = self.daily_ping_url.and_then(Pinger::new) {
            let daily = Daily::new(
                pinger,
                Arc::clone(backend),
                self.store,
                Arc::clone(&self.time),
                self.calendar,
                self.tick_time,
            );
            tree.spawn("heartbeat", daily.run());
        }
        if crate::config::notify_socket() {
            tree.spawn("systemd", systemd::attend(Arc::clone(backend), self.time));
        }
    }
}

/// Pings once a minute while the keeper is well. A token that is missing is no illness: the daily ping tells of that.
async fn beat(backend: Arc<dyn Backend>, pinger: Pinger, time: Arc<dyn Time>) {
    let mut monitor = Monitor::new("minute");
    loop {
        if is_well(backend.as_ref()).await {
            monitor.note(pinger.ping(None).await);
        }
        time.sleep(EVERY).await;
    }
}

async fn is_well(backend: &dyn Backend) -> bool {
    backend.is_live() && backend.status().await.is_some_and(|status| status.status != Health::Fail)
}
