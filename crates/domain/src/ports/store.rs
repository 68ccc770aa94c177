//! The keeper's memory, by owner: each actor is given the part that it needs. All of it is one database, so that one
//! [`Change`] is one transaction whatever parts it touches.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

pub use crate::note::NoteStore;
use crate::{
    alert::{Alert, Outgoing},
    event::{Event, Recorded},
    keys::{BotName, StoredKey},
    mornings,
    note::NoteChange,
    order_journal::{IntentOutcome, OpenIntents, OrderEntry, OrderIntent, SentRequest},
    ports::ChangeLine,
    routing::live_positions::LivePositions,
    session_state::StoredSession,
    store_error::StoreError,
};
use mock_exchange::{ExchangeSnapshot, KeptPrice, Record};

/// A daily tick on its way: written when it begins, closed when its outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TickRecord {
    /// The trading day (IST).
    pub date: NaiveDate,
    /// When the TokenActor took it on.
    pub begun_at: DateTime<Utc>,
    /// When its outcome was known: a good token, a login request, or the end of the day.
    pub done_at: Option<DateTime<Utc>>,
}

/// One atomic, durable change. Everything in it happens, or nothing does.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The whole session record, replaced.
    pub session: Option<StoredSession>,
    /// One tick, inserted or replaced by its date.
    pub tick: Option<TickRecord>,
    /// Appended to the MockExchange's journal in this order.
    pub mock_records: Vec<Record>,
    /// The MockExchange's account as it stood when the newest day in its journal opened, `mock_records` of this change
    /// included. A start reads nothing older, so what came before is removed in time.
    pub mock_snapshot: Option<ExchangeSnapshot>,
    /// Real prices, each in place of what was kept of its symbol.
    pub mock_prices: Vec<KeptPrice>,
    /// Appended to the order journal.
    pub orders: Vec<OrderEntry>,
    /// Orders that are about to leave for FYERS.
    pub intents: Vec<OrderIntent>,
    /// What came of intents, by their id.
    pub outcomes: Vec<(i64, IntentOutcome)>,
    /// What is known of the positions at FYERS, replaced.
    pub live_positions: Option<LivePositions>,
    /// Whether trading is halted.
    pub halted: Option<bool>,
    /// Keys of bots: added or replaced by their name, and removed.
    pub keys: Vec<KeyChange>,
    /// Small things remembered by name: the login card, the chat's cursor. Replaced.
    pub notes: Vec<NoteChange>,
    /// From here on the numbers of events and alerts are above this one: those below may have been given before, to what is not
    /// there any more.
    pub numbers_above: Option<i64>,
    /// Appended to the journal in this order.
    pub events: Vec<(DateTime<Utc>, Event)>,
    /// The changes that this one builds on; `None`: on none that may still fail.
    pub line: Option<ChangeLine>,
}

/// A change of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// Added, or put in place of the one of its name.
    Put(StoredKey),
    /// Removed.
    Remove(BotName),
}

/// Where all changes are made, and what keeps the memory small.
#[async_trait]
pub trait ChangeStore: Send + Sync {
    /// Makes one atomic change. `Ok` means: on disk.
    ///
    /// The change is queued when this is called, not when the future is polled: changes happen in the order of the
    /// calls. What is queued happens even if nobody waits for the answer. After an error the change is not on disk,
    /// except where the words say that this is not known; then it is there whole or not at all. Changes that wait in
    /// the queue when the disk fails are refused together with the one that failed, since they may build on it. For
    /// those that do, whatever fails and whenever they are queued, there is [`ChangeLine`].
    async fn commit(&self, change: Change) -> Result<(), StoreError>;

    /// Waits until all that was queued before is on disk, or refused.
    async fn settled(&self) {}

