//! The lease: one keeper acts, and what another one commits after that is refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use fyers_keeper::store::postgres::{
    Address, Candidate, ConnectError, Contender, LEASE, RENEW_EVERY, ReplacedRun,
};
use keeper_domain::{
    ports::{ChangeStore, OutboxStore, SessionStore, StoreErrorKind},
    served::{Misfit, Served},
};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use crate::{
    contender, holder, server,
    suite::{journal, note, notes},
};

/// As if its time had passed.
pub(crate) fn end_lease(server: &server::Server, url: &secrecy::SecretString) {
    let database = secrecy::ExposeSecret::expose_secret(url).rsplit('/').next().unwrap().to_owned();
    let database = database.split('?').next().unwrap();
    server.sql(database, "UPDATE lease SET expires_at = clock_timestamp()");
}

#[test]
fn the_lease_outlives_some_renewals_that_fail() {
    assert!(LEASE >= 3 * RENEW_EVERY);
}

#[tokio::test]
async fn one_keeper_holds_it_and_lets_it_go_at_its_end() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let first = holder(&url, "a").await;
    assert!(first.holding().is_good());
    let mut second = contender(&url, "b");
    assert!(second.try_take().await.unwrap().is_none(), "it is held");
    let row = second.look().await.unwrap();
    assert_eq!((row.holder.as_deref(), row.epoch, row.is_over), (Some("a"), 1, false));
    first.commit(notes(&["of a"])).await.unwrap();
    first.close().await;
    assert!(!first.holding().is_good());
    let holding = second.try_take().await.unwrap().expect("it was let go, nobody waits for its end");
    assert_eq!(holding.epoch(), 2);
    let second = second.into_store(holding, Arc::new(|| {})).unwrap();
    assert_eq!(journal(&second).await, [note("of a")]);
    second.close().await;
}

/// The first keeper slept: it believes that it may act, and its commits are refused all the same.
#[tokio::test]
async fn a_keeper_that_slept_can_commit_nothing() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let lost = Arc::new(AtomicBool::new(false));
    let mut contender_a = contender(&url, "a");
    contender_a.prepare().await.unwrap();
    let holding = contender_a.try_take().await.unwrap().unwrap();
    let told = Arc::clone(&lost);
    let first =
        contender_a.into_store(holding, Arc::new(move || told.store(true, Ordering::SeqCst))).unwrap();
    first.commit(notes(&["before"])).await.unwrap();
    end_lease(server, &url);
    let second = holder(&url, "b").await;
    let refused = first.commit(notes(&["too late"])).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Fenced, "{refused}");
    let refused = first.queue_alerts(1, vec![], vec![]).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Fenced, "alerts as well");
    second.commit(notes(&["of b"])).await.unwrap();
    assert_eq!(journal(&second).await, [note("before"), note("of b")]);
    // The next renewal tells it.
    while !lost.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!first.holding().is_good());
    second.close().await;
}

/// A backup is put back beside running keepers: the number of a holding is given again, and it is another holding.
#[tokio::test]
async fn a_number_that_is_given_again_is_not_the_same_lease() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    holder(&url, "a").await.close().await;
    let second = holder(&url, "b").await;
    second.commit(notes(&["of b"])).await.unwrap();
    let database = url.expose_secret().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let before = "UPDATE lease SET epoch = 1, holder = 'a', expires_at = clock_timestamp()";
    server.sql(&database, before);
    let third = holder(&url, "c").await;
    assert_eq!(third.holding().epoch(), second.holding().epoch());
    let refused = second.commit(notes(&["too late"])).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Fenced, "{refused}");
    assert!(!second.holding().is_good());
    second.close().await;
    third.commit(notes(&["of c"])).await.unwrap();
    assert!(third.holding().is_good(), "nobody has let it go in its name");
}

