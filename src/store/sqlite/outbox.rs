//! Reading the journal for the outbox, and the outbox.

use std::future::ready;

use futures_util::{StreamExt, TryStreamExt};
use keeper_domain::{
    alert::Outgoing,
    event::Recorded,
    ports::{AlertTotals, StoreError},
};
use sqlx::SqlitePool;

use crate::store::sqlite::{read::failed, rows};

const UNREAD: &str = "SELECT * FROM journal
    WHERE id > COALESCE((SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'read_to'), 0)
    ORDER BY id";

/// Entries that cannot be read would block the reader for ever, however many they are, so the limit counts readable
/// ones only, and the cursor passes over the others with them.
pub(super) async fn unread_events(pool: &SqlitePool, limit: u32) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(UNREAD).fetch(pool);
    let events = rows.try_filter_map(|row| ready(Ok(rows::recorded(&row))));
    events.take(limit as usize).try_collect().await.map_err(failed("read the journal"))
}

pub(super) async fn waiting(pool: &SqlitePool) -> Result<Vec<Outgoing>, StoreError> {
    let query = sqlx::query("SELECT * FROM alerts WHERE sent_at IS NULL ORDER BY id");
    let rows = query.fetch_all(pool).await.map_err(failed("read the outbox"))?;
    Ok(rows.iter().filter_map(rows::outgoing).collect())
}

pub(super) async fn totals(pool: &SqlitePool) -> Result<AlertTotals, StoreError> {
    let query = sqlx::query_as::<_, (i64, i64)>("SELECT COUNT(*), COUNT(sent_at) FROM alerts");
    let (queued, delivered) = query.fetch_one(pool).await.map_err(failed("counted alerts"))?;
    Ok(AlertTotals { queued: queued.unsigned_abs(), delivered: delivered.unsigned_abs() })
}
