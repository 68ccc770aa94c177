//! Stand-ins for the world, for the actors' own tests: a store in memory and a time that tokio's paused clock
//! drives.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::sync::oneshot;

use keeper_domain::{
    alert::{Alert, Outgoing},
    event::{Event, Recorded},
    keys::StoredKey,
    order_journal::{IntentOutcome, OpenIntents, OrderEntry, OrderIntent, SentRequest},
    ports::{
        AlertTotals, Change, ChangeStore, JournalStore, KeyStore, MockJournalStore, MockPage, MockStart,
        NoteStore, OrderJournalStore, OutboxStore, SessionStore, StoreError, StoreErrorKind, TickRecord,
        TickStore, Time, TradingStore,
    },
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};
use mock_exchange::{KeptPrice, Record};

/// Wall clock and waiting on tokio's (paused) clock.
pub(crate) struct PausedTime {
    start: DateTime<Utc>,
    began: tokio::time::Instant,
}

impl PausedTime {
    /// Shows this Indian time now.
    pub(crate) fn at(text: &str) -> Arc<Self> {
        let start = DateTime::parse_from_rfc3339(&format!("{text}:00+05:30")).unwrap().to_utc();
        Arc::new(Self { start, began: tokio::time::Instant::now() })
    }
}

#[async_trait]
impl Time for PausedTime {
    fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::from_std(self.began.elapsed()).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// What the store holds.
#[derive(Default)]
pub(crate) struct Shelf {
    pub(crate) session: StoredSession,
    pub(crate) ticks: Vec<TickRecord>,
    pub(crate) mock_records: Vec<Record>,
    pub(crate) mock_start: Option<MockStart>,
    pub(crate) mock_prices: BTreeMap<String, KeptPrice>,
    pub(crate) orders: Vec<OrderEntry>,
    pub(crate) intents: Vec<OrderIntent>,
    pub(crate) outcomes: Vec<(i64, IntentOutcome)>,
    pub(crate) live_positions: LivePositions,
    pub(crate) halted: bool,
    /// JSON by name.
    pub(crate) notes: BTreeMap<&'static str, String>,
    pub(crate) journal: Vec<Recorded>,
}

/// A store in memory. Alerts are not its business.
#[derive(Default)]
pub(crate) struct MemoryStore {
    pub(crate) shelf: Mutex<Shelf>,
    /// What goes wrong with the next commits.
    pub(crate) fault: Mutex<VecDeque<Fault>>,
    /// While it is held, changes wait here.
    held: Mutex<Option<VecDeque<Held>>>,
}

/// A change that waits, and who is told what came of it.
type Held = (Change, oneshot::Sender<Result<(), StoreError>>);

/// What goes wrong with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing goes wrong.
    Pass,
    /// It fails, and nothing of it is kept.
    Refuse,
    /// It is kept, and who asked for it dies before they hear so.
    DieAfter,
}

impl Shelf {
    pub(crate) fn note(&self, name: &str) -> Option<serde_json::Value> {
        self.notes.get(name).map(|json| serde_json::from_str(json).unwrap())
    }
}

impl MemoryStore {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.shelf.lock().unwrap().journal.iter().map(|entry| entry.event.clone()).collect()
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events().iter().filter(|event| wanted(event)).count()
    }

    /// From now on changes wait.
    pub(crate) fn hold(&self) {
        *self.held.lock().unwrap() = Some(VecDeque::new());
    }

    fn waits(&self) -> bool {
        self.held.lock().unwrap().is_some()
    }

    /// How many changes wait.
    pub(crate) fn waiting(&self) -> usize {
        self.held.lock().unwrap().as_ref().map_or(0, VecDeque::len)
    }

    /// Makes the first of those that wait, in their order, and then tells.
    pub(crate) fn make_held(&self, number: usize) {
        let first: Vec<Held> = self.held.lock().unwrap().as_mut().unwrap().drain(..number).collect();
        let made: Vec<_> = first.into_iter().map(|(change, tell)| (self.make(change), tell)).collect();
        made.into_iter().for_each(|(made, tell)| drop(tell.send(made)));
    }

    /// Makes all that waits; from now on nothing does.
    pub(crate) fn let_go(&self) {
        self.make_held(self.waiting());
        *self.held.lock().unwrap() = None;
    }

    fn make(&self, change: Change) -> Result<(), StoreError> {
        if let Some(behind) = change.line.as_ref().and_then(|line| line.refusal("committed")) {
            return Err(behind);
        }
        let fault = self.fault.lock().unwrap().pop_front();
        if fault == Some(Fault::Refuse) {
            if let Some(line) = &change.line {
                line.break_off(StoreErrorKind::Full);
            }
            return Err(StoreError::of(StoreErrorKind::Full, "committed"));
        }
        let mut shelf = self.shelf.lock().unwrap();
        if let Some(session) = change.session {
            shelf.session = session;
        }
        if let Some(tick) = change.tick {
            shelf.ticks.retain(|known| known.date != tick.date);
            shelf.ticks.push(tick);
        }
        shelf.mock_records.extend(change.mock_records);
        if let Some(snapshot) = change.mock_snapshot {
            let opening = Record::DayOpened { date: snapshot.day };
            let after = shelf.mock_records.iter().rposition(|record| *record == opening).unwrap() as i64 + 1;
            shelf.mock_start = Some(MockStart { snapshot, after });
        }
        shelf.mock_prices.extend(change.mock_prices.into_iter().map(|price| (price.symbol.clone(), price)));
        for order in change.orders {
            let same = |old: &&mut OrderEntry| match (&old.unanswered, order.settles()) {
                (Some(old), Some(new)) => (old.intent, old.place) == (new.intent, new.place),
                _ => {
                    order.rejected.is_some()
                        && (old.at, &old.tag, &old.id) == (order.at, &order.tag, &order.id)
                }
            };
            match shelf.orders.iter_mut().find(same) {
                Some(old) => *old = order,
                None => shelf.orders.push(order),
            }
        }
        shelf.intents.extend(change.intents);
        shelf.outcomes.extend(change.outcomes);
        if let Some(positions) = change.live_positions {
            shelf.live_positions = positions;
        }
        shelf.halted = change.halted.unwrap_or(shelf.halted);
        shelf.notes.extend(change.notes.into_iter().map(|note| (note.name, note.json)));
        for (at, event) in change.events {
            let id = shelf.journal.len() as i64 + 1;
            shelf.journal.push(Recorded { id, at, event });
        }
        drop(shelf);
        assert!(fault != Some(Fault::DieAfter), "planned");
        Ok(())
    }
}

