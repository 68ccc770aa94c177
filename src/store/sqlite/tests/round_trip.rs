//! What is written is read back, before and after a restart.

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use fyers_api::{
    model::{OrderRequest, OrderType, Position, Product, Side},
    operation::Operation,
};
use keeper_domain::{
    keys::StoredKey,
    mode::Mode,
    order_journal::{IntentOutcome, OpenIntents, OrderEntry, OrderIntent},
    ports::{KeyChange, KeyStore, MockPage},
    routing::{Venue, live_positions::LivePositions},
};
use mock_exchange::{Config, Instruments, KeptPrice, Record, exchange::MockExchange};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

fn position(net: i64) -> Position {
    Position {
        symbol: "NSE:SBIN-EQ".to_owned(),
        product: Product::Intraday,
        net,
        average: Decimal::new(81_255, 2),
        realized: Decimal::new(-125, 1),
    }
}

/// What a simulated order leaves behind.
fn records() -> Vec<Record> {
    let request = OrderRequest {
        symbol: "NSE:NIFTY26NOVFUT".to_owned(),
        quantity: 75,
        side: Side::Sell,
        order_type: OrderType::Limit,
        product: Product::Margin,
        limit_price: Decimal::new(2_612_010, 2),
        stop_price: Decimal::ZERO,
        tag: Some("bot1".to_owned()),
    };
    let rules = Config { around_the_clock: true, ..Config::new(Decimal::from(10_000_000)) };
    let mut exchange = MockExchange::open(rules, Instruments::default(), [], 1);
    let (records, outcome) = exchange.place(request.into(), mock_exchange::exchange::Prices::Walk, at(5));
    outcome.unwrap();
    records
}

fn intent(id: i64) -> OrderIntent {
    let (what, path, body) = ("place".to_owned(), "/orders/sync".to_owned(), "00ff".to_owned());
    OrderIntent { id, at: at(3), bot: None, epoch: 0, what, path, body, legs: vec![] }
}

fn live(positions: Vec<Position>) -> LivePositions {
    LivePositions { positions, was_live: true, read_at: Some(at(4)), ..LivePositions::default() }
}

fn entry() -> OrderEntry {
    let outcome = (200, 1101, "taken", Some("MOCK1".to_owned()));
    OrderEntry::new((Operation::Place, Mode::Sandbox, Venue::Mock), None, outcome, at(5))
}

fn kept_price(last: &str) -> KeptPrice {
    let mut exchange = MockExchange::open(Config::new(Decimal::from(1)), Instruments::default(), [], 1);
    exchange.observe("NSE:SBIN-EQ", last.parse().unwrap(), at(0));
    exchange.take_unsaved_prices().remove(0)
}

#[tokio::test]
async fn an_empty_store_has_defaults() {
    let Home { store, .. } = Home::new().await;
    assert_eq!(store.session().await.unwrap(), StoredSession::default());
    assert_eq!(store.last_tick().await.unwrap(), None);
    assert!(store.tick_dates().await.unwrap().is_empty());
    assert_eq!(store.mock_records(0, 9).await.unwrap(), MockPage::default());
    assert!(store.order_journal(9).await.unwrap().is_empty());
    assert_eq!(store.live_positions().await.unwrap(), LivePositions::default());
    assert_eq!(store.open_intents().await.unwrap(), OpenIntents::default());
    assert!(!store.halted().await.unwrap());
    assert!(store.unread_events(10).await.unwrap().is_empty());
    assert!(store.waiting_alerts().await.unwrap().is_empty());
    assert_eq!(store.alert_totals().await.unwrap(), Default::default());
}

#[tokio::test]
async fn a_whole_change_is_there_after_a_restart() {
    let home = Home::new().await;
    let change = Change {
        session: Some(session("access-token-of-the-test")),
        tick: Some(tick(1)),
        mock_records: records(),
        mock_prices: vec![kept_price("800.05")],
        mock_snapshot: None,
        orders: vec![entry()],
        intents: vec![intent(1), intent(2)],
        outcomes: vec![(1, IntentOutcome::NotSent)],
        live_positions: Some(live(vec![position(10), position(-3)])),
        halted: Some(true),
        keys: vec![KeyChange::Put(StoredKey::owner(at(1)))],
        notes: vec![CARD.set(&7).unwrap()],
        events: vec![(at(1), note("one")), (at(2), note("two"))],
    };
    home.store.commit(change.clone()).await.unwrap();
    let Home { store, folder: _folder, .. } = home.reopened().await;
    assert_eq!(Some(store.session().await.unwrap()), change.session);
    assert_eq!(store.last_tick().await.unwrap(), change.tick);
    assert_eq!(store.mock_records(0, 9).await.unwrap().records, change.mock_records);
    assert_eq!(store.mock_prices().await.unwrap(), change.mock_prices);
    assert_eq!(store.order_journal(9).await.unwrap(), change.orders);
    assert_eq!(Some(store.live_positions().await.unwrap()), change.live_positions);
    assert_eq!(store.open_intents().await.unwrap(), OpenIntents { last: 2, open: vec![intent(2)] });
    assert!(store.halted().await.unwrap());
    assert_eq!(CARD.read(&store).await.unwrap(), Remembered::Value(7));
    assert_eq!(store.keys().await.unwrap(), [StoredKey::owner(at(1))]);
    let events = store.unread_events(9).await.unwrap();
    let events: Vec<_> = events.into_iter().map(|recorded| (recorded.at, recorded.event)).collect();
    assert_eq!(events, change.events);
}

