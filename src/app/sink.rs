//! Deaths of actors go into the journal like everything else, and from there to the phone.

use keeper_actors::event_log::LogEvent;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use keeper_actors::{notifier::messages::JournalGrew, recipient_cell::RecipientCell, supervisor::CrashSink};
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
type Entry = (DateTime<Utc>, Event);

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

    /// Notes an event of somebody who must not wait.
    pub(super) fn report(&self, source: &'static str, event: Event) {
        event.log(source);
        self.waiting.send_modify(|waiting| *waiting += 1);
        // The writer lives as long as the sink does.
        let _closed = self.entries.send((self.time.now(), event));
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
            let mut events = Vec::new();
            while unwritten.recv_many(&mut events, 100).await > 0 {
                while let Err(error) =
                    sink.store.commit(Change { events: events.clone(), ..Change::default() }).await
                {
                    tracing::error!(event = "store.failed", actor = "supervisor", "{error}");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
                sink.waiting.send_modify(|waiting| *waiting -= events.len());
                events.clear();
                sink.journal.say(JournalGrew);
            }
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
