//! The MockExchange's journal: the last snapshot, and the records since.

use async_trait::async_trait;
use keeper_domain::ports::{MockJournalStore, MockPage, MockStart, StoreError, StoreErrorKind};
use mock_exchange::{ExchangeSnapshot, KeptPrice};
use sqlx::SqlitePool;

use crate::store::{
    droppable::droppable,
    rows::{digest_of, readable},
    sqlite::{read::failed, store::SqliteStore},
};

#[async_trait]
impl MockJournalStore for SqliteStore {
    async fn mock_start(&self) -> Result<Option<MockStart>, StoreError> {
        droppable(start(&self.pool)).await
    }

    async fn mock_prices(&self) -> Result<Vec<KeptPrice>, StoreError> {
        let rows = sqlx::query_as::<_, (String,)>("SELECT price FROM mock_prices ORDER BY symbol");
        let rows =
            droppable(rows.fetch_all(&self.pool)).await.map_err(failed("read the MockExchange's prices"))?;
        Ok(rows.iter().filter_map(|(price,)| readable("mock_price", price)).collect())
    }

    async fn mock_records(&self, after: i64, limit: u32) -> Result<MockPage, StoreError> {
        let query = "SELECT seq, record FROM mock_records WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let query = sqlx::query_as::<_, (i64, String)>(query).bind(after).bind(limit);
        let rows = droppable(query.fetch_all(&self.pool))
            .await
            .map_err(failed("read the MockExchange's journal"))?;
        let records = rows.iter().filter_map(|(_, record)| readable("mock_record", record)).collect();
        Ok(MockPage { records, last: rows.last().map(|(seq, _)| *seq) })
    }
}

/// The newest snapshot that can be read; none when all records are there to begin with the first one.
async fn start(pool: &SqlitePool) -> Result<Option<MockStart>, StoreError> {
    let query = "SELECT after, snapshot, digest FROM mock_snapshots ORDER BY after DESC";
    let rows = sqlx::query_as::<_, (i64, String, String)>(query).fetch_all(pool).await;
    let rows = rows.map_err(failed("read the MockExchange's snapshots"))?;
    for (after, text, digest) in &rows {
        if let Some(snapshot) = intact(text, digest) {
            return Ok(Some(MockStart { snapshot, after: *after }));
        }
    }
    if rows.is_empty() || first_record(pool).await? == Some(1) {
        return Ok(None);
    }
    Err(StoreError {
        kind: StoreErrorKind::Damaged,
        ..StoreError::refused(
            "read the MockExchange's book",
            "its snapshots are damaged. Stop the keeper and restore a backup, or move keeper.db away to begin anew",
        )
    })
}

fn intact(text: &str, digest: &str) -> Option<ExchangeSnapshot> {
    if digest_of(text) == digest {
        return readable("mock_snapshot", text);
    }
    tracing::error!(event = "store.unreadable", name = "mock_snapshot", "a snapshot is damaged");
    None
}

async fn first_record(pool: &SqlitePool) -> Result<Option<i64>, StoreError> {
    let query = sqlx::query_as::<_, (Option<i64>,)>("SELECT MIN(seq) FROM mock_records");
    let row = query.fetch_one(pool).await.map_err(failed("read the MockExchange's journal"))?;
    Ok(row.0)
}