/// The same holder, whose last transactions the database does not know any more.
#[tokio::test]
async fn a_holder_makes_nothing_on_an_earlier_moment_and_the_next_one_is_told() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let first = holder(&url, "a").await;
    first.commit(notes(&["one"])).await.unwrap();
    first.commit(notes(&["two"])).await.unwrap();
    let (mut waiting, mut fresh) = (contender(&url, "b"), contender(&url, "c"));
    waiting.look().await.unwrap();
    let database = url.expose_secret().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    server.sql(&database, "UPDATE lease SET commits = commits - 1");
    let refused = first.commit(notes(&["three"])).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Fenced, "{refused}");
    assert!(!first.holding().is_good(), "it begins anew");
    end_lease(server, &url);
    assert!(waiting.try_take().await.unwrap().expect("nobody has it").was_put_back());
    end_lease(server, &url);
    assert!(
        !fresh.try_take().await.unwrap().expect("nobody has it").was_put_back(),
        "it has seen nothing else"
    );
}

/// The answer did not come in time, and what was asked for was done all the same: nobody else may act, so it must notice.
#[tokio::test]
async fn a_keeper_that_holds_it_without_knowing_takes_it_again() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let mut asking = contender(&url, "a");
    asking.prepare().await.unwrap();
    let mut somebody = PgConnection::connect(url.expose_secret()).await.unwrap();
    let mut blocking = somebody.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM lease FOR UPDATE").execute(&mut *blocking).await.unwrap();
    asking.try_take().await.unwrap_err();
    blocking.commit().await.unwrap();
    while asking.look().await.unwrap().holder.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut other = contender(&url, "b");
    assert!(other.try_take().await.unwrap().is_none(), "another one waits for its end");
    assert_eq!(asking.try_take().await.unwrap().expect("it is its own").epoch(), 2);
}

/// What is carried out when the holder must have stopped would make the others wait for nobody.
#[tokio::test]
async fn a_renewal_that_comes_too_late_renews_nothing() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let mut asking = contender(&url, "a");
    asking.prepare().await.unwrap();
    let lost = Arc::new(AtomicBool::new(false));
    let holding = asking.try_take().await.unwrap().unwrap();
    let telling = Arc::clone(&lost);
    let store = asking.into_store(holding, Arc::new(move || telling.store(true, Ordering::SeqCst))).unwrap();
    // The first renewal finds less of it than the two seconds in which nobody acts any more.
    let soon = RENEW_EVERY + Duration::from_secs(1);
    let database = url.expose_secret().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let sql =
        format!("UPDATE lease SET expires_at = clock_timestamp() + interval '{} s'", soon.as_secs_f64());
    server.sql(&database, &sql);
    let mut other = contender(&url, "b");
    while !lost.load(Ordering::SeqCst) {
        let left = other.look().await.unwrap().left;
        assert!(left <= soon, "it was renewed: {left:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!store.holding().is_good());
}

/// Of those who share a database the last one that acted counts; a task that holds the lease for a moment is none.
#[tokio::test]
async fn whoever_takes_it_knows_whether_the_last_keeper_has_let_go() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let first = holder(&url, "a").await;
    assert!(!first.holding().after_crash(), "nobody was here before");
    first.commit(notes(&["before it has begun"])).await.unwrap();
    end_lease(server, &url);
    let first = holder(&url, "a2").await;
    assert!(!first.holding().after_crash(), "the first one took it and never began: that is no crash");
    first.holding().note_start();
    first.commit(notes(&["has started"])).await.unwrap();
    end_lease(server, &url);
    let task = Candidate { name: "key add".to_owned(), ..Candidate::default() };
    let mut task = Contender::new(Address::parse(&url).unwrap(), task);
    let held = task.try_take().await.unwrap().unwrap();
    task.into_store(held, Arc::new(|| {})).unwrap().close().await;
    let mut second = contender(&url, "b");
    assert!(second.try_take().await.unwrap().unwrap().after_crash());
    let again = second.try_take().await.unwrap().expect("as if it had not heard");
    assert!(again.after_crash(), "it follows the same one");
    second.into_store(again, Arc::new(|| {})).unwrap().close().await;
    let mut third = contender(&url, "c");
    let held = third.try_take().await.unwrap().unwrap();
    assert!(held.after_crash(), "the second one could not begin: nobody has told of the crash");
    held.note_begun();
    third.into_store(held, Arc::new(|| {})).unwrap().close().await;
    assert!(!contender(&url, "d").try_take().await.unwrap().unwrap().after_crash());
}

