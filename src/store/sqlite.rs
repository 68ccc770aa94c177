//! The `Store` port on SQLite. Every write is one transaction, and `Ok` means: synced to disk.

use std::{collections::BTreeSet, path::Path};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::model::Position;
use keeper_domain::{
    alerts::outbox::{Alert, Outgoing},
    event::{Event, Recorded},
    order_journal::OrderEntry,
    ports::{AlertTotals, Change, Store, StoreError, TickRecord},
    session::stored::StoredSession,
};
use mock_exchange::Record;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{SqliteConnection, SqlitePool};

use crate::store::{
    OpenError, StateDir, database, outbox,
    rows::{self, millis, name},
};

/// Journal entries kept; older ones go when the database is opened, unless the outbox has not read them.
const JOURNAL_KEPT: i64 = 100_000;

/// The keeper's memory.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(super) pool: SqlitePool,
}

/// Names what was being done, and nothing that was stored.
pub(super) fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError { doing, problem: database::kind(&error).to_owned() }
}

impl SqliteStore {
    /// Opens the database in the state folder.
    pub async fn open(state: &StateDir) -> Result<Self, OpenError> {
        let store = Self { pool: database::open(&state.path().join("keeper.db")).await? };
        if let Err(error) = store.prune().await {
            tracing::warn!(event = "store.failed", "{error}");
        }
        Ok(store)
    }

    /// Reads the session of a state folder that another process may be using; `None` when there is no database.
    pub async fn peek(state_dir: &Path) -> Result<Option<StoredSession>, OpenError> {
        let path = state_dir.join("keeper.db");
        let Some(pool) = database::open_for_reading(&path).await? else { return Ok(None) };
        let session = Self { pool }.session().await;
        session.map(Some).map_err(|error| OpenError::Failed { path, problem: error.problem })
    }

    /// Whether trading is halted by a state folder that another process may be using.
    pub async fn peek_halted(path: &Path) -> Result<bool, OpenError> {
        let Some(pool) = database::open_for_reading(path).await? else { return Ok(false) };
        let store = Self { pool };
        let halted = store.halted().await;
        store.close().await;
        halted.map_err(|error| OpenError::Failed { path: path.to_owned(), problem: error.problem })
    }

    /// Closes the database, so that it is one file again. Also without it nothing is ever lost.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn prune(&self) -> Result<(), StoreError> {
        let old = "DELETE FROM journal WHERE id <= (SELECT MAX(id) FROM journal) - ?1
                   AND id <= COALESCE((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'read_to'), 0)";
        let pruned = sqlx::query(old).bind(JOURNAL_KEPT).execute(&self.pool).await;
        pruned.map_err(failed("pruned the journal"))?;
        Ok(())
    }

    /// A single value; `unreadable` when there is one that cannot be read.
    async fn fact<T: DeserializeOwned>(
        &self,
        name: &'static str,
        unreadable: Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let query = sqlx::query_as::<_, (String,)>("SELECT value FROM facts WHERE name = ?1").bind(name);
        let row = query.fetch_optional(&self.pool).await.map_err(failed("read a fact"))?;
        let Some((text,)) = row else { return Ok(None) };
        let value = serde_json::from_str(&text);
        if value.is_err() {
            tracing::warn!(event = "store.unreadable", name, "a stored value cannot be read");
        }
        Ok(value.ok().or(unreadable))
    }
}

pub(super) async fn put_fact(
    connection: &mut SqliteConnection,
    name: &str,
    value: &impl Serialize,
) -> sqlx::Result<()> {
    let text = serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let put = "INSERT INTO facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
    sqlx::query(put).bind(name).bind(text).execute(connection).await?;
    Ok(())
}

async fn put_session(connection: &mut SqliteConnection, session: &StoredSession) -> sqlx::Result<()> {
    let block = session.refresh_block.as_ref();
    sqlx::query(
        "REPLACE INTO session (one, state, reason, access, source, verified_at, refresh, previous_refresh,
         account, block_reason, block_day, block_credentials, ending_announced,
         login_asked_on, login_asked_for, digest)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, '')",
    )
    .bind(name(&session.state))
    .bind(session.reason.as_ref().and_then(name))
    .bind(session.access.as_ref().map(|token| token.expose().to_owned()))
    .bind(session.source.as_ref().and_then(name))
    .bind(session.verified_at.map(millis))
    .bind(session.refresh.as_ref().map(|token| token.expose().to_owned()))
    .bind(session.previous_refresh.as_ref().map(|token| token.expose().to_owned()))
    .bind(session.account.clone())
    .bind(block.and_then(|block| name(&block.reason)))
    .bind(block.map(|block| block.day.to_string()))
    .bind(block.map(|block| block.credentials.clone()))
    .bind(session.ending_announced)
    .bind(session.login_asked.map(|(day, _)| day.to_string()))
    .bind(session.login_asked.and_then(|(_, reason)| name(&reason)))
    .execute(&mut *connection)
    .await?;
    let row = sqlx::query(rows::SESSION).fetch_one(&mut *connection).await?;
    sqlx::query("UPDATE session SET digest = ?1").bind(rows::digest(&row)).execute(connection).await?;
    Ok(())
}

