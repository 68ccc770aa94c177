//! Exits under a halt wait for a reading that began after they came.

use super::*;

/// Halted with ten, and FYERS slow enough for things to happen meanwhile.
async fn halted(slow: Duration) -> Floor {
    let (fyers, store) = (Fyers { slow, ..Fyers::default() }, Arc::new(MemoryStore::default()));
    fyers.books(&[], &[held(10)]);
    let fyers = Arc::new(fyers);
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    time::sleep(Duration::from_secs(150)).await;
    Floor { fyers, store, actor }
}

fn exit(quantity: i64) -> Forward {
    Forward(call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", quantity, -1, "x")), BotName::owner())
}

#[actix::test]
async fn exits_at_once_share_a_reading_and_each_counts_for_those_behind_it() {
    time::pause();
    let floor = halted(Duration::from_millis(200)).await;
    let before = floor.fyers.calls("/positions").len();
    let all: Vec<_> = [6, 6, 4, 1].map(|quantity| floor.actor.send(exit(quantity))).into();
    let mut pending = vec![];
    for sent in all {
        pending.push(sent.await.unwrap());
    }
    let mut venues = vec![];
    for one in pending {
        venues.push(one.answered().await.venue);
    }
    assert_eq!(venues, [Venue::Fyers, Venue::None, Venue::Fyers, Venue::None]);
    let readings = floor.fyers.calls("/positions").len() - before;
    assert!((1..=2).contains(&readings), "the first begins one, the others share one: {readings}");
    let orders = floor.fyers.own.lock().unwrap().len();
    assert!(orders <= 2 * 3, "readings for exits are the bots' share: {orders}");
}

#[actix::test]
async fn what_is_closed_elsewhere_while_a_reading_runs_is_seen_by_the_next() {
    time::pause();
    let floor = halted(Duration::from_millis(200)).await;
    let first = floor.actor.send(exit(4)).await.unwrap();
    // The second one comes while the reading for the first runs, and the position is closed just after it.
    time::sleep(Duration::from_millis(300)).await;
    let second = floor.actor.send(exit(6)).await.unwrap();
    time::sleep(Duration::from_millis(150)).await;
    floor.fyers.books(&[], &[held(0)]);
    assert_eq!(first.answered().await.venue, Venue::Fyers);
    assert_eq!(second.answered().await.venue, Venue::None);
    assert_eq!(floor.fyers.calls("/orders/sync").len(), 1);
}

#[actix::test]
async fn an_exit_waits_five_seconds_at_most_and_is_not_sent_later() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    floor.fyers.fails("/positions", ProxyError::Transport(Transport::Timeout));
    let (done, words) = floor.place("NSE:SBIN-EQ", 1, -1).await;
    assert_eq!((done.venue, done.answer.status), (Venue::None, 400), "{words}");
    assert!(words["message"].as_str().unwrap().contains("are not known at the moment"), "{words}");
    let slow = halted(Duration::from_secs(30)).await;
    let began = time::Instant::now();
    let (done, words) = slow.place("NSE:SBIN-EQ", 1, -1).await;
    assert_eq!((done.venue, began.elapsed().as_secs()), (Venue::None, 5), "{words}");
    time::sleep(Duration::from_secs(120)).await;
    assert_eq!(slow.fyers.calls("/orders/sync").len(), 0);
}

/// An order that meets FYERS' error: simulated only where the profile call says that the token is dead.
#[actix::test]
async fn one_error_moves_no_order_before_the_profile_call_has_spoken() {
    time::pause();
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    for (word, venue) in [(Some(true), Venue::Fyers), (Some(false), Venue::Mock), (None, Venue::Fyers)] {
        let floor = open(false, true).await;
        floor.fyers.says("/orders/sync", 401, &dead);
        let sent =
            Forward(call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 5, 1, "x")), BotName::owner());
        let pending = floor.actor.send(sent).await.unwrap();
        time::sleep(Duration::from_millis(100)).await;
        assert_eq!(floor.actor.send(GetMode).await.unwrap().mode, Mode::Mock, "doubt means Mock meanwhile");
        if let Some(usable) = word {
            floor.actor.send(session(usable)).await.unwrap();
        }
        let done = pending.answered().await;
        assert_eq!(done.venue, venue, "{word:?}");
        assert_eq!(floor.fyers.calls("/orders/sync").len(), 1, "it is not sent again");
        let refused = floor.store.count(|event| matches!(event, Event::OrderRejected { .. }));
        assert_eq!(refused, usize::from(venue == Venue::Fyers), "{word:?}");
    }
}
