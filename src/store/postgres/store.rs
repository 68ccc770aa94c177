//! The `Store` port on PostgreSQL, for the keeper that holds the lease.

use std::{
    future::ready,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture};
use keeper_domain::{
    alert::{Alert, Channel, Outgoing},
    event::Recorded,
    ports::{AlertTotals, Change, ChangeStore, OutboxStore, StoreError, TradingStore},
};
use sqlx::PgPool;
use tokio::{sync::oneshot, time::timeout};

use crate::store::{
    postgres::{
        bounded::bounded,
        committer::Committer,
        fault::failed,
        held_lease::HeldLease,
        lease::{self, Awaiting},
        occupancy::{self, Occupancy},
        room,
        write::Work,
    },
    rows,
};

/// How long the question may take whether another keeper stands by.
const AWAITED_LIMIT: Duration = Duration::from_millis(500);
/// How long the connections that read may take to be closed in good order.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// How long a look for room may take.
const ROOM_LIMIT: Duration = Duration::from_secs(5);
const UNREAD: &str = "SELECT id, at, event FROM journal
    WHERE id > COALESCE((SELECT value::bigint FROM facts WHERE name = $1), 0) ORDER BY id";

/// The keeper's memory, while it holds the lease.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    /// Reads only.
    pub(super) pool: PgPool,
    committer: Arc<Committer>,
    holding: HeldLease,
    /// Where the others reach this keeper, when they are told.
    address: Option<Arc<str>>,
    /// Whose outbox this is; all else is the same for every channel.
    channel: Channel,
    ending: Arc<Mutex<Option<Ending>>>,
}

/// How the lease is let go: told, and then waited for.
type Ending = (oneshot::Sender<()>, oneshot::Receiver<()>);

impl PostgresStore {
    pub(super) fn new(
        pool: PgPool,
        committer: Committer,
        (holding, address): (HeldLease, Option<String>),
        let_go: oneshot::Sender<()>,
        released: oneshot::Receiver<()>,
    ) -> Self {
        let ending = Arc::new(Mutex::new(Some((let_go, released))));
        let (committer, address) = (Arc::new(committer), address.map(Arc::from));
        Self { pool, committer, holding, address, channel: Channel::Chat, ending }
    }

    /// What this database has of a state.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn occupancy(&self) -> Result<Occupancy, StoreError> {
        let looking = async { occupancy::look(&mut *self.pool.acquire().await?).await };
        bounded(looking).await.map_err(failed("looked for a state"))
    }

    /// One that only reads, for a keeper that does not hold the lease.
    pub(super) fn read_only(pool: PgPool) -> Self {
        let (committer, holding) = (Arc::new(Committer::closed()), HeldLease::none());
        Self { pool, committer, holding, address: None, channel: Channel::Chat, ending: Arc::default() }
    }

    /// How long this keeper may act.
    pub fn holding(&self) -> &HeldLease {
        &self.holding
    }

    /// Where the others reach this keeper, when they are told.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Whether another keeper stands by and takes over at once; `None` when it cannot be told.
    pub async fn awaiting(&self) -> Option<Awaiting> {
        let asked = timeout(AWAITED_LIMIT, bounded(lease::awaiting(&self.pool)));
        let awaiting = asked.await.ok()?.ok()?;
        self.holding.note(awaiting);
        Some(awaiting)
    }

    /// The same for somebody who must decide: what was last seen counts when it cannot be told.
    pub async fn is_awaited(&self) -> bool {
        let seen = self.awaiting().await;
        seen.map_or_else(|| self.holding.was_awaited(), |awaiting| awaiting.is_there)
    }

    /// The same memory with the outbox of another channel. One that is used for the first time begins where the chat
    /// has read to: what happened before is no news.
    pub async fn with_channel(&self, channel: Channel) -> Result<Self, StoreError> {
        self.committer.queue("began a channel of alerts", Work::BeginChannel(channel)).await?;
        Ok(Self { channel, ..self.clone() })
    }

    /// Forgets the place and the waiting alerts of a channel that is no longer configured.
    pub async fn without_channel(&self, channel: Channel) -> Result<(), StoreError> {
        self.committer.queue("ended a channel of alerts", Work::EndChannel(channel)).await
    }

    /// Makes what still waits and lets the lease go, so that another keeper goes on at once.
    pub async fn close(&self) {
        let ending = self.ending.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.committer.close().await;
        if let Some((let_go, released)) = ending {
            let _gone = let_go.send(());
            let _released = released.await;
        }
        // A connection that says nothing is waited for without an end.
        let _hangs = timeout(CLOSE_LIMIT, self.pool.close()).await;
    }
}

