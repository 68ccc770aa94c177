//! Deaths of actors go into the journal like everything else, and from there to the phone.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

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

use crate::{app::Parts, disk::DiskLog};

/// What a write takes at most before the next one is due: crashes that come faster are written together.
type Entry = (&'static str, DateTime<Utc>, Event);

/// A part that ends itself so soon after the store has failed does it because it cannot read its state.
const OF_THE_STORE: Duration = Duration::from_secs(10);

/// Takes reports without waiting and writes them one transaction after the other.
pub(super) struct JournalSink {
    store: Arc<dyn Store>,
    time: Arc<dyn Time>,
    journal: RecipientCell<JournalGrew>,
    entries: UnboundedSender<Entry>,
    unwritten: Mutex<Option<UnboundedReceiver<Entry>>>,
    /// How many entries are not on disk yet.
    waiting: watch::Sender<usize>,
    disk: Arc<DiskLog>,
    /// Parts that begin again because the store fails: that is told by itself, and they have no fault.
    of_the_store: Mutex<BTreeSet<&'static str>>,
}

impl JournalSink {
    pub(super) fn new(parts: &Parts, journal: RecipientCell<JournalGrew>, disk: &Arc<DiskLog>) -> Self {
        let (entries, unwritten) = unbounded_channel();
        Self {
            store: Arc::clone(&parts.store),
            time: Arc::clone(&parts.time),
            journal,
            entries,
            unwritten: Mutex::new(Some(unwritten)),
            waiting: watch::Sender::new(0),
            disk: Arc::clone(disk),
            of_the_store: Mutex::default(),
        }
    }

    /// Notes an event of somebody who must not wait. It is logged once it is on disk.
    pub(super) fn report(&self, source: &'static str, event: Event) {
        self.waiting.send_modify(|waiting| *waiting += 1);
        // The writer lives as long as the sink does.
        let _closed = self.entries.send((source, self.time.now(), event));
    }

    /// Whether this death is one of the store's, which begins a life that waits for the store.
    fn is_of_the_store(&self, actor: &'static str, death: Death) -> bool {
        let is_its = death == Death::Stop && self.disk.has_failed_within(OF_THE_STORE);
        let mut of_the_store = self.of_the_store.lock().unwrap_or_else(PoisonError::into_inner);
        if is_its {
            of_the_store.insert(actor)
        } else {
            of_the_store.remove(actor)
        };
        is_its
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
        if self.is_of_the_store(actor, death) {
            tracing::warn!(
                event = "store.failed",
                actor,
                "the keeper's part {actor} begins again: it could not read its state"
            );
            return;
        }
        self.report("supervisor", Event::ActorCrashed { actor: actor.to_owned(), death });
    }

    fn restarted(&self, actor: &'static str, restarts: u64) {
        if self.of_the_store.lock().unwrap_or_else(PoisonError::into_inner).remove(actor) {
            return;
        }
        self.report("supervisor", Event::ActorRestarted { actor: actor.to_owned(), restarts });
    }

    fn gave_up(&self, actor: &'static str) {
        self.report("supervisor", Event::ActorGaveUp { actor: actor.to_owned() });
    }
}
