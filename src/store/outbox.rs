//! The journal's reader and the outbox.

use std::future::ready;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use keeper_domain::{
    alerts::outbox::{Alert, Outgoing},
    event::Recorded,
    ports::{AlertTotals, StoreError},
};
use sqlx::{SqliteConnection, SqlitePool};

use crate::store::{
    rows::{self, millis, name},
    sqlite::{failed, put_fact},
};

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

pub(super) async fn queue(
    pool: &SqlitePool,
    read_to: i64,
    new: &[Alert],
    merged: &[Outgoing],
) -> Result<(), StoreError> {
    let failed = failed("queued alerts");
    let mut transaction = pool.begin().await.map_err(&failed)?;
    put_all(&mut transaction, read_to, new, merged).await.map_err(&failed)?;
    transaction.commit().await.map_err(&failed)
}

async fn put_all(
    connection: &mut SqliteConnection,
    read_to: i64,
    new: &[Alert],
    merged: &[Outgoing],
) -> sqlx::Result<()> {
    put_fact(connection, "read_to", &read_to).await?;
    for alert in new {
        sqlx::query(
            "INSERT INTO alerts (event_id, at, last_at, count, severity, key, text) VALUES (?1, ?2, ?2, 1, ?3, ?4, ?5)",
        )
        .bind(alert.event_id)
        .bind(millis(alert.at))
        .bind(name(&alert.severity))
        .bind(&alert.key)
        .bind(&alert.text)
        .execute(&mut *connection)
        .await?;
    }
    for alert in merged {
        sqlx::query(
            "UPDATE alerts SET last_at = ?2, count = ?3, severity = ?4, text = ?5 WHERE id = ?1 AND sent_at IS NULL",
        )
        .bind(alert.id)
        .bind(millis(alert.last_at))
        .bind(alert.count)
        .bind(name(&alert.severity))
        .bind(&alert.text)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn waiting(pool: &SqlitePool) -> Result<Vec<Outgoing>, StoreError> {
    let query = sqlx::query("SELECT * FROM alerts WHERE sent_at IS NULL ORDER BY id");
    let rows = query.fetch_all(pool).await.map_err(failed("read the outbox"))?;
    Ok(rows.iter().filter_map(rows::outgoing).collect())
}

pub(super) async fn sent(pool: &SqlitePool, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE alerts SET sent_at = ?2 WHERE id = ?1").bind(id).bind(millis(at));
    query.execute(pool).await.map_err(failed("marked an alert as sent"))?;
    Ok(())
}

pub(super) async fn failed_once(pool: &SqlitePool, id: i64) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE alerts SET attempts = attempts + 1 WHERE id = ?1").bind(id);
    query.execute(pool).await.map_err(failed("noted a failed delivery"))?;
    Ok(())
}

pub(super) async fn totals(pool: &SqlitePool) -> Result<AlertTotals, StoreError> {
    let query = sqlx::query_as::<_, (i64, i64)>("SELECT COUNT(*), COUNT(sent_at) FROM alerts");
    let (queued, delivered) = query.fetch_one(pool).await.map_err(failed("counted alerts"))?;
    Ok(AlertTotals { queued: queued.unsigned_abs(), delivered: delivered.unsigned_abs() })
}