#[async_trait]
impl ChangeStore for MemoryStore {
    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        if self.waits() {
            self.held.lock().unwrap().as_mut().unwrap().push_back((change, tell));
            return told.await.unwrap();
        }
        self.make(change)
    }

    async fn settled(&self) {
        while self.waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn session(&self) -> Result<StoredSession, StoreError> {
        Ok(self.shelf.lock().unwrap().session.clone())
    }
}

#[async_trait]
impl TickStore for MemoryStore {
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        Ok(self.shelf.lock().unwrap().ticks.iter().max_by_key(|tick| tick.date).copied())
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        Ok(self.shelf.lock().unwrap().ticks.iter().map(|tick| tick.date).collect())
    }
}

#[async_trait]
impl JournalStore for MemoryStore {
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let shelf = self.shelf.lock().unwrap();
        Ok(shelf.journal.iter().rev().take(limit as usize).cloned().collect())
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn unread_events(&self, _: u32) -> Result<Vec<Recorded>, StoreError> {
        Ok(vec![])
    }

    async fn queue_alerts(&self, _: i64, _: Vec<Alert>, _: Vec<Outgoing>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        Ok(vec![])
    }

    async fn alert_sent(&self, _: i64, _: DateTime<Utc>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn alert_failed(&self, _: i64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        Ok(AlertTotals::default())
    }
}

#[async_trait]
impl MockJournalStore for MemoryStore {
    async fn mock_start(&self) -> Result<Option<MockStart>, StoreError> {
        Ok(self.shelf.lock().unwrap().mock_start.clone())
    }

    async fn mock_prices(&self) -> Result<Vec<KeptPrice>, StoreError> {
        Ok(self.shelf.lock().unwrap().mock_prices.values().cloned().collect())
    }

    async fn mock_records(&self, after: i64, limit: u32) -> Result<MockPage, StoreError> {
        let shelf = self.shelf.lock().unwrap();
        let rest = shelf.mock_records.iter().skip(after as usize).take(limit as usize);
        let records: Vec<Record> = rest.cloned().collect();
        let last = (!records.is_empty()).then_some(after + records.len() as i64);
        Ok(MockPage { records, last })
    }
}

#[async_trait]
impl OrderJournalStore for MemoryStore {
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
        let shelf = self.shelf.lock().unwrap();
        let numbered = shelf.orders.iter().enumerate().map(|(at, entry)| (at as i64 + 1, entry.clone()));
        let older = numbered.rev().filter(|(id, _)| before.is_none_or(|before| *id < before));
        Ok(older.take(limit as usize).collect())
    }
}

#[async_trait]
impl TradingStore for MemoryStore {
    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        let shelf = self.shelf.lock().unwrap();
        let settled = |intent: &OrderIntent| shelf.outcomes.iter().any(|(id, _)| *id == intent.id);
        let open = shelf.intents.iter().filter(|intent| !settled(intent)).cloned().collect();
        Ok(OpenIntents { last: shelf.intents.iter().map(|intent| intent.id).max().unwrap_or_default(), open })
    }

    async fn intents_after(&self, id: i64, since: DateTime<Utc>) -> Result<Vec<SentRequest>, StoreError> {
        let shelf = self.shelf.lock().unwrap();
        let outcome = |intent: &OrderIntent| shelf.outcomes.iter().rfind(|(id, _)| *id == intent.id);
        let later = shelf.intents.iter().filter(|intent| intent.id > id && intent.at >= since);
        Ok(later
            .map(|intent| (intent.clone(), outcome(intent).map(|(_, outcome)| outcome.clone())))
            .collect())
    }

    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        Ok(self.shelf.lock().unwrap().live_positions.clone())
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        Ok(self.shelf.lock().unwrap().halted)
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        Ok(vec![])
    }
}

#[async_trait]
impl NoteStore for MemoryStore {
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        Ok(self.shelf.lock().unwrap().notes.get(name).cloned())
    }
}