async fn put_tick(connection: &mut SqliteConnection, tick: TickRecord) -> sqlx::Result<()> {
    sqlx::query("REPLACE INTO ticks (date, begun_at, done_at) VALUES (?1, ?2, ?3)")
        .bind(tick.date.to_string())
        .bind(millis(tick.begun_at))
        .bind(tick.done_at.map(millis))
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_event(connection: &mut SqliteConnection, at: DateTime<Utc>, event: &Event) -> sqlx::Result<()> {
    let text = serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query("INSERT INTO journal (at, kind, event) VALUES (?1, ?2, ?3)")
        .bind(millis(at))
        .bind(event.name())
        .bind(text)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_json(
    connection: &mut SqliteConnection,
    insert: &'static str,
    value: &impl Serialize,
) -> sqlx::Result<()> {
    let text = serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query(insert).bind(text).execute(connection).await?;
    Ok(())
}

async fn put_order(connection: &mut SqliteConnection, order: &OrderEntry) -> sqlx::Result<()> {
    let text = serde_json::to_string(order).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let insert = "INSERT INTO orders (at, entry) VALUES (?1, ?2)";
    sqlx::query(insert).bind(millis(order.at)).bind(text).execute(connection).await?;
    Ok(())
}

/// One stored value; a damaged one is left out and told.
fn readable<T: DeserializeOwned>(name: &'static str, text: &str) -> Option<T> {
    let value = serde_json::from_str(text);
    if value.is_err() {
        tracing::warn!(event = "store.unreadable", name, "a stored value cannot be read");
    }
    value.ok()
}

async fn put_change(connection: &mut SqliteConnection, change: &Change) -> sqlx::Result<()> {
    if let Some(session) = &change.session {
        put_session(connection, session).await?;
    }
    if let Some(tick) = change.tick {
        put_tick(connection, tick).await?;
    }
    for record in &change.mock_records {
        put_json(connection, "INSERT INTO mock_records (record) VALUES (?1)", record).await?;
    }
    for order in &change.orders {
        put_order(connection, order).await?;
    }
    if let Some(positions) = &change.live_positions {
        put_fact(connection, "live_positions", positions).await?;
    }
    if let Some(halted) = change.halted {
        put_fact(connection, "halted", &halted).await?;
    }
    for (name, value) in &change.notes {
        put_fact(connection, name, value).await?;
    }
    for (at, event) in &change.events {
        put_event(connection, *at, event).await?;
    }
    Ok(())
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        let failed = failed("made a change");
        let mut transaction = self.pool.begin().await.map_err(&failed)?;
        put_change(&mut transaction, &change).await.map_err(&failed)?;
        transaction.commit().await.map_err(&failed)
    }

    async fn session(&self) -> Result<StoredSession, StoreError> {
        let row = sqlx::query(rows::SESSION).fetch_optional(&self.pool).await;
        Ok(row.map_err(failed("read the session"))?.as_ref().and_then(rows::session).unwrap_or_default())
    }

    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        let query = sqlx::query("SELECT * FROM ticks ORDER BY date DESC LIMIT 1");
        let row = query.fetch_optional(&self.pool).await.map_err(failed("read the last tick"))?;
        Ok(row.as_ref().and_then(rows::tick))
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        let query = sqlx::query_as::<_, (String,)>("SELECT date FROM ticks");
        let dates = query.fetch_all(&self.pool).await.map_err(failed("read the ticks"))?;
        Ok(dates.into_iter().filter_map(|(date,)| date.parse().ok()).collect())
    }

    async fn mock_records(&self) -> Result<Vec<Record>, StoreError> {
        let query = sqlx::query_as::<_, (String,)>("SELECT record FROM mock_records ORDER BY seq");
        let rows = query.fetch_all(&self.pool).await.map_err(failed("read the MockExchange's journal"))?;
        Ok(rows.iter().filter_map(|(record,)| readable("mock_record", record)).collect())
    }

    async fn order_journal(&self, limit: u32) -> Result<Vec<OrderEntry>, StoreError> {
        let query =
            sqlx::query_as::<_, (String,)>("SELECT entry FROM orders ORDER BY id DESC LIMIT ?1").bind(limit);
        let rows = query.fetch_all(&self.pool).await.map_err(failed("read the order journal"))?;
        Ok(rows.iter().filter_map(|(entry,)| readable("order", entry)).collect())
    }

    async fn live_positions(&self) -> Result<Vec<Position>, StoreError> {
        Ok(self.fact("live_positions", None).await?.unwrap_or_default())
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        // A halt that can no longer be read is still a halt.
        Ok(self.fact("halted", Some(true)).await?.unwrap_or_default())
    }

    async fn note(&self, name: &'static str) -> Result<Option<serde_json::Value>, StoreError> {
        self.fact(name, None).await
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
        outbox::queue(&self.pool, read_to, &new, &merged).await
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        outbox::waiting(&self.pool).await
    }

    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
        outbox::sent(&self.pool, id, at).await
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        outbox::failed_once(&self.pool, id).await
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        outbox::totals(&self.pool).await
    }

    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let query = sqlx::query("SELECT * FROM journal ORDER BY id DESC LIMIT ?1").bind(limit);
        let rows = query.fetch_all(&self.pool).await.map_err(failed("read the journal"))?;
        Ok(rows.iter().filter_map(rows::recorded).collect())
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let query = sqlx::query("SELECT * FROM journal WHERE id > ?1 ORDER BY id LIMIT ?2");
        let rows = query.bind(id).bind(limit).fetch_all(&self.pool).await;
        Ok(rows.map_err(failed("read the journal"))?.iter().filter_map(rows::recorded).collect())
    }
}