#[tokio::test]
async fn a_newer_price_takes_the_place_of_the_one_before() {
    let Home { store, folder: _folder, .. } = Home::new().await;
    for last in ["800.05", "801.10"] {
        let change = Change { mock_prices: vec![kept_price(last)], ..Change::default() };
        store.commit(change).await.unwrap();
    }
    assert_eq!(store.mock_prices().await.unwrap(), [kept_price("801.10")]);
}

#[tokio::test]
async fn prices_that_were_seen_longest_ago_are_trimmed() {
    let Home { store, folder: _folder, .. } = Home::new().await;
    let named = |number: usize| {
        let mut price = kept_price("800");
        price.symbol = format!("NSE:S{number}-EQ");
        price
    };
    let mock_prices = (0..20_003).map(named).collect();
    store.commit(Change { mock_prices, ..Change::default() }).await.unwrap();
    store.commit(Change { mock_prices: vec![named(0)], ..Change::default() }).await.unwrap();
    while store.trim().await.unwrap() {}
    let left = store.mock_prices().await.unwrap();
    let is_there = |number: usize| left.iter().any(|price| price.symbol == named(number).symbol);
    assert_eq!(
        (left.len(), is_there(0), is_there(1), is_there(3), is_there(4)),
        (20_000, true, false, false, true)
    );
}

#[tokio::test]
async fn what_a_change_does_not_name_stays() {
    let Home { store, folder: _folder, .. } = Home::new().await;
    store.commit(of_session(&session("first"))).await.unwrap();
    store.commit(Change { halted: Some(true), ..Change::default() }).await.unwrap();
    store.commit(Change { tick: Some(tick(0)), ..Change::default() }).await.unwrap();
    assert_eq!(store.session().await.unwrap(), session("first"));
    assert!(store.halted().await.unwrap());
    store.commit(of_session(&StoredSession::default())).await.unwrap();
    assert_eq!(store.session().await.unwrap(), StoredSession::default(), "replaced whole, not merged");
}

#[tokio::test]
async fn ticks_are_kept_by_date_and_the_newest_date_is_the_last() {
    let Home { store, folder: _folder, .. } = Home::new().await;
    for n in [3, 0, 29, 8] {
        store.commit(Change { tick: Some(tick(n)), ..Change::default() }).await.unwrap();
    }
    assert_eq!(store.last_tick().await.unwrap(), Some(tick(29)), "by date, not by order of writing");
    let closed = TickRecord { done_at: Some(at(500)), ..tick(29) };
    store.commit(Change { tick: Some(closed), ..Change::default() }).await.unwrap();
    assert_eq!(store.last_tick().await.unwrap(), Some(closed));
    assert_eq!(store.tick_dates().await.unwrap(), BTreeSet::from([day(0), day(3), day(8), day(29)]));
}

/// The second event breaks a rule of the table, so the session before it must not be there either.
#[tokio::test]
async fn a_change_that_fails_in_the_middle_changes_nothing() {
    let home = Home::new().await;
    home.store.commit(of_session(&session("before"))).await.unwrap();
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON journal WHEN NEW.event LIKE '%second%'
                BEGIN SELECT RAISE(ABORT, 'trap'); END";
    meddle(&home.path(), trap).await;
    let change = Change {
        session: Some(session("after")),
        tick: Some(tick(4)),
        mock_records: records(),
        mock_prices: vec![kept_price("1")],
        mock_snapshot: None,
        orders: vec![entry()],
        intents: vec![intent(1)],
        outcomes: vec![],
        live_positions: Some(live(vec![position(1)])),
        halted: Some(true),
        keys: vec![KeyChange::Put(StoredKey::owner(at(1)))],
        notes: vec![CARD.set(&1).unwrap()],
        events: vec![(at(0), note("first")), (at(0), note("second"))],
    };
    let error = home.store.commit(change).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("trap"), "errors quote nothing: {error:?}");
    let Home { store, folder: _folder, .. } = home.reopened().await;
    assert_eq!(store.session().await.unwrap(), session("before"));
    assert_eq!(store.mock_prices().await.unwrap(), []);
    assert_eq!(store.last_tick().await.unwrap(), None);
    assert_eq!(store.mock_records(0, 9).await.unwrap(), MockPage::default());
    assert!(store.order_journal(9).await.unwrap().is_empty());
    assert_eq!(store.live_positions().await.unwrap(), LivePositions::default());
    assert_eq!(store.open_intents().await.unwrap(), OpenIntents::default());
    assert!(!store.halted().await.unwrap());
    assert_eq!(CARD.read(&store).await.unwrap(), Remembered::Nothing);
    assert!(store.keys().await.unwrap().is_empty());
    assert!(journal(&store).await.is_empty());
}

