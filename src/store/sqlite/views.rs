//! The parts of the port that only read: session, ticks, journal, orders, trading, notes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    event::Recorded,
    keys::StoredKey,
    order_journal::{OpenIntents, OrderEntry, SentRequest},
    ports::{
        JournalStore, KeyStore, NoteStore, OrderJournalStore, SessionStore, StoreError, TickRecord,
        TickStore, TradingStore,
    },
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};

use crate::store::{
    droppable::droppable,
    sqlite::{read, store::SqliteStore},
};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn session(&self) -> Result<StoredSession, StoreError> {
        droppable(read::session(&self.pool)).await
    }
}

#[async_trait]
impl TickStore for SqliteStore {
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        droppable(read::last_tick(&self.pool)).await
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        droppable(read::tick_dates(&self.pool)).await
    }
}

#[async_trait]
impl JournalStore for SqliteStore {
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        droppable(read::recent_events(&self.pool, limit)).await
    }

    async fn morning_events(&self) -> Result<Vec<Recorded>, StoreError> {
        droppable(read::morning_events(&self.pool)).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        droppable(read::events_after(&self.pool, id, limit)).await
    }
}

#[async_trait]
impl OrderJournalStore for SqliteStore {
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
        droppable(read::orders_before(&self.pool, before, limit)).await
    }
}

#[async_trait]
impl TradingStore for SqliteStore {
    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        // What can no longer be read is not known, which is not the same as nothing.
        let unreadable = LivePositions { was_live: true, ..LivePositions::default() };
        Ok(droppable(read::fact(&self.pool, "positions_at_fyers", Some(unreadable)))
            .await?
            .unwrap_or_default())
    }

    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        droppable(read::open_intents(&self.pool)).await
    }

    async fn intents_after(&self, id: i64, since: DateTime<Utc>) -> Result<Vec<SentRequest>, StoreError> {
        droppable(read::intents_after(&self.pool, id, since)).await
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        droppable(read::halted(&self.pool)).await
    }
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        droppable(read::keys(&self.pool)).await
    }
}

#[async_trait]
impl NoteStore for SqliteStore {
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        droppable(read::fact_text(&self.pool, name)).await
    }

    fn note_is_unreadable(&self, name: &'static str) {
        tracing::warn!(event = "store.unreadable", name, "a note cannot be read");
    }
}
