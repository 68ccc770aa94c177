//! A state database of the release before (migrations 1 and 2) opens, is brought up to date, and keeps every row.

use fyers_api::model::Product;
use keeper_actors::exchange::book;
use keeper_domain::{notes, order_journal::OpenIntents, ports::NoteStore, routing::live_positions::Known};
use mock_exchange::{Config, Instruments, PositionKey};
use rust_decimal::Decimal;
use sqlx::SqlitePool;

use super::*;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/keeper-schema-2.db");

/// All rows of the tables that there were, as JSON, in a fixed order.
const TABLES: [(&str, &str); 7] = [
    (
        "session",
        "SELECT json_array(state, reason, access, source, verified_at, refresh, previous_refresh, account, block_reason,
         block_day, block_credentials, login_asked_on, login_asked_for, ending_announced, digest) FROM session",
    ),
    ("ticks", "SELECT json_array(date, begun_at, done_at) FROM ticks ORDER BY date"),
    ("journal", "SELECT json_array(id, at, kind, event) FROM journal ORDER BY id"),
    (
        "alerts",
        "SELECT json_array(id, event_id, at, last_at, count, severity, key, text, attempts, sent_at) FROM alerts
         ORDER BY id",
    ),
    // What was known of the positions is kept as another value: see the next test.
    (
        "facts",
        "SELECT json_array(name, value) FROM facts WHERE name NOT IN ('commits', 'live_positions', 'positions_at_fyers')
         ORDER BY name",
    ),
    ("mock_records", "SELECT json_array(seq, record) FROM mock_records ORDER BY seq"),
    ("orders", "SELECT json_array(id, at, entry) FROM orders ORDER BY id"),
];

async fn rows(path: &Path) -> Vec<(&'static str, Vec<String>)> {
    let pool = SqlitePool::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let mut all = vec![];
    for (table, query) in TABLES {
        let rows: Vec<(String,)> = sqlx::query_as(query).fetch_all(&pool).await.unwrap();
        all.push((table, rows.into_iter().map(|(row,)| row).collect()));
    }
    pool.close().await;
    all
}

/// A state folder of the release before.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keeper.db");
    std::fs::copy(FIXTURE, &path).unwrap();
    (folder, path)
}

#[tokio::test]
async fn every_row_of_the_release_before_is_kept() {
    let (folder, path) = folder();
    let before = rows(&path).await;
    assert!(before.iter().all(|(_, rows)| !rows.is_empty()), "{before:?}");
    for _ in 0..2 {
        let store = open_in(folder.path()).await.unwrap();
        store.close().await;
        assert_eq!(rows(&path).await, before);
    }
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!files.into_iter().any(|name| name.to_string_lossy().contains("damaged")));
}

#[tokio::test]
async fn everything_in_it_is_still_understood() {
    let (folder, _) = folder();
    let store = open_in(folder.path()).await.unwrap();
    assert_eq!(
        store.session().await.unwrap().refresh,
        Some(RefreshToken::new("refresh-token-of-the-fixture"))
    );
    assert_eq!(store.tick_dates().await.unwrap().len(), 5);
    assert_eq!(store.recent_events(1_000).await.unwrap().len(), 40);
    assert_eq!(store.unread_events(1_000).await.unwrap().len(), 10);
    assert_eq!(store.waiting_alerts().await.unwrap().len(), 3);
    assert_eq!(store.order_journal(1_000).await.unwrap().len(), 25);
    let live = store.live_positions().await.unwrap();
    assert_eq!(
        (live.positions[0].net, live.known(Utc::now())),
        (10, Known::Stale),
        "protected until it is read again"
    );
    assert_eq!(store.open_intents().await.unwrap(), OpenIntents::default());
    assert!(store.halted().await.unwrap());
    assert_eq!(store.mock_records(0, 1_000).await.unwrap().records.len(), 10);
    assert_eq!(notes::SIMULATED_IN_GAP.read(&store).await.unwrap(), Remembered::Value(3));
    for readable in [
        notes::MUTED_UNTIL.read(&store).await.unwrap().readable().is_some(),
        notes::LOGIN_CARD.read(&store).await.unwrap().readable().is_some(),
        notes::INBOX.read(&store).await.unwrap().readable().is_some(),
        notes::LOGIN_STATES.read(&store).await.unwrap().readable().is_some(),
        store.note_text("daily_ping").await.unwrap().is_some(),
    ] {
        assert!(readable);
    }
}

/// The book is replayed from its first record once; from then on from a snapshot.
#[tokio::test]
async fn the_simulated_book_is_the_same_before_and_after_its_first_snapshot() {
    let (folder, _) = folder();
    let rules = Config::new(Decimal::from(10_000_000));
    let load = async |store: &SqliteStore| book::load(store, rules, Instruments::default()).await.unwrap();
    let store = open_in(folder.path()).await.unwrap();
    let first = load(&store).await;
    assert_eq!(first.ledger().holdings["NSE:SBIN-EQ"].quantity, 10);
    assert_eq!(first.ledger().accounts[&PositionKey::new("NSE:NIFTY26NOVFUT", Product::Margin)].net, -75);
    assert_eq!(first.ledger().orders.len(), 1);
    let mock_snapshot = first.opening().cloned();
    store.commit(Change { mock_snapshot, ..Change::default() }).await.unwrap();
    store.close().await;
    let store = open_in(folder.path()).await.unwrap();
    assert!(store.mock_start().await.unwrap().is_some());
    assert_eq!(load(&store).await, first);
}
