//! The real store, for which virtual time waits.
//!
//! Reads that every look of the keeper repeats are answered from memory while nothing has been changed since: all changes come
//! this way.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;
use fyers_keeper::store::SqliteStore;
use keeper_domain::{
    alert::{Alert, Outgoing},
    event::Recorded,
    keys::StoredKey,
    order_journal::{OpenIntents, OrderEntry, SentRequest},
    ports::{
        AlertTotals, Change, ChangeStore, JournalStore, KeyStore, MockJournalStore, MockPage, MockStart,
        NoteStore, OrderJournalStore, OutboxStore, SessionStore, StoreError, TickRecord, TickStore,
        TradingStore,
    },
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};
use mock_exchange::KeptPrice;

use crate::clock::Idle;

/// How often the store was changed, and what was read since.
#[derive(Default)]
struct Memory {
    changes: AtomicU64,
    /// A change was not waited for: nobody knows when it is made.
    is_off: AtomicBool,
    halted: Known<bool>,
    last_tick: Known<Option<TickRecord>>,
    notes: Mutex<HashMap<&'static str, (u64, Option<String>)>>,
    /// There is nothing unread.
    all_read: Known<()>,
}

/// What was read, and after which change.
struct Known<T>(Mutex<Option<(u64, T)>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Known<T> {
    fn at(&self, change: Option<u64>) -> Option<T> {
        let known = self.0.lock().unwrap();
        known.as_ref().filter(|(at, _)| Some(*at) == change).map(|(_, value)| value.clone())
    }

    fn learn(&self, change: Option<u64>, value: T) {
        *self.0.lock().unwrap() = change.map(|at| (at, value));
    }
}

/// A change is being made.
struct Changing {
    memory: Arc<Memory>,
    is_made: bool,
}

impl Changing {
    fn begin(memory: &Arc<Memory>) -> Self {
        memory.changes.fetch_add(1, Ordering::SeqCst);
        Self { memory: Arc::clone(memory), is_made: false }
    }

    fn end(mut self) {
        self.is_made = true;
    }
}

impl Drop for Changing {
    fn drop(&mut self) {
        self.memory.changes.fetch_add(1, Ordering::SeqCst);
        if !self.is_made {
            self.memory.is_off.store(true, Ordering::SeqCst);
        }
    }
}

pub(crate) struct HeldStore {
    inner: SqliteStore,
    idle: Arc<Idle>,
    memory: Arc<Memory>,
}

impl HeldStore {
    pub(crate) fn new(inner: SqliteStore, idle: &Arc<Idle>) -> Self {
        Self { inner, idle: Arc::clone(idle), memory: Arc::default() }
    }

    async fn held<T>(&self, work: impl Future<Output = T>) -> T {
        let _work = self.idle.work();
        work.await
    }

    async fn changed<T>(&self, work: impl Future<Output = T>) -> T {
        let changing = Changing::begin(&self.memory);
        let outcome = self.held(work).await;
        changing.end();
        outcome
    }

    /// The last change, unless one may be made that nobody waits for.
    fn change(&self) -> Option<u64> {
        let is_known = !self.memory.is_off.load(Ordering::SeqCst);
        is_known.then(|| self.memory.changes.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl ChangeStore for HeldStore {
    // The change is queued when this returns.
    fn commit<'a: 'f, 'f>(&'a self, change: Change) -> BoxFuture<'f, Result<(), StoreError>> {
        let (work, changing) = (self.idle.work(), Changing::begin(&self.memory));
        let made = self.inner.commit(change);
        Box::pin(async move {
            let made = made.await;
            changing.end();
            drop(work);
            made
        })
    }

    async fn settled(&self) {
        self.held(self.inner.settled()).await;
    }

    async fn has_room(&self) -> Result<(), StoreError> {
        self.held(self.inner.has_room()).await
    }

    async fn trim(&self) -> Result<bool, StoreError> {
        self.changed(self.inner.trim()).await
    }
}

#[async_trait]
impl SessionStore for HeldStore {
    async fn session(&self) -> Result<StoredSession, StoreError> {
        self.held(self.inner.session()).await
    }
}

#[async_trait]
impl TickStore for HeldStore {
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        let change = self.change();
        if let Some(tick) = self.memory.last_tick.at(change) {
            return Ok(tick);
        }
        let tick = self.held(self.inner.last_tick()).await?;
        self.memory.last_tick.learn(change, tick);
        Ok(tick)
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        self.held(self.inner.tick_dates()).await
    }
}

#[async_trait]
impl JournalStore for HeldStore {
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        self.held(self.inner.recent_events(limit)).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        self.held(self.inner.events_after(id, limit)).await
    }

    async fn morning_events(&self) -> Result<Vec<Recorded>, StoreError> {
        self.held(self.inner.morning_events()).await
    }
}

#[async_trait]
impl OutboxStore for HeldStore {
    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let change = self.change();
        if self.memory.all_read.at(change).is_some() {
            return Ok(vec![]);
        }
        let unread = self.held(self.inner.unread_events(limit)).await?;
        if unread.is_empty() {
            self.memory.all_read.learn(change, ());
        }
        Ok(unread)
    }

    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError> {
        self.changed(self.inner.queue_alerts(read_to, new, merged)).await
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        self.held(self.inner.waiting_alerts()).await
    }

    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.changed(self.inner.alert_sent(id, at)).await
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        self.changed(self.inner.alert_failed(id)).await
    }

    async fn is_halted(&self) -> Result<bool, StoreError> {
        self.held(self.inner.is_halted()).await
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        self.held(self.inner.alert_totals()).await
    }
}

#[async_trait]
impl MockJournalStore for HeldStore {
    async fn mock_start(&self) -> Result<Option<MockStart>, StoreError> {
        self.held(self.inner.mock_start()).await
    }

    async fn mock_records(&self, after: i64, limit: u32) -> Result<MockPage, StoreError> {
        self.held(self.inner.mock_records(after, limit)).await
    }

    async fn mock_prices(&self) -> Result<Vec<KeptPrice>, StoreError> {
        self.held(self.inner.mock_prices()).await
    }
}

#[async_trait]
impl OrderJournalStore for HeldStore {
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
        self.held(self.inner.orders_before(before, limit)).await
    }
}

#[async_trait]
impl TradingStore for HeldStore {
    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        self.held(self.inner.live_positions()).await
    }

    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        self.held(self.inner.open_intents()).await
    }

    async fn intents_after(&self, id: i64, since: DateTime<Utc>) -> Result<Vec<SentRequest>, StoreError> {
        self.held(self.inner.intents_after(id, since)).await
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        let change = self.change();
        if let Some(halted) = self.memory.halted.at(change) {
            return Ok(halted);
        }
        let halted = self.held(self.inner.halted()).await?;
        self.memory.halted.learn(change, halted);
        Ok(halted)
    }
}

#[async_trait]
impl KeyStore for HeldStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.held(self.inner.keys()).await
    }
}

#[async_trait]
impl NoteStore for HeldStore {
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        let change = self.change();
        let known = self.memory.notes.lock().unwrap().get(name).cloned();
        if let Some((_, text)) = known.filter(|(at, _)| Some(*at) == change) {
            return Ok(text);
        }
        let text = self.held(self.inner.note_text(name)).await?;
        if let Some(at) = change {
            self.memory.notes.lock().unwrap().insert(name, (at, text.clone()));
        }
        Ok(text)
    }

    fn note_is_unreadable(&self, name: &'static str) {
        self.inner.note_is_unreadable(name);
    }
}
