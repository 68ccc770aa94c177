//! What happens when the disk fails, and what is found on it after a crash.

use keeper_domain::order_journal::{LookedUp, OrderEntry};

use super::*;

#[actix::test]
async fn without_its_intent_on_disk_no_order_leaves_and_the_store_heals() {
    let floor = floor(false, true).await;
    floor.store.fault.lock().unwrap().push_back(Fault::Refuse);
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.answer.status, done.venue), (503, Venue::None), "{body}");
    assert!(floor.fyers.calls("/orders/sync").is_empty());
    let (done, _) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!(done.venue, Venue::Fyers);
}

#[actix::test]
async fn fyers_answer_is_passed_on_whatever_the_store_does_and_written_down_later() {
    let floor = floor(false, true).await;
    {
        let mut faults = floor.store.fault.lock().unwrap();
        faults.extend([Fault::Pass, Fault::Refuse]);
    }
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.answer.status, done.venue, body["code"].as_i64()), (200, Venue::Fyers, Some(1101)));
    time::sleep(Duration::from_secs(30)).await;
    assert!(matches!(floor.store.shelf.lock().unwrap().outcomes[..], [(1, IntentOutcome::Answered { .. })]));
    assert_eq!(floor.store.count(|event| matches!(event, Event::OrderPlaced { .. })), 1);
    assert_eq!(floor.store.order_journal(9).await.unwrap().len(), 1);
}

/// The bot has its answer long before the store says no, as while another program holds the database.
#[actix::test]
async fn an_outcome_that_the_store_refuses_late_is_written_when_it_can_be() {
    let floor = floor(false, true).await;
    floor.store.hold();
    let intent = async {
        while floor.store.waiting() == 0 {
            time::sleep(Duration::from_millis(10)).await;
        }
        floor.store.make_held(1);
    };
    let ((done, body), ()) = tokio::join!(floor.place("NSE:SBIN-EQ", 5, 1), intent);
    assert_eq!((done.answer.status, done.venue, body["code"].as_i64()), (200, Venue::Fyers, Some(1101)));
    floor.store.fault.lock().unwrap().push_back(Fault::Refuse);
    floor.store.let_go();
    time::sleep(Duration::from_secs(30)).await;
    assert!(matches!(floor.store.shelf.lock().unwrap().outcomes[..], [(1, IntentOutcome::Answered { .. })]));
    assert_eq!(floor.store.count(|event| matches!(event, Event::OrderPlaced { .. })), 1);
    assert_eq!(floor.store.order_journal(9).await.unwrap().len(), 1);
}

#[actix::test]
async fn a_simulated_order_that_cannot_be_written_has_not_happened() {
    let floor = floor(false, false).await;
    floor.store.fault.lock().unwrap().push_back(Fault::Refuse);
    let (done, body) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!((done.answer.status, done.venue), (503, Venue::None), "{body}");
    let (_, book) = floor.ask(Method::Get, "/orders", Value::Null).await;
    assert_eq!(book["orderBook"].as_array().unwrap().len(), 0);
    let (done, _) = floor.place("NSE:SBIN-EQ", 5, 1).await;
    assert_eq!(done.venue, Venue::Mock);
}

/// The first request of a day opens it: that is to be written, and a read is answered without it.
#[actix::test]
async fn a_read_is_answered_by_what_is_on_disk_when_nothing_can_be_written() {
    let floor = floor(false, false).await;
    for path in ["/orders", "/positions", "/funds"] {
        floor.store.fault.lock().unwrap().push_back(Fault::Refuse);
        let (done, body) = floor.ask(Method::Get, path, Value::Null).await;
        assert_eq!(
            (done.answer.status, done.venue, body["s"].as_str()),
            (200, Venue::Mock, Some("ok")),
            "{body}"
        );
        floor.store.fault.lock().unwrap().clear();
    }
}