#[tokio::test]
async fn a_halt_that_cannot_be_read_is_still_a_halt() {
    let home = Home::new().await;
    home.store.commit(Change { halted: Some(false), ..Change::default() }).await.unwrap();
    assert!(!home.store.halted().await.unwrap());
    meddle(&home.path(), "UPDATE facts SET value = 'trve' WHERE name = 'halted'").await;
    assert!(home.store.halted().await.unwrap());
}

#[tokio::test]
async fn events_come_in_the_order_they_were_written() {
    let Home { store, folder: _folder, .. } = Home::new().await;
    for n in 0..50 {
        let texts = [format!("{n}a"), format!("{n}b"), format!("{n}c")];
        store.commit(notes(&texts.each_ref().map(String::as_str))).await.unwrap();
    }
    let wanted: Vec<Event> =
        (0..50).flat_map(|n| ["a", "b", "c"].map(|part| note(&format!("{n}{part}")))).collect();
    assert_eq!(journal(&store).await, wanted);
    let newest = store.recent_events(4).await.unwrap();
    assert!(newest.windows(2).all(|pair| pair[0].id > pair[1].id));
    assert_eq!(newest[0].event, note("49c"));
    assert_eq!(newest.len(), 4);
}

#[tokio::test]
async fn another_process_can_look_at_the_session_while_it_is_in_use() {
    let home = Home::new().await;
    let nowhere = home.folder.path().join("nowhere");
    assert_eq!(SqliteStore::peek(&nowhere).await.unwrap(), None);
    assert!(!nowhere.exists(), "looking makes nothing");
    home.store.commit(of_session(&session("in-use"))).await.unwrap();
    assert_eq!(SqliteStore::peek(&home.path()).await.unwrap(), Some(session("in-use")));
}

#[tokio::test]
async fn folder_and_files_are_closed_to_others() {
    let home = Home::new().await;
    home.store.commit(notes(&["so that there is a log"])).await.unwrap();
    home.state.began();
    home.state.gateway_key().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.path()), 0o700);
    let mut seen: Vec<String> = vec![];
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        seen.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    seen.sort();
    let wanted = ["gateway.key", "keeper.db", "keeper.db-shm", "keeper.db-wal", "keeper.lock", "running"];
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn a_database_that_was_open_to_others_is_closed_to_them() {
    let home = Home::new().await;
    let path = home.path().join("keeper.db");
    let folder = home.closed().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let _store = open_in(&folder.path().join("state")).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Text of every kind: other scripts, emoji, control characters, quotes. Also the zero character, which ends a
/// text in C.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,60}", "[\\x00-\\x1f'\"\\\\%🔑हि\u{202e}]{0,20}", any::<String>()]
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_comes_back_to_the_letter(token in text(), account in text(), told in text(), alerted in text()) {
        let outcome = catch_unwind(AssertUnwindSafe(|| block_on(async {
            let home = Home::new().await;
            let session = StoredSession { account: Some(account), ..session(&token) };
            let mut change = of_session(&session);
            change.events = vec![(at(3), note(&told))];
            home.store.commit(change).await.unwrap();
            let Alert { key, text, .. } = Alert { key: told.clone(), ..alert(1, &alerted) };
            let new = Alert { key, text, ..alert(1, "") };
            home.store.queue_alerts(0, vec![new], vec![]).await.unwrap();
            let Home { store, folder: _folder, .. } = home.reopened().await;
            assert_eq!(store.session().await.unwrap(), session);
            assert_eq!(journal(&store).await, [note(&told)]);
            let waiting = store.waiting_alerts().await.unwrap();
            assert_eq!((&waiting[0].text, &waiting[0].key), (&alerted, &told));
        })));
        prop_assert!(outcome.is_ok());
    }
}
