//! The MockExchange's journal: the last snapshot, and the records since.

use async_trait::async_trait;
use keeper_domain::ports::{MockJournalStore, MockPage, MockStart, StoreError, StoreErrorKind};
use mock_exchange::KeptPrice;
use sqlx::PgPool;

use crate::store::{
    postgres::{bounded::bounded, fault::failed, read, store::PostgresStore, write::RECORDS_TRIMMED},
    rows::{digest_of, readable},
};

#[async_trait]
impl MockJournalStore for PostgresStore {
    async fn mock_start(&self) -> Result<Option<MockStart>, StoreError> {
        bounded(start(&self.pool)).await
    }

    async fn mock_prices(&self) -> Result<Vec<KeptPrice>, StoreError> {
        let rows = sqlx::query_as::<_, (String,)>("SELECT price FROM mock_prices ORDER BY symbol");
        let rows =
            bounded(rows.fetch_all(&self.pool)).await.map_err(failed("read the MockExchange's prices"))?;
        Ok(rows.iter().filter_map(|(price,)| readable("mock_price", price)).collect())
    }

    async fn mock_records(&self, after: i64, limit: u32) -> Result<MockPage, StoreError> {
        let query = "SELECT seq, record FROM mock_records WHERE seq > $1 ORDER BY seq LIMIT $2";
        let query = sqlx::query_as::<_, (i64, String)>(query).bind(after).bind(i64::from(limit));
        let rows =
            bounded(query.fetch_all(&self.pool)).await.map_err(failed("read the MockExchange's journal"))?;
        let records = rows.iter().filter_map(|(_, record)| readable("mock_record", record)).collect();
        Ok(MockPage { records, last: rows.last().map(|(seq, _)| *seq) })
    }
}

/// The newest snapshot that can be read; none when all records are there to begin with the first one.
async fn start(pool: &PgPool) -> Result<Option<MockStart>, StoreError> {
    let query = "SELECT after, snapshot, digest FROM mock_snapshots ORDER BY after DESC";
    let rows = sqlx::query_as::<_, (i64, String, String)>(query).fetch_all(pool).await;
    let rows = rows.map_err(failed("read the MockExchange's snapshots"))?;
    let sound = rows.iter().filter(|(_, text, digest)| digest_of(text) == *digest);
    let read = |(after, text, _): &(i64, String, String)| Some((*after, readable("mock_snapshot", text)?));
    if let Some((after, snapshot)) = sound.filter_map(read).next() {
        return Ok(Some(MockStart { snapshot, after }));
    }
    if rows.is_empty() || read::fact_text(pool, RECORDS_TRIMMED).await?.is_none() {
        return Ok(None);
    }
    Err(StoreError {
        kind: StoreErrorKind::Damaged,
        ..StoreError::refused(
            "read the MockExchange's book",
            "its snapshots are damaged. Stop the keeper and restore a backup",
        )
    })
}
