//! Deaths of actors go into the journal like everything else, and from there to the phone.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use keeper_actors::{
    journal, notifier::messages::JournalGrew, recipient_cell::RecipientCell, supervisor::CrashSink,
};
use keeper_domain::{
    event::{Death, Event},
    ports::{Change, Store, Time},
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use crate::app::Parts;

/// What a write takes at most before the next one is due: crashes that come faster are written together.
type Entry = (&'static str, DateTime<Utc>, Event);

/// Takes reports without waiting and writes them one transaction after the other.
pub(super) struct JournalSink {
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    journal: RecipientCell<JournalGrew>,
    entries: UnboundedSender<Entry>,
    unwritten: Mutex<Option<UnboundedReceiver<Entry>>>,
    /// How many entries are not on disk yet.
    waiting: watch::Sender<usize>,
}

impl JournalSink {
    pub(super) fn new(parts: &Parts, journal: RecipientCell<JournalGrew>) -> Self {
        let (entries, unwritten) = unbounded_channel();
        Self {
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            journal,
            entries,
            unwritten: Mutex::new(Some(unwritten)),
            waiting: watch::Sender::new(0),
        }
    }

    /// Notes an event of somebody who must not wait. It is logged once it is on disk.
    pub(super) fn report(&self, source: &'static str, event: Event) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        // The writer lives as long as the sink does.
        let _closed = self.entries.send((source, self.time.now(), event));
    }

    /// Returns when all that was reported so far is on disk.
    pub(super) async fn written(&self) {
        // The sender is a part of this sink, so it cannot be gone.
        let mut waiting = self.waiting.subscribe();
        let _written = waiting.wait_for(|waiting| *waiting == 0).await;
    }

    /// The task that writes. A store that fails keeps the entries waiting: they are tried again.
    pub(super) fn writer(self: &Arc<Self>) -> impl Future<Output = ()> + 'static {
        let sink = Arc::clone(self);
        let unwritten = sink.unwritten.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            let Some(mut unwritten) = unwritten else { return };
            let mut entries: Vec<Entry> = Vec::new();
            while unwritten.recv_many(&mut entries, 100).await > 0 {
                for of_one_source in entries.chunk_by(|(one, ..), (other, ..)| one == other) {
                    sink.write(of_one_source).await;
                }
                sink.waiting.send_modify(|waiting| *waiting -= entries.len());
                entries.clear();
            }
        }
    }

    async fn write(&self, entries: &[Entry]) {
        let Some((source, ..)) = entries.first() else { return };
        let events = entries.iter().map(|(_, at, event)| (*at, event.clone())).collect();
        let change = Change { events, ..Change::default() };
        while let Err(error) =
            journal::commit(self.store.as_ref(), change.clone(), source, &self.journal).await
        {
            tracing::error!(event = "store.failed", actor = source, "{error}");
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

impl CrashSink for JournalSink {
    fn crashed(&self, actor: &'static str, death: Death) {
        self.report("supervisor", Event::ActorCrashed { actor: actor.to_owned(), death });
    }

    fn restarted(&self, actor: &'static str, restarts: u64) {
        self.report("supervisor", Event::ActorRestarted { actor: actor.to_owned(), restarts });
    }

    fn gave_up(&self, actor: &'static str) {
        self.report("supervisor", Event::ActorGaveUp { actor: actor.to_owned() });
    }
}
