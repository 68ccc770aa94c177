//! What is written is read back, before and after a restart.

use std::{
    os::unix::fs::PermissionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use fyers_api::{
    model::{OrderRequest, OrderType, Position, Product, Side, Traded},
    operation::Operation,
};
use keeper_domain::{
    keys::StoredKey,
    mode::Mode,
    order_journal::{OpenIntents, OrderEntry, OrderIntent},
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
        today: Some(Traded { bought: 12, sold: 2 }),
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
    OrderIntent {
        id,
        at: at(3),
        bot: None,
        epoch: 0,
        what,
        path,
        body,
        legs: vec![],
        ids: vec![],
        is_opaque: None,
        effect: None,
        closed_orders: vec![],
    }
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
        line: None,
        numbers_above: None,
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
    let wanted = [
        "gateway.key",
        "keeper.db",
        "keeper.db-shm",
        "keeper.db-wal",
        "keeper.lock",
        "running",
        "spare-room",
    ];
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
