//! How many orders a second the store takes from 1, 16 and 64 callers, beside plain SQLite with one commit each.
//!
//! `cargo run --release --example commit_rate [SECONDS]`: in a temporary folder, so set TMPDIR to the disk that is meant.

use std::{
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use futures_util::future::join_all;
use fyers_api::operation::Operation;
use fyers_keeper::store::{SqliteStore, StateDir};
use keeper_domain::{
    event::Event,
    mode::Mode,
    order_journal::OrderEntry,
    ports::{Change, ChangeStore},
    routing::Venue,
};

/// What an order leaves: an entry of the order journal and an event.
fn order() -> Change {
    let outcome = (200, 1101, "Order submitted successfully", Some("25112600000001".to_owned()));
    let entry = OrderEntry::new((Operation::Place, Mode::Sandbox, Venue::Mock), None, outcome, Utc::now());
    let event =
        Event::EnvFileFailed { problem: "as long as the event of an order is, more or less".to_owned() };
    Change { orders: vec![entry], events: vec![(Utc::now(), event)], ..Change::default() }
}

/// Times of all commits, in microseconds.
async fn caller(store: Arc<SqliteStore>, until: Instant) -> Vec<u128> {
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        if store.commit(order()).await.is_ok() {
            times.push(begun.elapsed().as_micros());
        }
    }
    times
}

async fn run(callers: usize, length: Duration) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(&StateDir::open(folder.path())?).await?);
    let until = Instant::now() + length;
    let all = join_all((0..callers).map(|_| caller(Arc::clone(&store), until))).await;
    let mut times = all.concat();
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
    let rate = times.len() as f64 / length.as_secs_f64();
    println!("keeper, {callers:>2} callers: {rate:>7.0} orders/s, p50 {} us, p99 {} us", at(50), at(99));
    store.close().await;
    Ok(())
}

/// The same two rows in a transaction of their own, on one connection, from one thread.
fn plain(length: Duration) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let database = rusqlite::Connection::open(folder.path().join("plain.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, kind TEXT, event TEXT) STRICT;
         CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, entry TEXT) STRICT;",
    )?;
    let change = order();
    let (entry, event) =
        (serde_json::to_string(&change.orders[0])?, serde_json::to_string(&change.events[0].1)?);
    let until = Instant::now() + length;
    let mut count = 0_u32;
    while Instant::now() < until {
        database.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        database.prepare_cached("INSERT INTO orders (at, entry) VALUES (1, ?1)")?.execute([&entry])?;
        database
            .prepare_cached("INSERT INTO journal (at, kind, event) VALUES (1, 'x', ?1)")?
            .execute([&event])?;
        database.prepare_cached("COMMIT")?.execute([])?;
        count += 1;
    }
    println!("plain SQLite, 1 caller: {:>7.0} orders/s", f64::from(count) / length.as_secs_f64());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let length = Duration::from_secs(seconds);
    plain(length)?;
    for callers in [1, 16, 64] {
        run(callers, length).await?;
    }
    plain(length)
}
