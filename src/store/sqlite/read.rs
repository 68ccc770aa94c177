//! Reading. It needs no transaction: every query sees all that was acknowledged before it began.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use keeper_domain::{
    event::Recorded,
    keys::StoredKey,
    order_journal::{OpenIntents, OrderEntry, SentRequest},
    ports::{StoreError, StoreErrorKind, TickRecord},
    session_state::StoredSession,
};
use serde::de::DeserializeOwned;
use sqlx::SqlitePool;

use crate::store::{
    rows::{self, readable},
    sqlite::{committer::kind_of_code, database, session_row},
};

/// Names what was being done, and nothing that was stored.
pub(super) fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError { doing, problem: database::kind(&error).to_owned(), kind: kind(&error) }
}

fn kind(error: &sqlx::Error) -> StoreErrorKind {
    match error {
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => StoreErrorKind::Ended,
        sqlx::Error::PoolTimedOut => StoreErrorKind::Busy,
        sqlx::Error::Io(_) => StoreErrorKind::Failing,
        _ => database::code(error).map_or(StoreErrorKind::Refused, kind_of_code),
    }
}

/// A single value; `unreadable` when there is one that cannot be read.
pub(super) async fn fact<T: DeserializeOwned>(
    pool: &SqlitePool,
    name: &'static str,
    unreadable: Option<T>,
) -> Result<Option<T>, StoreError> {
    Ok(fact_text(pool, name).await?.and_then(|text| readable(name, &text).or(unreadable)))
}

/// A single value as its JSON text.
pub(super) async fn fact_text(pool: &SqlitePool, name: &'static str) -> Result<Option<String>, StoreError> {
    let query = sqlx::query_as::<_, (String,)>("SELECT value FROM facts WHERE name = ?1").bind(name);
    let row = query.fetch_optional(pool).await.map_err(failed("read a fact"))?;
    Ok(row.map(|(text,)| text))
}

pub(super) async fn session(pool: &SqlitePool) -> Result<StoredSession, StoreError> {
    let row = sqlx::query(session_row::SESSION).fetch_optional(pool).await;
    Ok(row.map_err(failed("read the session"))?.as_ref().and_then(session_row::session).unwrap_or_default())
}

pub(super) async fn last_tick(pool: &SqlitePool) -> Result<Option<TickRecord>, StoreError> {
    let query = sqlx::query("SELECT date, begun_at, done_at FROM ticks ORDER BY date DESC LIMIT 1");
    let row = query.fetch_optional(pool).await.map_err(failed("read the last tick"))?;
    Ok(row.as_ref().and_then(rows::tick))
}

pub(super) async fn tick_dates(pool: &SqlitePool) -> Result<BTreeSet<NaiveDate>, StoreError> {
    let query = sqlx::query_as::<_, (String,)>("SELECT date FROM ticks");
    let dates = query.fetch_all(pool).await.map_err(failed("read the ticks"))?;
    Ok(dates.into_iter().filter_map(|(date,)| date.parse().ok()).collect())
}

pub(super) async fn orders_before(
    pool: &SqlitePool,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, OrderEntry)>, StoreError> {
    let query = "SELECT id, entry FROM orders WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    let query = sqlx::query_as::<_, (i64, String)>(query).bind(before.unwrap_or(i64::MAX)).bind(limit);
    let rows = query.fetch_all(pool).await.map_err(failed("read the order journal"))?;
    Ok(rows.iter().filter_map(|(id, entry)| Some((*id, readable("order", entry)?))).collect())
}

/// One that cannot be read is left out: it opens nothing.
pub(super) async fn keys(pool: &SqlitePool) -> Result<Vec<StoredKey>, StoreError> {
    let query = sqlx::query_as::<_, (String,)>("SELECT key FROM bot_keys ORDER BY name");
    let rows = query.fetch_all(pool).await.map_err(failed("read the keys"))?;
    Ok(rows.iter().filter_map(|(text,)| readable("key", text)).collect())
}

/// An intent that cannot be read is an error: it must not be taken for settled.
pub(super) async fn open_intents(pool: &SqlitePool) -> Result<OpenIntents, StoreError> {
    let doing = "read the order intents";
    let last = sqlx::query_as::<_, (i64,)>("SELECT COALESCE(MAX(id), 0) FROM order_intents");
    let (last,) = last.fetch_one(pool).await.map_err(failed(doing))?;
    let open = "SELECT intent FROM order_intents WHERE outcome IS NULL ORDER BY id";
    let open = sqlx::query_as::<_, (String,)>(open).fetch_all(pool).await.map_err(failed(doing))?;
    let read = |(text,): (String,)| serde_json::from_str(&text);
    let open = open.into_iter().map(read).collect::<Result<_, _>>();
    let damaged = |_| StoreError::of(StoreErrorKind::Damaged, doing);
    Ok(OpenIntents { last, open: open.map_err(damaged)? })
}

pub(super) async fn intents_after(
    pool: &SqlitePool,
    id: i64,
    since: DateTime<Utc>,
) -> Result<Vec<SentRequest>, StoreError> {
    let query = "SELECT id, at, intent, outcome FROM order_intents WHERE id > ?1 AND at >= ?2 ORDER BY id";
    let query =
        sqlx::query_as::<_, (i64, i64, String, Option<String>)>(query).bind(id).bind(rows::millis(since));
    let sent = query.fetch_all(pool).await.map_err(failed("read the order intents"))?;
    Ok(sent.iter().map(rows::sent_request).collect())
}

pub(super) async fn halted(pool: &SqlitePool) -> Result<bool, StoreError> {
    // A halt that can no longer be read is still a halt.
    Ok(fact(pool, "halted", Some(true)).await?.unwrap_or_default())
}

pub(super) async fn recent_events(pool: &SqlitePool, limit: u32) -> Result<Vec<Recorded>, StoreError> {
    let query = sqlx::query("SELECT id, at, event FROM journal ORDER BY id DESC LIMIT ?1").bind(limit);
    let rows = query.fetch_all(pool).await.map_err(failed("read the journal"))?;
    Ok(rows.iter().filter_map(rows::recorded).collect())
}

pub(super) async fn morning_events(pool: &SqlitePool) -> Result<Vec<Recorded>, StoreError> {
    let query = rows::morning_events();
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(pool).await;
    Ok(rows.map_err(failed("read the mornings"))?.iter().filter_map(rows::recorded).collect())
}

pub(super) async fn events_after(
    pool: &SqlitePool,
    id: i64,
    limit: u32,
) -> Result<Vec<Recorded>, StoreError> {
    let query = sqlx::query("SELECT id, at, event FROM journal WHERE id > ?1 ORDER BY id LIMIT ?2");
    let rows = query.bind(id).bind(limit).fetch_all(pool).await;
    Ok(rows.map_err(failed("read the journal"))?.iter().filter_map(rows::recorded).collect())
}
