//! The `Store` port on SQLite. One thread makes all changes, and `Ok` means: synced to disk.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use keeper_domain::{
    alert::Channel,
    ports::{Change, ChangeStore, StoreError},
    session_state::StoredSession,
};
use sqlx::SqlitePool;

use crate::store::{
    sqlite::{
        committer::Committer,
        database::{self, OpenError},
        read, spare_room, write,
    },
    state_dir::{DATABASE, StateDir},
};

/// The keeper's memory.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// Reads only.
    pub(super) pool: SqlitePool,
    pub(super) committer: Arc<Committer>,
    /// Whose outbox this is; all else is the same for every channel.
    pub(super) channel: Channel,
}

impl SqliteStore {
    /// Opens the database in the state folder. One that cannot be written now is read, and refuses changes until it can.
    pub async fn open(state: &StateDir) -> Result<Self, OpenError> {
        let path = state.path().join(DATABASE);
        let maker = match database::open(&path).await {
            Err(OpenError::Failed { problem, .. }) if spare_room::give_up(state.path()) => {
                tracing::error!(
                    event = "store.failed",
                    "the state database could not be opened ({problem}): once more with the room that is kept back for this"
                );
                database::open(&path).await?
            }
            opened => opened?,
        };
        let pool = database::reader(&path).await?;
        maker.close().await;
        let committer = Committer::start(path.clone()).await;
        let failed = |error: std::io::Error| OpenError::Failed { path, problem: error.kind().to_string() };
        let store = Self { pool, committer: Arc::new(committer.map_err(failed)?), channel: Channel::Chat };
        spare_room::keep(state.path());
        // The rest goes a little at a time, once a day.
        if let Err(error) = store.trim().await {
            tracing::warn!(event = "store.failed", "{error}");
        }
        Ok(store)
    }

    /// The same memory with the outbox of another channel. One that is used for the first time begins where the chat
    /// has read to: what happened before is no news.
    pub async fn with_channel(&self, channel: Channel) -> Result<Self, StoreError> {
        let work = move |on: &_| write::begin_channel(on, channel);
        self.committer.queue("began a channel of alerts", Box::new(work)).await?;
        Ok(Self { channel, ..self.clone() })
    }

    /// Forgets the place and the waiting alerts of a channel that is no longer configured.
    pub async fn without_channel(&self, channel: Channel) -> Result<(), StoreError> {
        let work = move |on: &_| write::end_channel(on, channel);
        self.committer.queue("ended a channel of alerts", Box::new(work)).await
    }

    /// Reads the session of a state folder that another process may be using; `None` when there is no database.
    pub async fn peek(state_dir: &Path) -> Result<Option<StoredSession>, OpenError> {
        let path = state_dir.join(DATABASE);
        let Some(pool) = database::open_read_only(&path).await? else { return Ok(None) };
        let session = read::session(&pool).await;
        pool.close().await;
        session.map(Some).map_err(|error| OpenError::Failed { path, problem: error.problem })
    }

    /// Whether anything has happened in this database, which another process may be using.
    pub async fn is_used(path: &Path) -> Result<bool, OpenError> {
        let Some(pool) = database::open_read_only(path).await? else { return Ok(false) };
        let events =
            sqlx::query_as::<_, (bool,)>("SELECT EXISTS (SELECT 1 FROM journal)").fetch_one(&pool).await;
        pool.close().await;
        let failed = |_: sqlx::Error| OpenError::Failed {
            path: path.to_owned(),
            problem: "it cannot be read".to_owned(),
        };
        events.map(|(any,)| any).map_err(failed)
    }

    /// Whether trading is halted by a state folder that another process may be using.
    pub async fn peek_halted(path: &Path) -> Result<bool, OpenError> {
        let Some(pool) = database::open_read_only(path).await? else { return Ok(false) };
        let halted = read::halted(&pool).await;
        pool.close().await;
        halted.map_err(|error| OpenError::Failed { path: path.to_owned(), problem: error.problem })
    }

    /// Makes what still waits and closes the database, so that it is one file again. Also without it nothing is
    /// ever lost.
    pub async fn close(&self) {
        self.committer.close().await;
        self.pool.close().await;
    }
}

#[async_trait]
impl ChangeStore for SqliteStore {
    // Not an `async fn`, which would begin only when it is polled: the change is in the queue when this returns.
    fn commit<'a: 'f, 'f>(&'a self, change: Change) -> BoxFuture<'f, Result<(), StoreError>> {
        let line = change.line.clone();
        let work = move |on: &_| write::change(on, &change);
        Box::pin(self.committer.queue_in(line, "made a change", Box::new(work)))
    }

    async fn settled(&self) {
        self.committer.settled().await;
    }

    async fn trim(&self) -> Result<bool, StoreError> {
        let is_more = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_more);
        let work = move |on: &_| write::trim(on).map(|more| told.store(more, Ordering::Relaxed));
        self.committer.queue("removed what is old", Box::new(work)).await?;
        Ok(is_more.load(Ordering::Relaxed))
    }
}
