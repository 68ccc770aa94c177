//! The MockExchange's journal: a start reads the last snapshot and what came after it, and the file stays small.

use fyers_api::model::{OrderRequest, OrderType, Product, Side};
use keeper_actors::exchange::book;
use keeper_domain::{mode::Mode, order_journal::OrderEntry, routing::Venue};
use mock_exchange::{Command, Config, Engine, ExchangeSnapshot, Instruments, PriceUpdate, Record};
use rust_decimal::Decimal;

use super::*;

fn rules() -> Config {
    Config { around_the_clock: true, ..Config::new(Decimal::from(100_000_000)) }
}

/// A bot's life, a trading day after the other, and all that it leaves behind.
struct Life {
    engine: Engine,
    days: i64,
    journal: Vec<Record>,
}

impl Life {
    fn new() -> Self {
        Self { engine: Engine::new(rules(), Instruments::default()), days: 0, journal: vec![] }
    }

    /// A day with so many orders, committed twenty at a time as a busy moment would.
    async fn day(&mut self, store: &SqliteStore, orders: usize) {
        self.days += 1;
        let morning = at(self.days * 86_400);
        let opened = self.engine.execute(&self.engine.due(morning).unwrap()).unwrap();
        let mock_snapshot = self.engine.opening().cloned();
        self.journal.extend(opened.clone());
        store.commit(Change { mock_records: opened, mock_snapshot, ..Change::default() }).await.unwrap();
        for busy in (0..orders).collect::<Vec<_>>().chunks(20) {
            let mut change = Change::default();
            busy.iter().for_each(|number| self.order(*number, morning, &mut change));
            store.commit(change).await.unwrap();
        }
        while store.trim().await.unwrap() {}
    }

    /// One order at the market, with everything that is written for it.
    fn order(&mut self, number: usize, at: DateTime<Utc>, change: &mut Change) {
        let symbol = format!("NSE:S{}-EQ", number % 40);
        let price = Decimal::from(100 + (number + self.days as usize) % 7);
        let mut records =
            self.engine.execute(&Command::Quote(PriceUpdate::last(symbol.as_str(), price, at))).unwrap();
        let request = OrderRequest {
            symbol: symbol.clone(),
            quantity: 1,
            side: if number.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            order_type: OrderType::Market,
            // Some of it is bought for delivery and stays.
            product: if number.is_multiple_of(6) { Product::Cnc } else { Product::Intraday },
            limit_price: Decimal::ZERO,
            stop_price: Decimal::ZERO,
            tag: Some(format!("bot{number}")),
        };
        records.extend(self.engine.execute(&Command::Place { order: request.into(), at }).unwrap());
        self.journal.extend(records.clone());
        change.mock_records.extend(records);
        let outcome = (
            200,
            1101,
            "Order submitted successfully. Your Order Ref. No. MOCK",
            Some("MOCK26112300000001".into()),
        );
        let entry = OrderEntry::new(
            (fyers_api::operation::Operation::Place, Mode::Sandbox, Venue::Mock),
            None,
            outcome,
            at,
        );
        change.orders.push(OrderEntry { symbol: Some(symbol.clone()), quantity: Some(1), ..entry });
        let id = "MOCK26112300000001".to_owned();
        change.events.push((
            at,
            Event::OrderSimulated {
                bot: None,
                id,
                symbol,
                quantity: 1,
                mode: Mode::Sandbox,
                why: None,
                sent: false,
            },
        ));
    }
}

async fn loaded(store: &SqliteStore) -> Engine {
    book::load(store, rules(), Instruments::default()).await.unwrap()
}

async fn seqs(store: &SqliteStore) -> (i64, i64) {
    sqlx::query_as("SELECT MIN(seq), MAX(seq) FROM mock_records").fetch_one(&store.pool).await.unwrap()
}

#[tokio::test]
async fn a_start_reads_the_snapshot_and_the_tail_and_finds_the_same_book() {
    let home = Home::new().await;
    let mut life = Life::new();
    assert_eq!(loaded(&home.store).await.ledger(), life.engine.ledger(), "nothing yet");
    for _ in 0..5 {
        life.day(&home.store, 60).await;
        assert_eq!(loaded(&home.store).await.ledger(), life.engine.ledger());
    }
    let whole = Engine::replay(rules(), Instruments::default(), &life.journal);
    let home = home.reopened().await;
    assert_eq!(loaded(&home.store).await.ledger(), whole.ledger());
    let start = home.store.mock_start().await.unwrap().unwrap();
    let (first, last) = seqs(&home.store).await;
    assert_eq!(last, life.journal.len() as i64, "numbers go on");
    assert!(start.after < last && last - start.after < last / 3, "only the last day is replayed");
    assert!(first > 1 && first <= start.after, "the day before the last one is kept, and no more");
}

