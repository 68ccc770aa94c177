//! From one store to the other one, and what that needs of both.

use std::collections::BTreeSet;

use keeper_domain::{
    order_journal::OpenIntents,
    ports::{Change, ChangeStore, JournalStore, MockJournalStore, SessionStore, TradingStore},
};
use mock_exchange::{Engine, Instruments};

use crate::{
    Place,
    suite::{alert, entry, intent, live, note, notes, position, rules, session, tick, trade},
};

/// A column that only one of them has is a value that a migration between them would lose.
#[tokio::test]
async fn both_have_the_same_columns() {
    let Some(server) = crate::server::shared() else { return };
    let url = server.database();
    crate::holder(&url, "a").await.close().await;
    let database = secrecy::ExposeSecret::expose_secret(&url).rsplit('/').next().unwrap().to_owned();
    let of_postgres = server.sql(
        database.split('?').next().unwrap(),
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT IN ('lease', '_sqlx_migrations') AND column_name <> 'written' ORDER BY 1",
    );
    let Some(Place::Sqlite(folder)) = Place::sqlite() else { unreachable!() };
    let place = Place::Sqlite(folder);
    place.open().await.close().await;
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let address = format!("sqlite://{}", folder.path().join("state/keeper.db").display());
    let pool = sqlx::SqlitePool::connect(&address).await.unwrap();
    let columns = "SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
                   WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> '_sqlx_migrations'
                   AND t.name || '.' || c.name <> 'session.digest' ORDER BY 1";
    let of_sqlite: Vec<(String,)> = sqlx::query_as(columns).fetch_all(&pool).await.unwrap();
    let of_sqlite: BTreeSet<String> = of_sqlite.into_iter().map(|(name,)| name).collect();
    let of_postgres: BTreeSet<String> = of_postgres.lines().map(str::to_owned).collect();
    assert_eq!(of_sqlite, of_postgres);
}

/// There and back: every row is the same, and numbers go on where they were.
#[tokio::test]
async fn a_state_moves_to_postgres_and_back() {
    let Some(server) = crate::server::shared() else { return };
    let (url, folder) = (server.database(), tempfile::tempdir().unwrap());
    let place = Place::Sqlite(folder);
    let open = place.open().await;
    let mut engine = Engine::new(rules(), Instruments::default());
    for day in 1..=3 {
        trade(&mut engine, open.store.as_ref(), day, 20).await;
    }
    let change = Change {
        session: Some(session("to-be-moved")),
        tick: Some(tick(3)),
        orders: vec![entry()],
        intents: vec![intent(1), intent(7)],
        live_positions: Some(live(vec![position(10)])),
        halted: Some(true),
        ..notes(&["one", "two"])
    };
    open.store.commit(change.clone()).await.unwrap();
    open.store.queue_alerts(1, vec![alert(1, "waits")], vec![]).await.unwrap();
    let whole = open.store.mock_records(0, 10_000).await.unwrap();
    open.close().await;
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let contender = crate::contender(&url, "mover");
    let copied = contender.fill_from(&folder.path().join("state/keeper.db")).await.unwrap();
    assert_eq!((copied["order_intents"], copied["session"], copied["alerts"]), (2, 1, 1), "{copied:?}");
    let again = contender.fill_from(&folder.path().join("state/keeper.db")).await.unwrap_err();
    assert!(again.to_string().contains("there is a state"), "{again}");

    let moved = crate::holder(&url, "a").await;
    assert_eq!(moved.session().await.unwrap(), session("to-be-moved"));
    assert_eq!(
        moved.open_intents().await.unwrap(),
        OpenIntents { last: 7, open: vec![intent(1), intent(7)] }
    );
    assert_eq!(moved.mock_records(0, 10_000).await.unwrap(), whole);
    moved.commit(notes(&["of postgres"])).await.unwrap();
    let events = moved.recent_events(2).await.unwrap();
    assert!(events[0].id > events[1].id && events[0].event == note("of postgres"), "numbers go on");
    let in_use = contender.move_to(std::path::Path::new("/nowhere")).await.unwrap_err();
    assert!(in_use.to_string().contains("a keeper acts"), "{in_use}");
    moved.close().await;

    let back = Place::sqlite().unwrap();
    back.open().await.close().await;
    let Place::Sqlite(folder) = &back else { unreachable!() };
    contender.move_to(&folder.path().join("state/keeper.db")).await.unwrap();
    let open = back.open().await;
    assert_eq!(open.store.session().await.unwrap(), session("to-be-moved"), "its digest was made anew");
    assert_eq!(open.store.mock_records(0, 10_000).await.unwrap(), whole);
    assert!(open.store.halted().await.unwrap());
    assert_eq!(open.store.recent_events(1).await.unwrap()[0].event, note("of postgres"));
    open.close().await;
}
