//! The store on a real database in a folder of its own.

mod damage;
mod mock_journal;
mod outbox;
mod round_trip;
mod upgrade;

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use keeper_domain::session_state::{RefreshBlock, StoredSession};
use keeper_domain::{
    alert::{Alert, Severity},
    event::Event,
    note::{Note, Remembered},
    ports::{
        Change, ChangeStore, JournalStore, MockJournalStore, OrderJournalStore, OutboxStore, SessionStore,
        TickRecord, TickStore, TradingStore,
    },
    reason::Reason,
    secret::{AccessToken, RefreshToken},
    session::{Source, StateName},
};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::store::{OpenError, SqliteStore, StateDir};

/// A state folder with an open store in it.
struct Home {
    folder: TempDir,
    state: StateDir,
    store: SqliteStore,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(&folder.path().join("state")).unwrap();
        let store = SqliteStore::open(&state).await.unwrap();
        Self { folder, state, store }
    }

    fn path(&self) -> PathBuf {
        self.state.path().to_owned()
    }

    /// Everything again from disk.
    async fn reopened(self) -> Self {
        let Self { folder, state, store } = self;
        store.close().await;
        let store = SqliteStore::open(&state).await.unwrap();
        Self { folder, state, store }
    }

    /// Closes the store and gives the folder, so that the file can be tampered with.
    async fn closed(self) -> TempDir {
        self.store.close().await;
        self.folder
    }
}

async fn open_in(folder: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(&StateDir::open(folder).unwrap()).await
}

/// A way past the store, for what only another program would write.
async fn meddle(folder: &Path, sql: &'static str) {
    let address = format!("sqlite://{}", folder.join("keeper.db").display());
    let mut connection = SqliteConnection::connect(&address).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// `n` seconds after an arbitrary beginning.
fn at(n: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_000_000_000).unwrap() + TimeDelta::seconds(n)
}

fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 2).unwrap() + chrono::Days::new(n)
}

fn tick(n: u64) -> TickRecord {
    TickRecord { date: day(n), begun_at: at(n.cast_signed()), done_at: n.is_multiple_of(2).then(|| at(99)) }
}

fn note(text: &str) -> Event {
    Event::EnvFileFailed { problem: text.to_owned() }
}

fn notes(texts: &[&str]) -> Change {
    Change { events: texts.iter().map(|text| (at(0), note(text))).collect(), ..Change::default() }
}

const CARD: Note<u64> = Note::new("card");

fn alert(event_id: i64, text: &str) -> Alert {
    Alert {
        event_id,
        event: "keeper.stopping".to_owned(),
        at: at(event_id),
        severity: Severity::Warning,
        key: "key".to_owned(),
        text: text.to_owned(),
        item: String::new(),
    }
}

fn session(access: &str) -> StoredSession {
    StoredSession {
        state: StateName::Valid,
        reason: Some(Reason::Refreshed),
        access: Some(AccessToken::new(access)),
        source: Some(Source::Refresh),
        verified_at: Some(at(7)),
        refresh: Some(RefreshToken::new("refresh-token-of-the-test")),
        previous_refresh: Some(RefreshToken::new("the-one-before")),
        account: Some("XX00001".to_owned()),
        refresh_block: Some(RefreshBlock {
            reason: Reason::PinRejected,
            day: day(0),
            credentials: "0123456789abcdef".to_owned(),
        }),
        login_asked: Some((day(1), Reason::PinRejected)),
        ending_announced: Some(3),
    }
}

fn of_session(session: &StoredSession) -> Change {
    Change { session: Some(session.clone()), ..Change::default() }
}

/// What the journal holds, oldest first.
async fn journal(store: &SqliteStore) -> Vec<Event> {
    store.unread_events(10_000).await.unwrap().into_iter().map(|recorded| recorded.event).collect()
}