#[tokio::test]
async fn a_journal_from_before_there_were_snapshots_is_replayed_once() {
    let home = Home::new().await;
    let mut life = Life::new();
    for _ in 0..3 {
        life.day(&home.store, 30).await;
    }
    meddle(&home.path(), "DELETE FROM mock_snapshots").await;
    let whole = "the records before the snapshots are gone in this test, so the book is written anew";
    meddle(&home.path(), "DELETE FROM mock_records").await;
    meddle(&home.path(), "DELETE FROM sqlite_sequence WHERE name = 'mock_records'").await;
    home.store.commit(Change { mock_records: life.journal.clone(), ..Change::default() }).await.unwrap();
    assert_eq!(home.store.mock_start().await.unwrap(), None, "{whole}");
    let engine = loaded(&home.store).await;
    assert_eq!(engine.ledger(), life.engine.ledger());
    // What the exchange does then, twice: the second time there is nothing to do.
    for _ in 0..2 {
        let mock_snapshot = engine.opening().cloned();
        home.store.commit(Change { mock_snapshot, ..Change::default() }).await.unwrap();
    }
    assert!(home.store.mock_start().await.unwrap().is_some());
    assert_eq!(loaded(&home.store).await.ledger(), life.engine.ledger());
}

#[tokio::test]
async fn a_damaged_snapshot_is_passed_over_and_two_are_an_error_not_an_empty_book() {
    let home = Home::new().await;
    let mut life = Life::new();
    for _ in 0..4 {
        life.day(&home.store, 30).await;
    }
    let newest = "UPDATE mock_snapshots SET snapshot = replace(snapshot, '\"cash\":\"1', '\"cash\":\"2')
                  WHERE after = (SELECT MAX(after) FROM mock_snapshots)";
    meddle(&home.path(), newest).await;
    assert_eq!(loaded(&home.store).await.ledger(), life.engine.ledger(), "from the one before");
    meddle(&home.path(), "UPDATE mock_snapshots SET snapshot = '{}'").await;
    let error = home.store.mock_start().await.unwrap_err();
    assert!(error.to_string().contains("snapshots are damaged"), "{error}");
}

#[tokio::test]
async fn a_snapshot_of_a_day_that_is_not_in_the_journal_changes_nothing() {
    let home = Home::new().await;
    let mut life = Life::new();
    life.day(&home.store, 5).await;
    let before = home.store.mock_start().await.unwrap();
    let text = serde_json::to_string(&before.as_ref().unwrap().snapshot).unwrap();
    let stray: ExchangeSnapshot = serde_json::from_str(&text.replace("2026-11-19", "2030-01-01")).unwrap();
    assert_ne!(stray.day, before.as_ref().unwrap().snapshot.day);
    home.store.commit(Change { mock_snapshot: Some(stray), ..Change::default() }).await.unwrap();
    assert_eq!(home.store.mock_start().await.unwrap(), before);
}

/// A year of 250 trading days is measured by its first days: what grows with them and what does not.
#[tokio::test]
async fn a_year_of_a_thousand_orders_a_day_stays_under_200_mb() {
    const DAYS: u64 = 250;
    let home = Home::new().await;
    let mut life = Life::new();
    let mut sizes = vec![];
    for _ in 0..2 {
        for _ in 0..5 {
            life.day(&home.store, 1_000).await;
        }
        let pages: (i64, i64) =
            sqlx::query_as("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size")
                .fetch_one(&home.store.pool)
                .await
                .unwrap();
        sizes.push((pages.0 * pages.1) as u64);
    }
    // The journal of events stops growing at its bound, so a straight continuation is the worst case.
    let year = sizes[1] + (DAYS - 10) * sizes[1].saturating_sub(sizes[0]) / 5;
    let (first, last) = seqs(&home.store).await;
    let mb = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "after 5 days {:.1} MB, after 10 days {:.1} MB, a year at this rate {:.0} MB; {} of {last} records kept",
        mb(sizes[0]),
        mb(sizes[1]),
        mb(year),
        last - first + 1,
    );
    assert!(year < 200_000_000, "{year} bytes");
    assert_eq!(loaded(&home.store).await.ledger(), life.engine.ledger());
}
