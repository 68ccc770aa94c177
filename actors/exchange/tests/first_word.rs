//! Requests that come while a stored token is checked for the first time since the start.

use keeper_domain::{
    keys::{KeyRing, StoredKey},
    session::first_check::LONGEST_WAIT,
};
use secrecy::SecretString;

use super::*;

/// The session during the check; `problem` when FYERS fails.
fn checking(problem: Option<Reason>) -> SessionChanged {
    let why = Reason::TokenUnconfirmed;
    let view =
        SessionView { state: StateName::Checking, reason: why, usable: None, problem, ..session(true).view };
    SessionChanged { from: StateName::Valid, to: StateName::Checking, why, view }
}

/// An actor that has heard of nothing yet, and FYERS behind it.
fn just_started(sandbox: bool) -> Floor {
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    fyers.books(&[], &[]);
    let actor = start(&fyers, &store, sandbox);
    Floor { fyers, store, actor }
}

fn simulated(floor: &Floor) -> usize {
    let records = &floor.store.shelf.lock().unwrap().mock_records;
    records.iter().filter(|record| matches!(record, Record::OrderAccepted { .. })).count()
}

#[actix::test]
async fn an_order_and_a_read_wait_for_the_first_word_and_go_to_fyers() {
    time::pause();
    for heard_of_the_check in [true, false] {
        let floor = just_started(false);
        if heard_of_the_check {
            floor.actor.send(checking(None)).await.unwrap();
        }
        let word = async {
            time::sleep(LONGEST_WAIT / 2).await;
            // FYERS has failed once meanwhile: that is no word about the token.
            floor.actor.send(checking(Some(Reason::Unreachable))).await.unwrap();
            time::sleep(LONGEST_WAIT / 4).await;
            floor.actor.send(session(true)).await.unwrap();
        };
        let (order, read, ()) = tokio::join!(
            floor.place("NSE:SBIN-EQ", 5, 1),
            floor.ask(Method::Get, "/funds", Value::Null),
            word
        );
        assert_eq!((order.0.mode, order.0.venue), (Mode::Live, Venue::Fyers), "{}", order.1);
        assert_eq!((read.0.mode, read.0.venue), (Mode::Live, Venue::Fyers));
        assert_eq!((floor.fyers.calls("/orders/sync").len(), simulated(&floor)), (1, 0));
    }
}

#[actix::test]
async fn an_order_whose_word_does_not_come_is_refused_in_time_and_simulated_once_fyers_has_failed() {
    time::pause();
    let floor = just_started(false);
    floor.actor.send(checking(None)).await.unwrap();
    let began = time::Instant::now();
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.mode, done.venue, done.answer.status), (Mode::Mock, Venue::None, 503), "{body}");
    assert!(body["message"].as_str().unwrap().contains("not confirmed yet"), "{body}");
    assert!((LONGEST_WAIT..LONGEST_WAIT * 2).contains(&began.elapsed()), "{:?}", began.elapsed());
    let (again, _) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!(again.venue, Venue::None);
    assert!(began.elapsed() < LONGEST_WAIT * 2, "the time is that of the check, not of each request");
    let (read, _) = floor.ask(Method::Get, "/funds", Value::Null).await;
    assert_eq!((read.mode, read.venue), (Mode::Mock, Venue::None), "the account is not made up either");
    assert_eq!(simulated(&floor), 0);
    floor.actor.send(checking(Some(Reason::Unreachable))).await.unwrap();
    assert_eq!(floor.place("NSE:SBIN-EQ", 5, 1).await.0.venue, Venue::Mock, "an outage, as configured");
    // The next check of this life has a time of its own.
    floor.actor.send(session(true)).await.unwrap();
    floor.actor.send(checking(None)).await.unwrap();
    let word = async {
        time::sleep(LONGEST_WAIT / 2).await;
        floor.actor.send(session(true)).await.unwrap();
    };
    let (order, ()) = tokio::join!(floor.place("NSE:SBIN-EQ", 5, 1), word);
    assert_eq!(order.0.venue, Venue::Fyers, "{}", order.1);
}

/// The TokenActor writes down that it asks before it asks: on a disk that is full it does not, and that is what a bot is told.
#[actix::test]
async fn an_order_without_a_first_word_whose_refusal_cannot_be_written_names_the_disk() {
    time::pause();
    let floor = just_started(false);
    floor.actor.send(checking(None)).await.unwrap();
    floor.store.fault.lock().unwrap().extend([Fault::Refuse; 20]);
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.venue, done.answer.status), (Venue::None, 503), "{body}");
    let words = body["message"].as_str().unwrap();
    assert!(words.contains("nothing was done: ") && !words.contains("token"), "{words}");
    assert_eq!(simulated(&floor), 0);
}

#[actix::test]
async fn nobody_waits_without_a_stored_token_without_an_app_below_fyers_or_at_the_end() {
    time::pause();
    let floor = just_started(false);
    floor.actor.send(session(false)).await.unwrap();
    let began = time::Instant::now();
    assert_eq!(floor.place("NSE:SBIN-EQ", 5, 1).await.0.venue, Venue::Mock);

    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    let no_app = ExchangeDeps { proxy: None, ..deps(&fyers, &store, false) };
    let floor = Floor { actor: ExchangeActor::new(no_app).start(), fyers, store };
    assert_eq!(floor.place("NSE:SBIN-EQ", 5, 1).await.0.venue, Venue::Mock, "nobody will say anything");

    let floor = just_started(false);
    floor.actor.send(checking(None)).await.unwrap();
    let stop = async { floor.actor.send(StopOrders).await.unwrap() };
    let (order, ()) = tokio::join!(floor.place("NSE:SBIN-EQ", 5, 1), stop);
    assert_eq!((order.0.venue, order.0.answer.status), (Venue::None, 503));
    assert!(order.1["message"].as_str().unwrap().contains("stopping"), "{}", order.1);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[actix::test]
async fn a_bot_that_never_uses_fyers_does_not_wait_and_one_in_sandbox_gets_fyers_prices() {
    time::pause();
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    let deps = deps(&fyers, &store, false);
    let owner = StoredKey { ceiling: Mode::Mock, ..StoredKey::owner(deps.time.now()) };
    let secret = SecretString::from("a secret".to_owned());
    deps.keys.store(Arc::new(KeyRing::new(vec![owner], &secret, &secret, deps.time.now())));
    let floor = Floor { actor: ExchangeActor::new(deps).start(), fyers, store };
    floor.actor.send(checking(None)).await.unwrap();
    let began = time::Instant::now();
    assert_eq!(floor.place("NSE:SBIN-EQ", 5, 1).await.0.venue, Venue::Mock);
    assert!(began.elapsed() < Duration::from_secs(1));

    let floor = just_started(true);
    floor.actor.send(checking(None)).await.unwrap();
    let quote = json!({"s": "ok", "d": [{"n": "NSE:SBIN-EQ", "s": "ok", "v": {"lp": 801.5}}]});
    floor.fyers.says("/quotes", 200, &quote);
    let word = async {
        time::sleep(LONGEST_WAIT / 2).await;
        floor.actor.send(session(true)).await.unwrap();
    };
    let (order, ()) = tokio::join!(floor.place("NSE:SBIN-EQ", 5, 1), word);
    assert_eq!((order.0.mode, order.0.venue), (Mode::Sandbox, Venue::Mock), "{}", order.1);
    assert_eq!(floor.fyers.calls("/quotes").len(), 1);
}
