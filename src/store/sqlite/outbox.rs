//! The outbox, and how far it has read the journal.

use std::future::ready;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use keeper_domain::{
    alert::{Alert, Channel, Outgoing},
    event::Recorded,
    ports::{AlertTotals, OutboxStore, StoreError, TradingStore},
};
use sqlx::SqlitePool;

use crate::store::{
    droppable::droppable,
    rows,
    sqlite::{read::failed, store::SqliteStore, write},
};

const UNREAD: &str = "SELECT id, at, event FROM journal
    WHERE id > COALESCE((SELECT CAST(value AS INTEGER) FROM facts WHERE name = ?1), 0)
    ORDER BY id";

#[async_trait]
impl OutboxStore for SqliteStore {
    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        droppable(unread_events(&self.pool, self.channel, limit)).await
    }

    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError> {
        let channel = self.channel;
        let work = move |on: &_| write::alerts(on, channel, read_to, &new, &merged);
        self.committer.queue("queued alerts", Box::new(work)).await
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        droppable(waiting(&self.pool, self.channel)).await
    }

    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
        let work = move |on: &_| write::alert_sent(on, id, at);
        self.committer.queue("marked an alert as sent", Box::new(work)).await
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        let work = move |on: &_| write::alert_failed(on, id);
        self.committer.queue("noted a failed delivery", Box::new(work)).await
    }

    async fn is_halted(&self) -> Result<bool, StoreError> {
        TradingStore::halted(self).await
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        droppable(totals(&self.pool, self.channel)).await
    }
}

/// Entries that cannot be read would block the reader for ever, however many they are, so the limit counts readable
/// ones only, and the cursor passes over the others with them.
async fn unread_events(pool: &SqlitePool, channel: Channel, limit: u32) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(UNREAD).bind(rows::cursor(channel)).fetch(pool);
    let events = rows.try_filter_map(|row| ready(Ok(rows::recorded(&row))));
    events.take(limit as usize).try_collect().await.map_err(failed("read the journal"))
}

async fn waiting(pool: &SqlitePool, channel: Channel) -> Result<Vec<Outgoing>, StoreError> {
    let query = sqlx::query(
        "SELECT id, event_id, event, at, last_at, count, severity, key, text, items, attempts FROM alerts
         WHERE sent_at IS NULL AND channel = ?1 ORDER BY id",
    )
    .bind(channel.slug());
    let rows = query.fetch_all(pool).await.map_err(failed("read the outbox"))?;
    Ok(rows.iter().filter_map(rows::outgoing).collect())
}

async fn totals(pool: &SqlitePool, channel: Channel) -> Result<AlertTotals, StoreError> {
    let query =
        sqlx::query_as::<_, (i64, i64)>("SELECT COUNT(*), COUNT(sent_at) FROM alerts WHERE channel = ?1")
            .bind(channel.slug());
    let (queued, delivered) = query.fetch_one(pool).await.map_err(failed("counted alerts"))?;
    Ok(AlertTotals { queued: queued.unsigned_abs(), delivered: delivered.unsigned_abs() })
}