    /// Whether a change that takes new room on the disk could be made now. On one that is full a small change may still fit
    /// into room that is there, and tells nothing of the next one. Nothing is changed by it.
    async fn has_room(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes some of what no start and no reader needs any more: records before the last snapshots, events long
    /// consumed. True when there may be more. Each call is short, so that changes do not wait for it.
    async fn trim(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// The session and its credentials. Owned by the TokenActor.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// The session as last committed; the default when there is none.
    async fn session(&self) -> Result<StoredSession, StoreError>;
}

/// The daily ticks. Written by the TokenActor, read by the ClockActor.
#[async_trait]
pub trait TickStore: Send + Sync {
    /// The newest tick by date.
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError>;
    /// All dates for which there is a tick.
    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError>;
}

/// The journal of events.
#[async_trait]
pub trait JournalStore: Send + Sync {
    /// The newest journal events, newest first.
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError>;
    /// Journal events after this one, oldest first, `limit` at most.
    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let mut events = self.recent_events(u32::MAX).await?;
        events.retain(|recorded| recorded.id > id);
        events.reverse();
        events.truncate(limit as usize);
        Ok(events)
    }
    /// What mornings are made from ([`mornings::NAMES`]), of the last [`mornings::KEPT`] before the newest entry, oldest
    /// first. These outlast the rest of the journal.
    async fn morning_events(&self) -> Result<Vec<Recorded>, StoreError> {
        let mut events = self.recent_events(u32::MAX).await?;
        events.retain(|recorded| mornings::NAMES.contains(&recorded.event.name()));
        events.reverse();
        Ok(events)
    }
}

/// The outbox of alerts, and how far it has read the journal. Owned by the NotifierActor.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// Journal events after the one the outbox has consumed, oldest first, `limit` at most.
    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError>;
    /// In one transaction: remembers that events up to `read_to` are consumed, adds the new alerts, and
    /// replaces the waiting ones that were merged.
    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError>;
    /// Alerts not yet delivered, oldest first.
    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError>;
    /// Remembers that an alert was delivered.
    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// Remembers one more failed delivery.
    async fn alert_failed(&self, id: i64) -> Result<(), StoreError>;
    /// Whether trading is halted: alerts say what becomes of orders.
    async fn is_halted(&self) -> Result<bool, StoreError> {
        Ok(false)
    }
    /// How many alerts were ever queued and ever delivered.
    async fn alert_totals(&self) -> Result<AlertTotals, StoreError>;
}

/// Where a replay of the MockExchange's journal may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MockStart {
    /// The account as it stood then.
    pub snapshot: ExchangeSnapshot,
    /// The number of the last record that is in it.
    pub after: i64,
}

/// A part of the MockExchange's journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MockPage {
    /// Oldest first.
    pub records: Vec<Record>,
    /// The number of the last one, to go on from; `None` when there are no more.
    pub last: Option<i64>,
}

/// The MockExchange's journal of facts and its snapshots. Owned by the ExchangeActor.
#[async_trait]
pub trait MockJournalStore: Send + Sync {
    /// Where to begin; `None`: with an account that has its capital and nothing else, at the first record.
    ///
    /// # Errors
    /// Also when there are snapshots, none of them can be read, and the records before them are gone.
    async fn mock_start(&self) -> Result<Option<MockStart>, StoreError>;
    /// At most `limit` records after the one of this number (0: from the first one on).
    async fn mock_records(&self, after: i64, limit: u32) -> Result<MockPage, StoreError>;
    /// The last real price of each symbol.
    async fn mock_prices(&self) -> Result<Vec<KeptPrice>, StoreError>;
}

/// What bots have ordered. Written by the ExchangeActor.
#[async_trait]
pub trait OrderJournalStore: Send + Sync {
    /// At most `limit` entries before the one of this number (`None`: the newest ones), newest first, each with its
    /// number. One that cannot be read is left out; fewer than `limit` does not mean that there are no more.
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError>;

    /// The newest entries, newest first.
    async fn order_journal(&self, limit: u32) -> Result<Vec<OrderEntry>, StoreError> {
        let entries = self.orders_before(None, limit).await?;
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }
}

/// What is known of trading for real. Owned by the ExchangeActor.
#[async_trait]
pub trait TradingStore: Send + Sync {
    /// What is known of the positions at FYERS.
    async fn live_positions(&self) -> Result<LivePositions, StoreError>;
    /// Orders that may have left for FYERS and whose outcome is not written down.
    ///
    /// # Errors
    /// Also when one of them cannot be read: it must not be taken for settled.
    async fn open_intents(&self) -> Result<OpenIntents, StoreError>;
    /// Requests that trade with a higher number than this, written down since then, each with what came of it. One that cannot
    /// be read is there as [`OrderIntent::unreadable`].
    async fn intents_after(&self, id: i64, since: DateTime<Utc>) -> Result<Vec<SentRequest>, StoreError>;
    /// Whether trading is halted.
    async fn halted(&self) -> Result<bool, StoreError>;
}

/// The keys of bots. They hold digests only.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// All of them. One that cannot be read is left out: it opens nothing.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError>;
}

/// The keeper's whole memory: one embedded database.
pub trait Store:
    ChangeStore
    + SessionStore
    + TickStore
    + JournalStore
    + OutboxStore
    + MockJournalStore
    + OrderJournalStore
    + TradingStore
    + KeyStore
    + NoteStore
{
}

impl<S> Store for S where
    S: ChangeStore
        + SessionStore
        + TickStore
        + JournalStore
        + OutboxStore
        + MockJournalStore
        + OrderJournalStore
        + TradingStore
        + KeyStore
        + NoteStore
{
}

/// How many alerts there have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertTotals {
    /// Rows ever written to the outbox.
    pub queued: u64,
    /// Of these, delivered.
    pub delivered: u64,
}
