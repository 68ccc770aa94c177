//! What a standby keeps ready, so that taking over takes few ways to the server and back: connections that are open and
//! proven, with the statements prepared with which a keeper reads its state. Whether it can be read is known by the way.

use std::{convert::Infallible, time::Duration};

use chrono::DateTime;
use futures_util::future::join;
use keeper_domain::ports::{
    JournalStore, KeyStore, MockJournalStore, NoteStore, OrderJournalStore, OutboxStore, SessionStore,
    StoreError, StoreErrorKind, TickStore, TradingStore,
};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::store::postgres::store::PostgresStore;

/// How often the connections are tried.
const EVERY: Duration = Duration::from_secs(5);
/// How long that may take; then it is tried with others.
const LIMIT: Duration = Duration::from_secs(3);
/// The state is read in the first rounds, which prepares the statements on each connection, and then every few minutes.
const FIRST_ROUNDS: u32 = 3;
const SOME_MINUTES: u32 = 60;

/// Keeps two connections of these ready for as long as it is polled.
pub(super) async fn keep_warm(readers: PgPool) -> Infallible {
    let store = PostgresStore::read_only(readers.clone());
    let (mut round, mut failed) = (0_u32, false);
    loop {
        let read = if round < FIRST_ROUNDS || round.is_multiple_of(SOME_MINUTES) {
            timeout(LIMIT, join(rehearse(&store), rehearse(&store))).await.map(|(one, two)| one.and(two))
        } else {
            // They are tried when they are taken out.
            timeout(LIMIT, join(readers.acquire(), readers.acquire())).await.map(|_tried| Ok(()))
        };
        // That it does not answer is told by whoever asks for the lease.
        if let Ok(Err(error)) = &read
            && error.kind == StoreErrorKind::Refused
            && !failed
        {
            tracing::warn!(
                event = "lease.unreadable",
                "this keeper stands by, and cannot read the state: {error}"
            );
        }
        failed = matches!(read, Ok(Err(_)));
        round = if read.is_ok() { round.saturating_add(1) } else { 0 };
        sleep(EVERY).await;
    }
}

/// Reads what a keeper reads at its start, as little of it as there can be.
async fn rehearse(store: &PostgresStore) -> Result<(), StoreError> {
    store.session().await?;
    store.note_text("gateway_key").await?;
    store.keys().await?;
    store.last_tick().await?;
    store.halted().await?;
    store.live_positions().await?;
    store.open_intents().await?;
    store.intents_after(i64::MAX, DateTime::UNIX_EPOCH).await?;
    store.orders_before(None, 1).await?;
    store.mock_start().await?;
    store.mock_records(i64::MAX, 1).await?;
    store.mock_prices().await?;
    store.waiting_alerts().await?;
    store.alert_totals().await?;
    store.unread_events(1).await?;
    store.recent_events(1).await.map(drop)
}