/// A copy of the program in the place of a run that has lost its lease, or could not begin and could not let it go.
#[tokio::test]
async fn a_copy_follows_the_run_that_it_has_replaced() {
    let Some(server) = server::shared() else { return };
    let copy = |url: &secrecy::SecretString, has_begun| {
        let replaced = Some(ReplacedRun { name: "a".to_owned(), has_begun });
        let who = Candidate { name: "copy".to_owned(), is_keeper: true, replaced, ..Candidate::default() };
        Contender::new(Address::parse(url).unwrap(), who)
    };
    for has_begun in [true, false] {
        let url = server.database();
        let first = holder(&url, "a").await;
        first.holding().note_start();
        first.commit(notes(&["has started"])).await.unwrap();
        assert!(contender(&url, "b").try_take().await.unwrap().is_none(), "its lease stands");
        let at_once = copy(&url, has_begun).try_take().await.unwrap();
        assert_eq!(at_once.is_some(), has_begun, "whoever could not begin leaves it to another one");
        let taken = match at_once {
            Some(taken) => taken,
            None => {
                end_lease(server, &url);
                copy(&url, has_begun).try_take().await.unwrap().expect("nobody has it")
            }
        };
        assert_eq!(taken.after_crash(), has_begun, "a start that failed has said so");
        let refused = first.commit(notes(&["too late"])).await.unwrap_err();
        assert_eq!(refused.kind, StoreErrorKind::Fenced, "{refused}");
    }
}

/// By name and app, whatever the order of things: another account's keeper gets nothing.
#[tokio::test]
async fn a_keeper_of_another_account_never_gets_it() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    let served = |account: &str| Served {
        account: Some(account.to_owned()),
        app: Some("APP-100".to_owned()),
        sandbox: Some(false),
        ..Served::default()
    };
    let of = |name: &str, account: &str| {
        let who = Candidate {
            name: name.to_owned(),
            served: served(account),
            is_keeper: true,
            ..Candidate::default()
        };
        Contender::new(Address::parse(&url).unwrap(), who)
    };
    let mut first = of("a", "XA1");
    first.prepare().await.unwrap();
    let holding = first.try_take().await.unwrap().unwrap();
    let store = first.into_store(holding, Arc::new(|| {})).unwrap();
    for _ in 0..2 {
        let refused = of("b", "XB2").try_take().await.unwrap_err();
        assert!(
            matches!(refused, ConnectError::Misfit(Misfit::Account { .. })) && !refused.may_pass(),
            "{refused}"
        );
        store.close().await;
    }
    assert!(of("c", "xa1").try_take().await.unwrap().is_some(), "the same account");
}

#[tokio::test]
async fn two_that_ask_at_once_never_both_get_it() {
    let Some(server) = server::shared() else { return };
    let url = server.database();
    contender(&url, "first").prepare().await.unwrap();
    for round in 0..20 {
        end_lease(server, &url);
        let mut all: Vec<_> = (0..8).map(|n| contender(&url, &format!("{round}/{n}"))).collect();
        let asked = all.iter_mut().map(fyers_keeper::store::postgres::Contender::try_take);
        let won = futures_util::future::join_all(asked).await;
        assert_eq!(won.into_iter().filter(|taken| matches!(taken, Ok(Some(_)))).count(), 1);
    }
}

/// The server dies and comes back: what was acknowledged is there, what was refused is not, and it heals by itself.
#[tokio::test]
async fn a_server_that_dies_is_waited_for() {
    let Some(server) = server::Server::start() else { return };
    let url = server.database();
    let store = holder(&url, "a").await;
    let mut acknowledged = vec![];
    for n in 0..60 {
        if n == 20 {
            server.crash();
        }
        if n == 40 {
            server.run();
            // Until it has connected again, all is refused at once.
            while store.commit(notes(&["healed"])).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            acknowledged.push("healed".to_owned());
        }
        let made = store.commit(notes(&[&n.to_string()])).await;
        assert_eq!(made.is_ok(), !(20..40).contains(&n), "{n}: {made:?}");
        if made.is_ok() {
            acknowledged.push(n.to_string());
        }
    }
    let wanted: Vec<_> = acknowledged.iter().map(|text| note(text)).collect();
    assert_eq!(journal(&store).await, wanted);
    assert!(store.session().await.is_ok());
    store.close().await;
}
