//! Where counting happens: between the actors and the ports they speak to. What an actor does is not changed by
//! it, and an event is counted exactly when it is on disk.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;
use keeper_domain::{
    alert::{Alert, Channel, Outgoing, SendError, Severity},
    event::{Event, Recorded},
    keys::StoredKey,
    order_journal::{OpenIntents, OrderEntry, SentRequest},
    ports::{
        AlertTotals, Change, ChangeStore, JournalStore, KeyStore, Messenger, MockJournalStore, MockPage,
        MockStart, NoteStore, OrderJournalStore, OutboxStore, SessionStore, Store, StoreError, TickRecord,
        TickStore, TradingStore,
    },
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};

use mock_exchange::KeptPrice;

use crate::disk::DiskLog;
use crate::http::{
    journal_signal::JournalSignal,
    metrics::{outcome::AlertOutcome, registry::Metrics},
};

/// The severities of alerts that wait, by number: a muted alert is sent as a quieter one.
type Severities = Arc<Mutex<HashMap<i64, Severity>>>;

/// A store that counts what is journalled, and tells those who follow the journal.
pub struct WatchedStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    feed: JournalSignal,
    severities: Severities,
    channel: Channel,
    disk: Arc<DiskLog>,
}

impl WatchedStore {
    /// Watches this store; the log hears whether changes can be written.
    pub fn new(
        inner: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        feed: JournalSignal,
        disk: Arc<DiskLog>,
    ) -> Self {
        Self { inner, metrics, feed, severities: Severities::default(), channel: Channel::Chat, disk }
    }

    /// The same, whose outbox is another channel's.
    #[must_use]
    pub fn of_channel(self, channel: Channel) -> Self {
        Self { channel, ..self }
    }

    fn saw(&self, events: &[Event]) {
        events.iter().for_each(|event| self.metrics.note(event));
        if events.iter().any(|event| matches!(event, Event::KeeperStopping { .. })) {
            self.feed.close();
        } else if !events.is_empty() {
            self.feed.grew();
        }
    }
}

#[async_trait]
impl ChangeStore for WatchedStore {
    // Not an `async fn`, which would begin only when it is polled: the change is queued when this returns.
    fn commit<'a: 'f, 'f>(&'a self, change: Change) -> BoxFuture<'f, Result<(), StoreError>> {
        let events: Vec<Event> = change.events.iter().map(|(_, event)| event.clone()).collect();
        let stored = self.inner.commit(change);
        Box::pin(async move {
            let stored = stored.await;
            self.disk.note(&stored);
            stored.map(|()| self.saw(&events))
        })
    }

    async fn settled(&self) {
        self.inner.settled().await;
    }

    async fn has_room(&self) -> Result<(), StoreError> {
        self.inner.has_room().await
    }

    async fn trim(&self) -> Result<bool, StoreError> {
        self.inner.trim().await
    }
}

#[async_trait]
impl OutboxStore for WatchedStore {
    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError> {
        let severities: Vec<Severity> = new.iter().map(|alert| alert.severity).collect();
        self.inner.queue_alerts(read_to, new, merged).await?;
        for severity in severities {
            self.metrics.alert(self.channel, severity, AlertOutcome::Queued);
        }
        Ok(())
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        let waiting = self.inner.waiting_alerts().await?;
        let known = waiting.iter().map(|alert| (alert.id, alert.severity)).collect();
        *self.severities.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(waiting)
    }

    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        self.inner.unread_events(limit).await
    }

    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.inner.alert_sent(id, at).await
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        self.inner.alert_failed(id).await
    }

    async fn is_halted(&self) -> Result<bool, StoreError> {
        self.inner.is_halted().await
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        self.inner.alert_totals().await
    }
}

#[async_trait]
impl SessionStore for WatchedStore {
    async fn session(&self) -> Result<StoredSession, StoreError> {
        self.inner.session().await
    }
}

#[async_trait]
impl TickStore for WatchedStore {
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        self.inner.last_tick().await
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        self.inner.tick_dates().await
    }
}

#[async_trait]
impl JournalStore for WatchedStore {
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        self.inner.recent_events(limit).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        self.inner.events_after(id, limit).await
    }

    async fn morning_events(&self) -> Result<Vec<Recorded>, StoreError> {
        self.inner.morning_events().await
    }
}

#[async_trait]
impl MockJournalStore for WatchedStore {
    async fn mock_prices(&self) -> Result<Vec<KeptPrice>, StoreError> {
        self.inner.mock_prices().await
    }

    async fn mock_start(&self) -> Result<Option<MockStart>, StoreError> {
        self.inner.mock_start().await
    }

    async fn mock_records(&self, after: i64, limit: u32) -> Result<MockPage, StoreError> {
        self.inner.mock_records(after, limit).await
    }
}

#[async_trait]
impl OrderJournalStore for WatchedStore {
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
        self.inner.orders_before(before, limit).await
    }
}

#[async_trait]
impl TradingStore for WatchedStore {
    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        self.inner.live_positions().await
    }

    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        self.inner.open_intents().await
    }

    async fn intents_after(&self, id: i64, since: DateTime<Utc>) -> Result<Vec<SentRequest>, StoreError> {
        self.inner.intents_after(id, since).await
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        self.inner.halted().await
    }
}

#[async_trait]
impl KeyStore for WatchedStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.inner.keys().await
    }
}

#[async_trait]
impl NoteStore for WatchedStore {
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.inner.note_text(name).await
    }

    fn note_is_unreadable(&self, name: &'static str) {
        self.inner.note_is_unreadable(name);
    }
}

/// A messenger whose deliveries are counted.
pub struct CountedMessenger {
    inner: Arc<dyn Messenger>,
    metrics: Arc<Metrics>,
    severities: Severities,
    channel: Channel,
}

impl CountedMessenger {
    /// Counts what goes through this messenger, out of this store's outbox.
    pub fn new(inner: Arc<dyn Messenger>, metrics: Arc<Metrics>, store: &WatchedStore) -> Self {
        Self { inner, metrics, severities: Arc::clone(&store.severities), channel: store.channel }
    }

    fn severity(&self, message: &Outgoing) -> Severity {
        let known = self.severities.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&message.id).copied().unwrap_or(message.severity)
    }
}

#[async_trait]
impl Messenger for CountedMessenger {
    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        let severity = self.severity(message);
        let sent = self.inner.send(message).await;
        let outcome = if sent.is_ok() { AlertOutcome::Sent } else { AlertOutcome::Failed };
        self.metrics.alert(self.channel, severity, outcome);
        sent
    }

    fn channel(&self) -> &'static str {
        self.inner.channel()
    }

    fn is_paced(&self) -> bool {
        self.inner.is_paced()
    }

    fn can_be_muted(&self) -> bool {
        self.inner.can_be_muted()
    }
}
