//! A disk that fails: what waits in the outbox cannot say so, so it is told by the direct path, once; and again when the
//! disk works. Meanwhile the disk is tried, so that it is known when that is. A token that is lost meanwhile is told by the
//! same way.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use keeper_actors::exchange::reads::SharedSnapshot;
use keeper_domain::{
    alert::{Outgoing, Severity},
    alerts::texts::{disk_fails, disk_works, lost_beside_disk},
    mode::Mode,
    notes::DISK_TRIED,
    ports::{Change, Messenger, Store, Time},
    routing::route::Snapshot,
};

use crate::{
    app::{Actors, Parts},
    disk::DiskLog,
};

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
    snapshot: SharedSnapshot,
}

/// What is told, and who was told of it. By channel: one that is out of reach now is told later, if it is still true.
struct Notice {
    event: &'static str,
    told: Vec<bool>,
    /// Whether it is true, as last told, and since when: a second try is the same alert.
    wanted: bool,
    at: DateTime<Utc>,
}

impl DiskWatch {
    pub(super) fn new(parts: &Parts, log: &Arc<DiskLog>, actors: &Actors) -> Self {
        let webhook = parts.webhook.as_ref().map(|webhook| Arc::clone(&webhook.messenger));
        Self {
            log: Arc::clone(log),
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            messengers: std::iter::once(Arc::clone(&parts.messenger)).chain(webhook).collect(),
            snapshot: Arc::clone(&actors.router.snapshot),
        }
    }

    /// As long as the keeper runs.
    pub(super) async fn run(self) {
        let (mut disk, mut loss) = (self.notice("store.failed"), self.notice("exchange.switched"));
        let mut had_token = false;
        loop {
            tokio::time::sleep(LOOK).await;
            let failing = self.log.failing();
            self.tell_of_disk(&mut disk, failing.as_ref()).await;
            let now = self.snapshot.load_full();
            let (is_told, has_token) = (disk.wanted, now.mode != Mode::Mock);
            if failing.is_none() {
                // From now on the outbox tells.
                loss = self.notice(loss.event);
            } else if is_told && had_token && !has_token {
                self.tell(&mut loss, true, lost(&now)).await;
            }
            // One that was lost before is told of already.
            had_token = has_token || (had_token && failing.is_some());
            if failing.is_some() {
                self.try_it().await;
            }
        }
    }

    fn notice(&self, event: &'static str) -> Notice {
        Notice { event, told: vec![false; self.messengers.len()], wanted: false, at: self.time.now() }
    }

    async fn tell_of_disk(&self, notice: &mut Notice, failing: Option<&(Duration, String)>) {
        let text = match failing {
            Some((age, _)) if *age < PATIENCE => return,
            Some((_, problem)) => disk_fails(problem),
            None => disk_works(),
        };
        self.tell(notice, failing.is_some(), text).await;
    }

    async fn tell(&self, notice: &mut Notice, wanted: bool, (severity, text): (Severity, String)) {
        if std::mem::replace(&mut notice.wanted, wanted) != wanted {
            notice.at = self.time.now();
        }
        for (messenger, told) in self.messengers.iter().zip(&mut notice.told) {
            if *told == wanted {
                continue;
            }
            let alert = urgent(notice.event, severity, &text, notice.at);
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

/// The loss of the token, with what is open at FYERS.
fn lost(now: &Snapshot) -> (Severity, String) {
    let open = now.live.with_sent(&now.sent).open();
    lost_beside_disk(now.reason, open.as_deref(), now.sandbox)
}

/// An alert that goes past the outbox. Its number is its time: whoever drops what came before with the same one drops no other.
pub(super) fn urgent(event: &str, severity: Severity, text: &str, at: DateTime<Utc>) -> Outgoing {
    Outgoing {
        id: at.timestamp_millis(),
        event_id: 0,
        event: event.to_owned(),
        at,
        last_at: at,
        count: 1,
        severity,
        key: String::new(),
        text: text.to_owned(),
        items: vec![],
        attempts: 0,
    }
}
