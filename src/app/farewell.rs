//! The last words of a keeper: in the journal, and on the phone where no other keeper says them.

use std::{sync::Arc, time::Duration};

use actix::{Actor, Addr};
use keeper_actors::{
    journal,
    notifier::{
        actor::{NotifierActor, Ports},
        messages::{Flush, JournalGrew, SayLastWord, StopSending},
    },
    recipient_cell::RecipientCell,
};
use keeper_domain::{
    event::Event,
    ports::{Change, Messenger, NoteStore, OutboxStore, Store, Time},
};
use tokio::time::timeout;

use crate::app::{Keeper, SETTLE_LIMIT};

/// How long the last of several keepers goes on telling: what the other one has left is told before, at one message a
/// second.
pub(super) const LAST_FLUSH_LIMIT: Duration = Duration::from_secs(4);

/// How long the last word alone may take: the gap after the message before it, and its own way.
const LAST_WORD_LIMIT: Duration = Duration::from_millis(2_500);

/// How a keeper stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// Another one acts in its place.
    pub(super) handed_over: bool,
    /// It goes on as the one that stands by.
    pub(super) stands_by: bool,
}

/// Nobody acts afterwards.
pub(super) const ALONE: Stop = Stop { handed_over: false, stands_by: false };

/// Writes it down.
pub(super) async fn say_goodbye(
    store: &dyn Store,
    time: &dyn Time,
    Stop { handed_over, stands_by }: Stop,
    journal: &RecipientCell<JournalGrew>,
) {
    let events = vec![(time.now(), Event::KeeperStopping { handed_over, stands_by })];
    let change = Change { events, ..Change::default() };
    if let Err(error) = journal::commit(store, change, "keeper", journal).await {
        tracing::error!(event = "store.failed", "{error}");
    }
}

/// Delivers what waits, for a bounded time. If that does not do, the last word goes before the others, which wait for the
/// next start: nobody is told hours later that bots get no answer, or not told meanwhile.
pub(super) async fn flush(notifier: &Addr<NotifierActor>, limit: Duration) {
    let all = timeout(limit, notifier.send(Flush)).await;
    if !matches!(all, Ok(Ok(view)) if view.waiting == 0) {
        let _late = timeout(LAST_WORD_LIMIT, notifier.send(SayLastWord)).await;
    }
}

impl Keeper {
    /// Nobody has taken the place that this keeper has let go: it tells of its end by itself, on a store of its own with an
    /// outbox for each channel. Its actors have ended by now.
    pub async fn tell_of_the_end(&self, store: Arc<dyn Store>, outboxes: Vec<Arc<dyn Store>>) {
        say_goodbye(store.as_ref(), self.time.as_ref(), ALONE, &RecipientCell::new()).await;
        let notes = store as Arc<dyn NoteStore>;
        let channels = self.messengers.iter().zip(outboxes);
        let telling = channels.map(|(messenger, outbox)| self.deliver(messenger, outbox, &notes));
        futures_util::future::join_all(telling).await;
    }

    async fn deliver(
        &self,
        messenger: &Arc<dyn Messenger>,
        outbox: Arc<dyn Store>,
        notes: &Arc<dyn NoteStore>,
    ) {
        let ports = Ports {
            store: outbox as Arc<dyn OutboxStore>,
            notes: Arc::clone(notes),
            messenger: Arc::clone(messenger),
            time: Arc::clone(&self.time),
        };
        let notifier = NotifierActor::new(ports, self.texts.clone()).start();
        flush(&notifier, LAST_FLUSH_LIMIT).await;
        let _later = timeout(SETTLE_LIMIT, notifier.send(StopSending)).await;
    }
}
