//! Reading, and the parts of the port that only read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    event::Recorded,
    keys::StoredKey,
    order_journal::{OpenIntents, OrderEntry, SentRequest},
    ports::{
        JournalStore, KeyStore, NoteStore, OrderJournalStore, SessionStore, StoreError, StoreErrorKind,
        TickRecord, TickStore, TradingStore,
    },
    routing::live_positions::LivePositions,
    session_state::StoredSession,
};
use serde::de::DeserializeOwned;
use sqlx::{PgPool, Row, postgres::PgRow};

use crate::store::{
    postgres::{bounded::bounded, fault::failed, store::PostgresStore},
    rows::{self, Columns, millis, readable, sent_request},
};

impl Columns for PgRow {
    fn int(&self, column: &str) -> Option<i64> {
        self.try_get::<Option<i64>, _>(column).ok().flatten()
    }

    fn text(&self, column: &str) -> Option<String> {
        self.try_get::<Option<String>, _>(column).ok().flatten()
    }
}

/// A single value as its JSON text.
pub(super) async fn fact_text(pool: &PgPool, name: &'static str) -> Result<Option<String>, StoreError> {
    let query = sqlx::query_as::<_, (String,)>("SELECT value FROM facts WHERE name = $1").bind(name);
    let row = query.fetch_optional(pool).await.map_err(failed("read a fact"))?;
    Ok(row.map(|(text,)| text))
}

/// A single value; `unreadable` when there is one that cannot be read.
async fn fact<T: DeserializeOwned>(
    pool: &PgPool,
    name: &'static str,
    unreadable: T,
) -> Result<Option<T>, StoreError> {
    Ok(fact_text(pool, name).await?.map(|text| readable(name, &text).unwrap_or(unreadable)))
}

#[async_trait]
impl SessionStore for PostgresStore {
    async fn session(&self) -> Result<StoredSession, StoreError> {
        let row = bounded(sqlx::query("SELECT * FROM session").fetch_optional(&self.pool)).await;
        Ok(row.map_err(failed("read the session"))?.map(|row| rows::session(&row)).unwrap_or_default())
    }
}

#[async_trait]
impl TickStore for PostgresStore {
    async fn last_tick(&self) -> Result<Option<TickRecord>, StoreError> {
        let query = "SELECT date, begun_at, done_at FROM ticks ORDER BY date DESC LIMIT 1";
        let row = bounded(sqlx::query(query).fetch_optional(&self.pool))
            .await
            .map_err(failed("read the last tick"))?;
        Ok(row.as_ref().and_then(rows::tick))
    }

    async fn tick_dates(&self) -> Result<BTreeSet<NaiveDate>, StoreError> {
        let query =
            bounded(sqlx::query_as::<_, (String,)>("SELECT date FROM ticks").fetch_all(&self.pool)).await;
        let dates = query.map_err(failed("read the ticks"))?;
        Ok(dates.into_iter().filter_map(|(date,)| date.parse().ok()).collect())
    }
}

#[async_trait]
impl JournalStore for PostgresStore {
    async fn recent_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let query = sqlx::query("SELECT id, at, event FROM journal ORDER BY id DESC LIMIT $1");
        let rows = bounded(query.bind(i64::from(limit)).fetch_all(&self.pool)).await;
        Ok(rows.map_err(failed("read the journal"))?.iter().filter_map(rows::recorded).collect())
    }

    async fn morning_events(&self) -> Result<Vec<Recorded>, StoreError> {
        let query = rows::morning_events();
        let rows = bounded(sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool)).await;
        Ok(rows.map_err(failed("read the mornings"))?.iter().filter_map(rows::recorded).collect())
    }

    async fn events_after(&self, id: i64, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        let query = sqlx::query("SELECT id, at, event FROM journal WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = bounded(query.bind(id).bind(i64::from(limit)).fetch_all(&self.pool)).await;
        Ok(rows.map_err(failed("read the journal"))?.iter().filter_map(rows::recorded).collect())
    }
}

#[async_trait]
impl OrderJournalStore for PostgresStore {
    async fn orders_before(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
        let query = "SELECT id, entry FROM orders WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let query = sqlx::query_as::<_, (i64, String)>(query).bind(before.unwrap_or(i64::MAX));
        let rows = bounded(query.bind(i64::from(limit)).fetch_all(&self.pool)).await;
        let rows = rows.map_err(failed("read the order journal"))?;
        Ok(rows.iter().filter_map(|(id, entry)| Some((*id, readable("order", entry)?))).collect())
    }
}

#[async_trait]
impl TradingStore for PostgresStore {
    async fn live_positions(&self) -> Result<LivePositions, StoreError> {
        // What can no longer be read is not known, which is not the same as nothing.
        let unreadable = LivePositions { was_live: true, ..LivePositions::default() };
        Ok(bounded(fact(&self.pool, "positions_at_fyers", unreadable)).await?.unwrap_or_default())
    }

    /// An intent that cannot be read is an error: it must not be taken for settled.
    async fn open_intents(&self) -> Result<OpenIntents, StoreError> {
        let doing = "read the order intents";
        let last = sqlx::query_as::<_, (i64,)>("SELECT COALESCE(MAX(id), 0) FROM order_intents");
        let (last,) = bounded(last.fetch_one(&self.pool)).await.map_err(failed(doing))?;
        let open = "SELECT intent FROM order_intents WHERE outcome IS NULL ORDER BY id";
        let open = bounded(sqlx::query_as::<_, (String,)>(open).fetch_all(&self.pool))
            .await
            .map_err(failed(doing))?;
        let open = open.into_iter().map(|(text,)| serde_json::from_str(&text)).collect::<Result<_, _>>();
        let damaged = |_| StoreError::of(StoreErrorKind::Damaged, doing);
        Ok(OpenIntents { last, open: open.map_err(damaged)? })
    }

    async fn intents_after(&self, id: i64, since: DateTime<Utc>) -> Result<Vec<SentRequest>, StoreError> {
        let query =
            "SELECT id, at, intent, outcome FROM order_intents WHERE id > $1 AND at >= $2 ORDER BY id";
        let query =
            sqlx::query_as::<_, (i64, i64, String, Option<String>)>(query).bind(id).bind(millis(since));
        let sent = bounded(query.fetch_all(&self.pool)).await.map_err(failed("read the order intents"))?;
        Ok(sent.iter().map(sent_request).collect())
    }

    async fn halted(&self) -> Result<bool, StoreError> {
        // A halt that can no longer be read is still a halt.
        Ok(bounded(fact(&self.pool, "halted", true)).await?.unwrap_or_default())
    }
}

#[async_trait]
impl KeyStore for PostgresStore {
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let query = sqlx::query_as::<_, (String,)>("SELECT key FROM bot_keys ORDER BY name");
        let rows = bounded(query.fetch_all(&self.pool)).await.map_err(failed("read the keys"))?;
        Ok(rows.iter().filter_map(|(text,)| readable("key", text)).collect())
    }
}

#[async_trait]
impl NoteStore for PostgresStore {
    async fn note_text(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        bounded(fact_text(&self.pool, name)).await
    }

    fn note_is_unreadable(&self, name: &'static str) {
        tracing::warn!(event = "store.unreadable", name, "a note cannot be read");
    }
}
