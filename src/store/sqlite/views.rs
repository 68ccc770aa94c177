//! The parts of the port that only read: session, ticks, journal, orders, trading, notes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::NaiveDate;
use keeper_domain::{
    event::Recorded,
    keys::StoredKey,
    order_journal::{OpenIntents, OrderEntry},
    ports::{
        JournalStore, KeyStore, NoteStore, OrderJournalStore, SessionStore, StoreError, TickRecord,
        TickStore, TradingStore,
    },
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};

use crate::store::sqlite::{read, store::SqliteStore};

#[async_trait]
impl SessionStore for SqliteStore {
    async fn session(&self) -> Result<StoredSession, StoreError> {
        read::session(&self.pool).await
    }
}

#[async_trait]
impl TickStore for SqliteStore {
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        read::last_tick(&self.pool).await
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        read::tick_dates(&self.pool).await
    }
}

#[async_trait]
impl JournalStore for SqliteStore {
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        read::recent_events(&self.pool, limit).await
    }

    async fn morning_events(&self) -> Result<Vec<Recorded>, StoreError> {
        read::morning_events(&self.pool).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        read::events_after(&self.pool, id, limit).await
    }
}

#[async_trait]
impl OrderJournalStore for SqliteStore {
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
        read::orders_before(&self.pool, before, limit).await
    }
}

#[async_trait]
impl TradingStore for SqliteStore {
    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        // What can no longer be read is not known, which is not the same as nothing.
        let unreadable = LivePositions { was_live: true, ..LivePositions::default() };
        Ok(read::fact(&self.pool, "positions_at_fyers", Some(unreadable)).await?.unwrap_or_default())
    }

    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        read::open_intents(&self.pool).await
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        read::halted(&self.pool).await
    }
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        read::keys(&self.pool).await
    }
}

#[async_trait]
impl NoteStore for SqliteStore {
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        read::fact_text(&self.pool, name).await
    }

    fn note_is_unreadable(&self, name: &'static str) {
        tracing::warn!(event = "store.unreadable", name, "a note cannot be read");
    }
}
