//! From one store to the other one, and what that needs of both.

use std::{collections::BTreeSet, path::Path, sync::Mutex};

use fyers_keeper::store::postgres::{Away, ConnectError, SHARED_SECRETS};
use keeper_domain::{
    note::Note,
    order_journal::OpenIntents,
    ports::{Change, ChangeStore, JournalStore, MockJournalStore, SessionStore, TradingStore},
};
use mock_exchange::{Engine, Instruments};
use secrecy::{ExposeSecret, SecretString};

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
    let database = url.expose_secret().rsplit('/').next().unwrap().to_owned();
    let of_postgres = server.sql(
        database.split('?').next().unwrap(),
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT IN ('lease', 'lease_calls', '_sqlx_migrations') AND column_name <> 'written' ORDER BY 1",
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

/// Where a state goes.
fn away() -> Away {
    Away { number: "seven".into(), folder: "/state".into(), host: "first.example".into() }
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
    let copied = contender.fill_from(&folder.path().join("state/keeper.db"), vec![]).await.unwrap();
    assert_eq!((copied["order_intents"], copied["session"], copied["alerts"]), (2, 1, 1), "{copied:?}");
    let again = contender.fill_from(&folder.path().join("state/keeper.db"), vec![]).await.unwrap_err();
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
    let in_use = contender.move_to(Path::new("/nowhere"), &|_| Ok(()), &away()).await.unwrap_err();
    assert!(in_use.to_string().contains("a keeper acts"), "{in_use}");
    moved.close().await;

    let back = Place::sqlite().unwrap();
    back.open().await.close().await;
    let Place::Sqlite(folder) = &back else { unreachable!() };
    contender.move_to(&folder.path().join("state/keeper.db"), &|_| Ok(()), &away()).await.unwrap();
    let open = back.open().await;
    assert_eq!(open.store.session().await.unwrap(), session("to-be-moved"), "its digest was made anew");
    assert_eq!(open.store.mock_records(0, 10_000).await.unwrap(), whole);
    assert!(open.store.halted().await.unwrap());
    assert_eq!(open.store.recent_events(1).await.unwrap()[0].event, note("of postgres"));
    open.close().await;
}

/// What keepers of one database share: bots that know it go on after either way, and no file that is backed up has it.
#[tokio::test]
async fn shared_secrets_move_beside_the_state() {
    let Some(server) = crate::server::shared() else { return };
    let (url, place) = (server.database(), Place::sqlite().unwrap());
    let open = place.open().await;
    open.store.commit(notes(&["one"])).await.unwrap();
    open.close().await;
    let secrets: Vec<_> =
        SHARED_SECRETS.iter().map(|name| (*name, format!("the-{name}-of-the-first-folder"))).collect();
    let Place::Sqlite(folder) = &place else { unreachable!() };
    let contender = crate::contender(&url, "mover");
    let given = secrets.iter().map(|(name, secret)| (*name, SecretString::from(secret.as_str()))).collect();
    contender.fill_from(&folder.path().join("state/keeper.db"), given).await.unwrap();
    let moved = crate::holder(&url, "a").await;
    for (name, secret) in &secrets {
        let shared = Note::<String>::new(name).read(&moved).await.unwrap().readable();
        assert_eq!(shared.as_ref(), Some(secret), "another host starts with it");
    }
    moved.close().await;

    let back = Place::sqlite().unwrap();
    back.open().await.close().await;
    let Place::Sqlite(folder) = &back else { unreachable!() };
    let file = folder.path().join("state/keeper.db");
    let full = contender.move_to(&file, &|_| Err("the disk is full".to_owned()), &away()).await.unwrap_err();
    assert!(full.to_string().contains("the disk is full"), "{full}");
    let kept = Mutex::new(vec![]);
    let keep = |secrets: Vec<(&'static str, SecretString)>| {
        let text = |(name, secret): (&'static str, SecretString)| (name, secret.expose_secret().to_owned());
        kept.lock().unwrap().extend(secrets.into_iter().map(text));
        Ok(())
    };
    let copied =
        contender.move_to(&file, &keep, &away()).await.expect("nothing was left by the attempt before");
    assert_eq!((copied["journal"], kept.into_inner().unwrap()), (1, secrets.clone()));
    // Not even in a page that is free again.
    for file in std::fs::read_dir(folder.path().join("state")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for (_, secret) in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
    let open = back.open().await;
    for name in SHARED_SECRETS {
        assert!(Note::<String>::new(name).read(open.store.as_ref()).await.unwrap().readable().is_none());
    }
    open.close().await;
}

/// Once it has left, nobody acts there: not one that asks later, and not one that has waited. The folder to which it went
/// brings it again, with what has become of it; no other one does.
#[tokio::test]
async fn a_state_that_has_left_is_acted_on_by_nobody_until_it_comes_back() {
    let Some(server) = crate::server::shared() else { return };
    let (url, back, other) = (server.database(), Place::sqlite().unwrap(), Place::sqlite().unwrap());
    let holder = crate::holder(&url, "a").await;
    holder.commit(notes(&["of postgres"])).await.unwrap();
    let mut waits = crate::contender(&url, "b");
    waits.stand_by();
    assert!(waits.try_take().await.unwrap().is_none());
    holder.close().await;
    for place in [&back, &other] {
        place.open().await.close().await;
    }
    let (Place::Sqlite(folder), Place::Sqlite(second)) = (&back, &other) else { unreachable!() };
    let (file, second) = (folder.path().join("state/keeper.db"), second.path().join("state/keeper.db"));
    let mover = crate::contender(&url, "mover");
    mover.move_to(&file, &|_| Ok(()), &away()).await.unwrap();

    for contender in [&mut waits, &mut crate::contender(&url, "c")] {
        for _ in 0..2 {
            let refused = contender.try_take().await.unwrap_err();
            assert!(matches!(&refused, ConnectError::Away(to) if *to == away()), "{refused}");
            assert!(!refused.may_pass() && !refused.may_pass_again());
            assert!(contender.look_if_fit().await.is_err() && contender.session().await.is_err());
        }
    }
    for refused in [
        mover.copy_to(&second, &|_| Ok(())).await,
        mover.move_to(&second, &|_| Ok(()), &away()).await,
        mover.fill_from(&second, vec![]).await,
    ] {
        assert!(refused.unwrap_err().to_string().contains("/state on host first.example"));
    }
    let open = back.open().await;
    open.store.commit(notes(&["of the folder"])).await.unwrap();
    open.close().await;
    mover.fill_from(&file, vec![]).await.unwrap();
    let holder = crate::holder(&url, "d").await;
    let events = holder.recent_events(9).await.unwrap();
    let events: Vec<_> = events.into_iter().map(|recorded| recorded.event).collect();
    assert_eq!(events, [note("of the folder"), note("of postgres")]);
    holder.close().await;
}

/// The lease was lost before the last step: the database keeps the state, and the same migration may bring it once more.
#[tokio::test]
async fn a_migration_that_has_lost_its_lease_moves_nothing() {
    let Some(server) = crate::server::shared() else { return };
    let (url, back) = (server.database(), Place::sqlite().unwrap());
    let database = url.expose_secret().rsplit('/').next().unwrap().to_owned();
    let database = database.split('?').next().unwrap();
    let holder = crate::holder(&url, "a").await;
    holder.commit(notes(&["one"])).await.unwrap();
    holder.close().await;
    back.open().await.close().await;
    let Place::Sqlite(folder) = &back else { unreachable!() };
    let file = folder.path().join("state/keeper.db");
    let mover = crate::contender(&url, "mover");
    let lose = |_| {
        let of_a_keeper =
            server.sql(database, "SELECT expires_at - clock_timestamp() <= interval '15 s' FROM lease");
        assert_eq!(of_a_keeper, "t\n", "one that is killed now is waited for no longer than a keeper");
        server.sql(database, "UPDATE lease SET expires_at = clock_timestamp() - interval '1 s'");
        Ok(())
    };
    let late = mover.move_to(&file, &lose, &away()).await.unwrap_err();
    assert!(late.to_string().contains("the lease"), "{late}");
    let holder = crate::holder(&url, "b").await;
    holder.commit(notes(&["two"])).await.unwrap();
    holder.close().await;
    let other = Away { number: "eight".into(), ..away() };
    let full = mover.move_to(&file, &|_| Ok(()), &other).await.unwrap_err();
    assert!(full.to_string().contains("there is a state"), "{full}");
    let copied = mover.move_to(&file, &|_| Ok(()), &away()).await.unwrap();
    assert_eq!(copied["journal"], 2);
}
