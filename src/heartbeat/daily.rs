//! The monitor of the day: one look after the other, one signal at a time.

use std::{sync::Arc, time::Duration};

use chrono::NaiveTime;
use fyers_api::ist;
use keeper_domain::{
    clock::calendar::Calendar,
    note::Note,
    ports::{Change, Store, Time},
};

use crate::heartbeat::{
    pinger::{Monitor, Pinger},
    rules::{Look, Signal, Told, due},
};
use crate::http::Backend;

/// Time between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// Longest time between two tries while the monitor does not answer.
const LONGEST: Duration = Duration::from_secs(60);
/// Where it is remembered what the monitor was told.
const TOLD: Note<Told> = Note::new("daily_ping");

pub(super) struct Daily {
    pinger: Pinger,
    backend: Arc<dyn Backend>,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    calendar: Arc<Calendar>,
    tick_time: NaiveTime,
    monitor: Monitor,
}

impl Daily {
    pub(super) fn new(
        pinger: Pinger,
        backend: Arc<dyn Backend>,
        store: Arc<dyn Store>,
        time: Arc<dyn Time>,
        calendar: Arc<Calendar>,
        tick_time: NaiveTime,
    ) -> Self {
        Self { pinger, backend, store, time, calendar, tick_time, monitor: Monitor::new("daily") }
    }

    pub(super) async fn run(mut self) {
        let mut told = self.remembered().await;
        let mut pause = LOOK;
        loop {
            let signal = self.look().await.and_then(|look| due(&look, told));
            pause = match signal {
                None => LOOK,
                Some(signal) if self.tell(signal).await => {
                    told = self.remember(signal).await;
                    continue;
                }
                Some(_) => (pause * 2).min(LONGEST),
            };
            self.time.sleep(pause).await;
        }
    }

    /// `None` when the keeper does not answer: then there is nothing good to tell.
    async fn look(&self) -> Option<Look> {
        let status = self.backend.status().await?;
        let now = self.time.now();
        let today = ist::date(now);
        let tick = status.last_tick.filter(|tick| tick.date == today);
        Some(Look {
            now,
            tick_time: self.tick_time,
            trading_day: self.calendar.is_trading_day(today),
            begun_at: tick.map(|tick| tick.begun_at.to_utc()),
            done: tick.is_some_and(|tick| tick.done_at.is_some()),
            usable: status.session.usable,
        })
    }

    async fn tell(&mut self, signal: Signal) -> bool {
        let outcome = self.pinger.ping(signal.ending()).await;
        self.monitor.note(outcome)
    }

    async fn remembered(&self) -> Option<Told> {
        // Without it a signal comes twice.
        TOLD.read(self.store.as_ref()).await.ok()?.readable()
    }

    /// A note that cannot be written costs a signal that comes twice after a restart, nothing more.
    async fn remember(&self, signal: Signal) -> Option<Told> {
        let told = Told { date: ist::date(self.time.now()), signal };
        let notes = TOLD.set(&told).into_iter().collect();
        if let Err(error) = self.store.commit(Change { notes, ..Change::default() }).await {
            tracing::error!(event = "store.failed", actor = "heartbeat", "{error}");
        }
        Some(told)
    }
}