#[async_trait]
impl ChangeStore for PostgresStore {
    // Not an `async fn`, which would begin only when it is polled: the change is in the queue when this returns.
    fn commit<'a: 'f, 'f>(&'a self, change: Change) -> BoxFuture<'f, Result<(), StoreError>> {
        let line = change.line.clone();
        Box::pin(self.committer.queue_in(line, "made a change", Work::Change(Box::new(change))))
    }

    async fn settled(&self) {
        self.committer.settled().await;
    }

    /// On a connection of its own, and taken back: it is no change, and no change waits for it.
    async fn has_room(&self) -> Result<(), StoreError> {
        let looked = timeout(ROOM_LIMIT, room::find(&self.pool)).await;
        looked.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(failed("looked for room"))
    }

    async fn trim(&self) -> Result<bool, StoreError> {
        self.committer.trim().await
    }
}

#[async_trait]
impl OutboxStore for PostgresStore {
    async fn unread_events(&self, limit: u32) -> Result<Vec<Recorded>, StoreError> {
        bounded(unread_events(&self.pool, self.channel, limit)).await
    }

    async fn queue_alerts(
        &self,
        read_to: i64,
        new: Vec<Alert>,
        merged: Vec<Outgoing>,
    ) -> Result<(), StoreError> {
        self.committer
            .queue("queued alerts", Work::Alerts { channel: self.channel, read_to, new, merged })
            .await
    }

    async fn waiting_alerts(&self) -> Result<Vec<Outgoing>, StoreError> {
        let query =
            "SELECT id, event_id, event, at, last_at, count, severity, key, text, items, attempts FROM alerts
                     WHERE sent_at IS NULL AND channel = $1 ORDER BY id";
        let rows = bounded(sqlx::query(query).bind(self.channel.slug()).fetch_all(&self.pool))
            .await
            .map_err(failed("read the outbox"))?;
        Ok(rows.iter().filter_map(rows::outgoing).collect())
    }

    async fn alert_sent(&self, id: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.committer.queue("marked an alert as sent", Work::Sent(id, at)).await
    }

    async fn alert_failed(&self, id: i64) -> Result<(), StoreError> {
        self.committer.queue("noted a failed delivery", Work::Failed(id)).await
    }

    async fn is_halted(&self) -> Result<bool, StoreError> {
        TradingStore::halted(self).await
    }

    async fn alert_totals(&self) -> Result<AlertTotals, StoreError> {
        let query =
            sqlx::query_as::<_, (i64, i64)>("SELECT COUNT(*), COUNT(sent_at) FROM alerts WHERE channel = $1")
                .bind(self.channel.slug());
        let (queued, delivered) =
            bounded(query.fetch_one(&self.pool)).await.map_err(failed("counted alerts"))?;
        Ok(AlertTotals { queued: queued.unsigned_abs(), delivered: delivered.unsigned_abs() })
    }
}

/// Entries that cannot be read are passed over: the limit counts readable ones only.
async fn unread_events(pool: &PgPool, channel: Channel, limit: u32) -> Result<Vec<Recorded>, StoreError> {
    let rows = sqlx::query(UNREAD).bind(rows::cursor(channel)).fetch(pool);
    let events = rows.try_filter_map(|row| ready(Ok(rows::recorded(&row))));
    events.take(limit as usize).try_collect().await.map_err(failed("read the journal"))
}
