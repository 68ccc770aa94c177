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
