//! A disk that fails: what waits in the outbox cannot say so, so it is told by the direct path, once; and again when the
//! disk works. Meanwhile the disk is tried, so that it is known when that is.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use keeper_domain::{
    alert::{Outgoing, Severity},
    alerts::texts::{disk_fails, disk_works},
    notes::DISK_TRIED,
    ports::{Change, Messenger, Store, Time},
};

use crate::{app::Parts, disk::DiskLog};

/// Time between two looks, and between two tries of a disk that fails.
const LOOK: Duration = Duration::from_secs(1);
/// A lock that another program holds for a moment is no news.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait for a messenger.
const LIMIT: Duration = Duration::from_secs(10);

/// Who tries, and who is told.
pub(super) struct DiskWatch {
    log: Arc<DiskLog>,
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    messengers: Vec<Arc<dyn Messenger>>,
}

impl DiskWatch {
    pub(super) fn new(parts: &Parts, log: &Arc<DiskLog>) -> Self {
        let webhook = parts.webhook.as_ref().map(|webhook| Arc::clone(&webhook.messenger));
        Self {
            log: Arc::clone(log),
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            messengers: std::iter::once(Arc::clone(&parts.messenger)).chain(webhook).collect(),
        }
    }

    /// As long as the keeper runs.
    pub(super) async fn run(self) {
        // By channel: one that is out of reach now is told later, if it is still true.
        let mut told = vec![false; self.messengers.len()];
        loop {
            tokio::time::sleep(LOOK).await;
            let failing = self.log.failing();
            let text = match &failing {
                Some((age, _)) if *age < PATIENCE => None,
                Some((_, problem)) => Some(disk_fails(problem)),
                None => Some(disk_works()),
            };
            if let Some((severity, text)) = text {
                self.tell(&mut told, failing.is_some(), severity, &text).await;
            }
            if failing.is_some() {
                self.try_it().await;
            }
        }
    }

    async fn tell(&self, told: &mut [bool], wanted: bool, severity: Severity, text: &str) {
        for (messenger, told) in self.messengers.iter().zip(told) {
            if *told == wanted {
                continue;
            }
            let alert = urgent("store.failed", severity, text, self.time.now());
            if let Ok(Ok(())) = tokio::time::timeout(LIMIT, messenger.send(&alert)).await {
                *told = wanted;
            }
        }
    }

    async fn try_it(&self) {
        let notes = DISK_TRIED.set(&self.time.now()).into_iter().collect();
        let noted = self.store.commit(Change { notes, ..Change::default() }).await;
        if noted.is_ok() && self.log.needs_room() {
            self.log.looked_for_room(&self.store.has_room().await);
        }
    }
}

/// An alert that goes past the outbox.
pub(super) fn urgent(event: &str, severity: Severity, text: &str, now: DateTime<Utc>) -> Outgoing {
    Outgoing {
        id: 0,
        event_id: 0,
        event: event.to_owned(),
        at: now,
        last_at: now,
        count: 1,
        severity,
        key: String::new(),
        text: text.to_owned(),
        items: vec![],
        attempts: 0,
    }
}