#[actix::test]
async fn open_intents_are_looked_up_at_start_told_and_never_sent_again() {
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    time::pause();
    let request = |tag: &str| call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 5, 1, tag));
    let at = "2026-11-23T04:29:30Z".parse().unwrap();
    let intent = |id: i64, request: &ApiRequest| {
        OrderIntent::of(
            (id, &BotName::owner()),
            &keeper_domain::routing::request::OrderCall::read(request),
            request,
            0,
            at,
        )
    };
    let cancel = call(Method::Delete, "/orders/sync", &json!({"id": "9"}));
    let intents = vec![intent(1, &request("t")), intent(2, &request("gone")), intent(3, &cancel)];
    store.commit(Change { intents, ..Change::default() }).await.unwrap();
    fyers.books(&[row("77", 5, 2)], &[]);
    let actor = start(&fyers, &store, false);
    time::sleep(Duration::from_secs(60)).await;
    assert_eq!(store.count(|event| matches!(event, Event::OrderOutcomeUnknown { .. })), 0, "no token yet");
    let listed = store.order_journal(9).await.unwrap();
    let unknown = |row: &OrderEntry| row.is_unknown() && row.id.is_none();
    assert!(listed.len() == 3 && listed.iter().all(unknown), "each has a row at once: {listed:?}");
    actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(10)).await;
    let told: Vec<Event> = store
        .events()
        .into_iter()
        .filter(|event| matches!(event, Event::OrderOutcomeUnknown { .. }))
        .collect();
    let fate = |event: &Event| match event {
        Event::OrderOutcomeUnknown { found, searched, .. } => (found.clone(), *searched),
        _ => unreachable!(),
    };
    let wanted = [(Some("77".to_owned()), true), (None, true), (None, false)];
    assert_eq!(told.iter().map(fate).collect::<Vec<_>>(), wanted);
    let outcomes = store.shelf.lock().unwrap().outcomes.clone();
    assert!(matches!(&outcomes[0], (1, IntentOutcome::Searched(Search::Found { ids })) if ids == &["77"]));
    assert!(fyers.calls("/orders/sync").is_empty(), "the keeper never sends again");
    let mut rows = store.order_journal(9).await.unwrap();
    rows.reverse();
    let row = |row: &OrderEntry| {
        (row.id.clone(), row.what.clone(), row.venue, row.unanswered.as_ref().unwrap().known)
    };
    let place = |id: Option<&str>, known| (id.map(str::to_owned), "place".to_owned(), Venue::Fyers, known);
    assert_eq!(row(&rows[0]), place(Some("77"), LookedUp::Found));
    assert_eq!(row(&rows[1]), place(None, LookedUp::NotFound));
    assert_eq!(row(&rows[2]), (None, "cancel".to_owned(), Venue::Fyers, LookedUp::LookYourself));
    assert!(rows.iter().all(|row| row.bot == Some(BotName::owner())) && rows.len() == 3, "{rows:?}");
}

#[actix::test]
async fn an_order_that_was_told_as_not_found_is_looked_for_again_after_a_restart() {
    let floor = floor(false, true).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    assert_eq!(floor.place("NSE:SBIN-EQ", 5, 1).await.1["code"], 201, "nobody knows");
    time::sleep(Duration::from_secs(6)).await;
    assert_eq!(
        floor.store.order_journal(9).await.unwrap()[0].unanswered.as_ref().unwrap().known,
        LookedUp::NotFound
    );

    let Floor { fyers, store, .. } = floor;
    fyers.books(&[row("77", 5, 2)], &[held(5)]);
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(3)).await;
    let rows = store.order_journal(9).await.unwrap();
    assert_eq!((rows.len(), rows[0].id.as_deref(), rows[0].is_unknown()), (1, Some("77"), false), "{rows:?}");
    let found =
        |event: &Event| matches!(event, Event::OrderOutcomeUnknown { found: Some(id), .. } if id == "77");
    assert_eq!(store.count(found), 1, "and told");
    assert!(matches!(
        store.shelf.lock().unwrap().outcomes[..],
        [.., (1, IntentOutcome::Searched(Search::Found { .. }))]
    ));
    assert_eq!(fyers.calls("/orders/sync").len(), 1);
}

/// The reading of an hour ago is no reason to think that it did not arrive.
#[actix::test]
async fn the_exit_of_an_entry_that_got_no_answer_is_not_simulated_by_a_later_life_without_a_token() {
    let floor = floor(false, true).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    assert_eq!(floor.place("NSE:INFY-EQ", 6, 1).await.1["code"], 201, "nobody knows");
    time::sleep(Duration::from_secs(6)).await;
    floor.actor.send(session(false)).await.unwrap();
    let Floor { fyers, store, .. } = floor;
    let actor = start(&fyers, &store, false);
    actor.send(session(false)).await.unwrap();
    let next = Floor { fyers, store, actor };
    for seconds in [0, 3_600] {
        time::sleep(Duration::from_secs(seconds)).await;
        assert_eq!(next.place("NSE:INFY-EQ", 6, -1).await.0.venue, Venue::None, "it may have filled");
    }
    let later =
        ExchangeDeps { time: PausedTime::at("2026-11-23T14:00"), ..deps(&next.fyers, &next.store, false) };
    let actor = ExchangeActor::new(later).start();
    actor.send(session(false)).await.unwrap();
    let next = Floor { actor, ..next };
    assert_eq!(next.place("NSE:INFY-EQ", 6, -1).await.0.venue, Venue::None, "nobody has looked since");
    next.actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(5)).await;
    next.actor.send(session(false)).await.unwrap();
    assert_eq!(next.place("NSE:INFY-EQ", 6, -1).await.0.venue, Venue::Mock, "it did not arrive");
}

/// FYERS refused an equal order with an id: its row is not that of the lost one.
#[actix::test]
async fn a_refused_order_gives_its_row_to_no_lost_one() {
    let floor = floor(false, true).await;
    let red = json!({"s": "error", "code": -99, "message": "RED:Margin Shortfall", "id": "77"});
    floor.fyers.says("/orders/sync", 400, &red);
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    floor.fyers.books(&[row("77", 5, 5)], &[]);
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    time::sleep(Duration::from_secs(12)).await;
    let lost = floor.store.order_journal(9).await.unwrap().remove(0);
    assert_eq!((lost.id.as_deref(), lost.unanswered.unwrap().known), (None, LookedUp::NotFound));
}
