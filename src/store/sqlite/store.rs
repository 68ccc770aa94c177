//! The `Store` port on SQLite. One thread makes all changes, and `Ok` means: synced to disk.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;
use keeper_domain::{
    alert::{Alert, Outgoing},
    event::Recorded,
    order_journal::{OpenIntents, OrderEntry},
    ports::{AlertTotals, Change, Store, StoreError, TickRecord},
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};
use mock_exchange::Record;
use sqlx::SqlitePool;

use crate::store::{
    OpenError, StateDir,
    sqlite::{committer::Committer, database, outbox, read, write},
    state_dir::DATABASE,
};

/// The keeper's memory.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// Reads only.
    pool: SqlitePool,
    committer: Arc<Committer>,
}

impl SqliteStore {
    /// Opens the database in the state folder. One that cannot be written now is read, and refuses changes until it can.
    pub async fn open(state: &StateDir) -> Result<Self, OpenError> {
        let path = state.path().join(DATABASE);
        let maker = database::open(&path).await?;
        let pool = database::reader(&path).await?;
        maker.close().await;
        let committer = Committer::start(path.clone()).await;
        let failed = |error: std::io::Error| OpenError::Failed { path, problem: error.kind().to_string() };
        let store = Self { pool, committer: Arc::new(committer.map_err(failed)?) };
        if let Err(error) = store.committer.queue("pruned the journal", Box::new(write::prune)).await {
            tracing::warn!(event = "store.failed", "{error}");
        }
        Ok(store)
    }

    /// Reads the session of a state folder that another process may be using; `None` when there is no database.
    pub async fn peek(state_dir: &Path) -> Result<Option<StoredSession>, OpenError> {
        let path = state_dir.join(DATABASE);
        let Some(pool) = database::open_for_reading(&path).await? else { return Ok(None) };
        let session = read::session(&pool).await;
        session.map(Some).map_err(|error| OpenError::Failed { path, problem: error.problem })
    }

    /// Whether trading is halted by a state folder that another process may be using.
    pub async fn peek_halted(path: &Path) -> Result<bool, OpenError> {
        let Some(pool) = database::open_for_reading(path).await? else { return Ok(false) };
        let halted = read::halted(&pool).await;
        pool.close().await;
        halted.map_err(|error| OpenError::Failed { path: path.to_owned(), problem: error.problem })
    }

    /// Makes what still waits and closes the database, so that it is one file again. Also without it nothing is
    /// ever lost.
    pub async fn close(&self) {
        self.committer.close().await;
        self.pool.close().await;
    }
}

#[async_trait]
impl Store for SqliteStore {
    // Not an `async fn`, which would begin only when it is polled: the change is in the queue when this returns.
    fn commit<'a: 'f, 'f>(&'a self, change: Change) -> BoxFuture<'f, Result<(), StoreError>> {
        Box::pin(self.committer.queue("made a change", Box::new(move |on| write::change(on, &change))))
    }

    async fn session(&self) -> Result<StoredSession, StoreError> {
        read::session(&self.pool).await
    }

    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        read::last_tick(&self.pool).await
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        read::tick_dates(&self.pool).await
    }

    async fn mock_records(&self) -> Result<Vec<Record>, StoreError> {
        read::mock_records(&self.pool).await
    }

    async fn order_journal(&self, limit: u32) -> Result<Vec<OrderEntry>, StoreError> {
        read::order_journal(&self.pool, limit).await
    }

    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        read::open_intents(&self.pool).await
    }

    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        // What can no longer be read is not known, which is not the same as nothing.
        let unreadable = LivePositions { was_live: true, ..LivePositions::default() };
        Ok(read::fact(&self.pool, "positions_at_fyers", Some(unreadable)).await?.unwrap_or_default())
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        read::halted(&self.pool).await
    }

    async fn note(&self, name: &'static str) -> Result<Option<serde_json::Value>, StoreError> {
        read::fact(&self.pool, name, None).await
    }

    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        outbox::unread_events(&self.pool, limit).await
    }

    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError> {
        let work = move |on: &_| write::alerts(on, read_to, &new, &merged);
        self.committer.queue("queued alerts", Box::new(work)).await
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        outbox::waiting(&self.pool).await
    }

    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
        let work = move |on: &_| write::alert_sent(on, id, at);
        self.committer.queue("marked an alert as sent", Box::new(work)).await
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        let work = move |on: &_| write::alert_failed(on, id);
        self.committer.queue("noted a failed delivery", Box::new(work)).await
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        outbox::totals(&self.pool).await
    }

    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        read::recent_events(&self.pool, limit).await
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        read::events_after(&self.pool, id, limit).await
    }
}
