//! One suite for both stores: what the port promises holds on SQLite and on PostgreSQL.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

/// The same test on both stores.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() { super::$name(crate::Place::sqlite().unwrap()).await; })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                if let Some(place) = crate::Place::postgres() { super::$name(place).await; }
            })+
        }
    };
}

mod calls;
mod cost;
mod kept;
mod lease;
mod lines;
mod lost_answers;
mod moving;
mod server;
mod suite;
mod texts;

use std::sync::Arc;

use fyers_keeper::store::{
    SqliteStore, StateDir,
    postgres::{Address, Candidate, Contender, PostgresStore},
};
use keeper_domain::{alert::Channel, ports::Store};
use secrecy::SecretString;
use tempfile::TempDir;

/// A store that can be closed and opened again.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(SecretString),
}

/// An open store, and how it is closed.
pub(crate) struct Open {
    pub(crate) store: Arc<dyn Store>,
    closer: Closer,
}

enum Closer {
    Sqlite(SqliteStore, StateDir),
    Postgres(PostgresStore),
}

impl Place {
    pub(crate) fn sqlite() -> Option<Self> {
        Some(Self::Sqlite(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn postgres() -> Option<Self> {
        Some(Self::Postgres(server::shared()?.database()))
    }

    /// Does to a closed database what no keeper does.
    pub(crate) async fn run(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        match self {
            Self::Sqlite(folder) => {
                let path = folder.path().join("state/keeper.db");
                let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
                sqlx::query(statement).execute(&pool).await.unwrap();
                pool.close().await;
            }
            Self::Postgres(url) => {
                let pool = sqlx::PgPool::connect(secrecy::ExposeSecret::expose_secret(url)).await.unwrap();
                sqlx::query(statement).execute(&pool).await.unwrap();
                pool.close().await;
            }
        }
    }

    pub(crate) async fn open(&self) -> Open {
        match self {
            Self::Sqlite(folder) => {
                let state = StateDir::open(&folder.path().join("state")).unwrap();
                let store = SqliteStore::open(&state).await.unwrap();
                Open { store: Arc::new(store.clone()), closer: Closer::Sqlite(store, state) }
            }
            Self::Postgres(url) => {
                let store = holder(url, "a").await;
                Open { store: Arc::new(store.clone()), closer: Closer::Postgres(store) }
            }
        }
    }
}

impl Open {
    /// The same memory with the outbox of the second channel.
    pub(crate) async fn webhook(&self) -> Arc<dyn Store> {
        match &self.closer {
            Closer::Sqlite(store, _) => Arc::new(store.with_channel(Channel::Webhook).await.unwrap()),
            Closer::Postgres(store) => Arc::new(store.with_channel(Channel::Webhook).await.unwrap()),
        }
    }

    pub(crate) async fn without_webhook(&self) {
        match &self.closer {
            Closer::Sqlite(store, _) => store.without_channel(Channel::Webhook).await.unwrap(),
            Closer::Postgres(store) => store.without_channel(Channel::Webhook).await.unwrap(),
        }
    }

    pub(crate) async fn close(self) {
        match self.closer {
            Closer::Sqlite(store, _state) => store.close().await,
            Closer::Postgres(store) => store.close().await,
        }
    }
}

/// A keeper that takes the lease, which must be free.
pub(crate) async fn holder(url: &SecretString, name: &str) -> PostgresStore {
    let mut contender = contender(url, name);
    contender.prepare().await.unwrap();
    let holding = contender.try_take().await.unwrap().expect("nobody has the lease");
    contender.into_store(holding, Arc::new(|| println!("the lease is lost"))).unwrap()
}

pub(crate) fn contender(url: &SecretString, name: &str) -> Contender {
    let who = Candidate { name: name.to_owned(), is_keeper: true, ..Candidate::default() };
    Contender::new(Address::parse(url).unwrap(), who)
}
