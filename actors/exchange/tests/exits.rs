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
    floor.fyers.own.lock().unwrap().clear();
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
    // What is too much waits until it is known that the first has filled nothing, a few readings long.
    assert!((1..=10).contains(&readings), "the first begins one, the others share: {readings}");
    let own = floor.fyers.own.lock().unwrap().len();
    assert!((2..=2 * 6).contains(&own), "six readings are the keeper's own: {own}");
}

/// One bot reads all that the bots may: another one's exits do not wait for that, six times in a minute.
#[actix::test]
async fn what_one_bot_reads_does_not_keep_another_in_its_position() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    *floor.fyers.starved.lock().unwrap() = true;
    for number in 0..6 {
        let began = time::Instant::now();
        let (exit, words) = floor.place("NSE:SBIN-EQ", 1, -1).await;
        assert_eq!(exit.venue, Venue::Fyers, "{number}: {words}");
        assert!(began.elapsed() < Duration::from_secs(1), "{number}: {:?}", began.elapsed());
    }
    let began = time::Instant::now();
    let (more, words) = floor.place("NSE:SBIN-EQ", 1, -1).await;
    assert_eq!(more.venue, Venue::None, "a bot's exits do not use up what is kept back: {words}");
    assert_eq!(began.elapsed().as_secs(), 5, "room for a reading may come");
    assert!(words["message"].as_str().unwrap().contains("are not known at the moment"), "{words}");
    time::sleep(Duration::from_secs(61)).await;
    assert_eq!(floor.place("NSE:SBIN-EQ", 1, -1).await.0.venue, Venue::Fyers);
}

/// What the keeper knows is some seconds old: an order has filled since.
#[actix::test]
async fn an_exit_right_after_a_fill_waits_for_a_reading_and_passes() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    floor.fyers.books(&[], &[held(0)]);
    time::sleep(Duration::from_secs(200)).await;
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::None, "nothing is open");
    floor.fyers.books(&[], &[held(10)]);
    let (more, words) = floor.place("NSE:SBIN-EQ", 11, -1).await;
    assert_eq!(more.venue, Venue::None, "{words}");
    // The books have changed without an order that they show: what may be closed is not known to the share.
    assert!(words["message"].as_str().unwrap().contains("are not known at the moment"), "{words}");
    floor.fyers.books(&[], &[held(4)]);
    let began = time::Instant::now();
    let (exit, words) = floor.place("NSE:SBIN-EQ", 4, -1).await;
    assert_eq!(exit.venue, Venue::Fyers, "{words}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

/// One bot reads all that the bots may, and another has just bought what the keeper does not know of yet.
#[actix::test]
async fn an_exit_right_after_a_fill_has_its_reading_however_much_another_bot_reads() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    floor.fyers.books(&[], &[held(0)]);
    time::sleep(Duration::from_secs(120)).await;
    *floor.fyers.starved.lock().unwrap() = true;
    let bought = |filled: i64| {
        let mut row = row("26", filled, 2);
        row["filledQty"] = json!(filled);
        row
    };
    for (number, net) in [10, 14, 17].into_iter().enumerate() {
        floor.fyers.books(&[bought(net)], &[held(net)]);
        let began = time::Instant::now();
        let (exit, words) = floor.place("NSE:SBIN-EQ", net, -1).await;
        assert_eq!(exit.venue, Venue::Fyers, "{number}: {words}");
        assert!(began.elapsed() < Duration::from_secs(5), "{number}: {:?}", began.elapsed());
        floor.fyers.books(&[], &[held(0)]);
        time::sleep(Duration::from_secs(200)).await;
    }
    // Entries that are none have used up what this bot may have read for it: what is open is not known, and so it is said.
    for _ in 0..4 {
        let (entry, words) = floor.place("NSE:SBIN-EQ", 10, 1).await;
        assert_eq!(entry.venue, Venue::None, "{words}");
    }
    floor.fyers.books(&[bought(10)], &[held(10)]);
    let (exit, words) = floor.place("NSE:SBIN-EQ", 10, -1).await;
    assert_eq!(exit.venue, Venue::None, "{words}");
    assert!(words["message"].as_str().unwrap().contains("are not known at the moment"), "{words}");
    time::sleep(Duration::from_secs(61)).await;
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::Fyers);
}

/// FYERS' order book shows the fill before its positions do.
#[actix::test]
async fn an_exit_of_what_the_order_book_has_filled_waits_for_the_positions() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    floor.fyers.books(&[], &[held(0)]);
    time::sleep(Duration::from_secs(120)).await;
    let mut bought = row("26", 10, 2);
    bought["filledQty"] = json!(10);
    floor.fyers.books(std::slice::from_ref(&bought), &[held(0)]);
    let exit = floor.actor.send(exit(10)).await.unwrap();
    time::sleep(Duration::from_millis(500)).await;
    floor.fyers.books(&[bought], &[held(10)]);
    assert_eq!(exit.answered().await.venue, Venue::Fyers);
}

#[actix::test]
async fn entries_under_a_halt_make_few_readings() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    let before = floor.fyers.calls("/positions").len();
    floor.fyers.own.lock().unwrap().clear();
    let mut all = vec![];
    for _ in 0..200 {
        time::sleep(Duration::from_millis(100)).await;
        let entry = call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 10, 1, "x"));
        all.push(floor.actor.send(Forward(entry, BotName::owner())).await.unwrap());
    }
    for entry in all {
        assert_eq!(entry.answered().await.venue, Venue::None);
    }
    let readings = floor.fyers.calls("/positions").len() - before;
    assert!(readings <= 12, "one in 2.5 s, for 20 s: {readings}");
    let own = floor.fyers.own.lock().unwrap().iter().filter(|path| *path == "/orders").count();
    assert!(own <= 1 + 3, "the regular one, and three of this bot's: {own}");
}

/// Behind a change nobody knows for some seconds what waits at FYERS: an exit waits for that as well.
#[actix::test]
async fn a_resting_exit_is_changed_and_the_rest_is_closed() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    floor.fyers.books(&[row("26", -6, 6)], &[held(10)]);
    let change = |quantity: i64| json!({"id": "26", "type": 1, "limitPrice": 801, "qty": quantity});
    let (larger, words) = floor.ask(Method::Patch, "/orders/sync", change(11)).await;
    assert_eq!(larger.venue, Venue::None, "{words}");
    assert!(words["message"].as_str().unwrap().contains("a cancel passes"), "{words}");
    let (changed, words) = floor.ask(Method::Patch, "/orders/sync", change(8)).await;
    assert_eq!(changed.venue, Venue::Fyers, "{words}");
    floor.fyers.books(&[row("26", -8, 6)], &[held(10)]);
    assert_eq!(floor.place("NSE:SBIN-EQ", 2, -1).await.0.venue, Venue::Fyers);
    assert_eq!(floor.place("NSE:SBIN-EQ", 1, -1).await.0.venue, Venue::None, "8 wait and 2 are sent");
}

/// A resting order that FYERS has just answered is in the order book and among what was sent: it is one order.
#[actix::test]
async fn a_resting_order_takes_its_room_once() {
    time::pause();
    let (fyers, store) = (Fyers::default(), Arc::new(MemoryStore::default()));
    fyers.books(&[], &[held(-10)]);
    let fyers = Arc::new(fyers);
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(1)).await;
    let floor = Floor { fyers, store, actor };
    assert_eq!(floor.place("NSE:SBIN-EQ", 6, 1).await.0.venue, Venue::Fyers);
    // Something else has moved the position meanwhile, so it is not shown what this one has filled.
    floor.fyers.books(&[row("26112300000001", 6, 6)], &[held(-9)]);
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    let names = |event: &Event| matches!(event, Event::HaltChanged { waiting, .. } if waiting.iter().any(|one| one.starts_with("+6 NSE:SBIN-EQ")));
    assert_eq!(floor.store.count(names), 1, "what can still fill is named");
    time::sleep(Duration::from_secs(4)).await;
    let taken = json!({"s": "ok", "code": 1101, "message": "m", "id": "26112300000002"});
    floor.fyers.says("/orders/sync", 200, &taken);
    let (exit, words) = floor.place("NSE:SBIN-EQ", 3, 1).await;
    assert_eq!(exit.venue, Venue::Fyers, "6 rest and 3 are left: {words}");
    assert_eq!(floor.place("NSE:SBIN-EQ", 1, 1).await.0.venue, Venue::None);
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
        let mode = floor.actor.send(GetMode).await.unwrap().mode;
        assert_eq!(mode, Mode::Live, "nobody is told of what may be nothing");
        let funds = floor.actor.send(Forward(call(Method::Get, "/funds", &Value::Null), BotName::owner()));
        let funds = funds.await.unwrap();
        time::sleep(Duration::from_millis(100)).await;
        assert!(floor.fyers.calls("/funds").is_empty(), "and nothing uses the token");
        if let Some(usable) = word {
            floor.actor.send(session(usable)).await.unwrap();
        }
        let (done, funds) = (pending.answered().await, funds.answered().await);
        assert_eq!(done.venue, venue, "{word:?}");
        let other = if word == Some(true) { Venue::Fyers } else { Venue::Mock };
        assert_eq!(funds.venue, other, "what came meanwhile waits for the word: {word:?}");
        let switched = |event: &Event| matches!(event, Event::ModeChanged { to: Mode::Mock, .. });
        assert_eq!(floor.store.count(switched), usize::from(word != Some(true)), "{word:?}");
        assert_eq!(floor.fyers.calls("/orders/sync").len(), 1, "it is not sent again");
        let refused = floor.store.count(|event| matches!(event, Event::OrderRejected { .. }));
        assert_eq!(refused, 0, "{word:?}: what proves nothing is no refusal");
        let told: Value = serde_json::from_slice(&done.answer.body).unwrap();
        assert_eq!(told["code"], if venue == Venue::Fyers { 201 } else { 1101 }, "{word:?}: {told}");
    }
}

/// FYERS refuses the token, the profile call too, and the order is not simulated: whether it is there nobody knows.
#[actix::test]
async fn an_order_refused_with_a_dead_token_is_simulated_or_its_outcome_is_unknown() {
    time::pause();
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    let long = vec![held(10)];
    for (book, side, venue) in
        [(&long, -1, Venue::Fyers), (&long, 1, Venue::Mock), (&vec![], -1, Venue::Mock)]
    {
        let floor = open(false, true).await;
        floor.fyers.books(&[], book);
        time::sleep(Duration::from_secs(90)).await;
        floor.fyers.says("/orders/sync", 401, &dead);
        let sent = call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 5, side, "x"));
        let pending = floor.actor.send(Forward(sent, BotName::owner())).await.unwrap();
        time::sleep(Duration::from_millis(100)).await;
        floor.actor.send(session(false)).await.unwrap();
        let done = pending.answered().await;
        let body: Value = serde_json::from_slice(&done.answer.body).unwrap();
        assert_eq!(done.venue, venue, "{body}");
        if venue == Venue::Mock {
            assert!(body["message"].as_str().unwrap().contains("refused by FYERS, because"), "{body}");
            continue;
        }
        assert_eq!((done.mode, done.answer.status), (Mode::Live, 200), "as for an answer that was lost");
        assert_eq!((&body["s"], &body["code"], &body["id"]), (&json!("ok"), &json!(201), &json!("")));
        let refused = |event: &Event| matches!(event, Event::OrderRefused { .. });
        let open = |event: &Event| {
            matches!(event, Event::OrderOutcomeUnknown { token_refused: true, found: None, quantity: -5, .. })
        };
        assert_eq!((floor.store.count(refused), floor.store.count(open)), (0, 1));
        let rows = floor.store.order_journal(9).await.unwrap();
        assert!(rows.len() == 1 && rows[0].is_refused_with_the_token(), "{rows:?}");
        assert_eq!(floor.fyers.calls("/orders/sync").len(), 1, "it is not sent again");
    }
}

/// A new token is there before it is decided what becomes of the order that the old one was refused with.
#[actix::test]
async fn an_order_refused_with_a_dead_token_is_not_sent_again_with_the_next_one() {
    time::pause();
    let floor = open(false, true).await;
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    floor.fyers.says("/orders/sync", 401, &dead);
    let sent = call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 5, 1, "x"));
    let pending = floor.actor.send(Forward(sent, BotName::owner())).await.unwrap();
    time::sleep(Duration::from_millis(100)).await;
    let next = AccessToken::new("the next token");
    let mut changed = session(true);
    (changed.view.fingerprint, changed.view.usable) = (Some(next.fingerprint()), Some(Arc::new(next)));
    floor.actor.send(changed).await.unwrap();
    let done = pending.answered().await;
    let body: Value = serde_json::from_slice(&done.answer.body).unwrap();
    assert_eq!((done.venue, &body["code"]), (Venue::Fyers, &json!(201)), "{body}");
    assert_eq!(floor.fyers.calls("/orders/sync").len(), 1);
}

/// FYERS refuses the token for one path for good, and takes it for all others.
#[actix::test]
async fn a_call_that_is_refused_for_good_is_answered_and_not_asked_for_again_and_again() {
    let floor = floor(false, true).await;
    let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
    floor.fyers.says("/funds", 401, &dead);
    floor.fyers.says("/positions", 401, &dead);
    let before = floor.fyers.calls("/positions").len();
    let asked = floor.actor.send(Forward(call(Method::Get, "/funds", &Value::Null), BotName::owner()));
    let asked = asked.await.unwrap();
    for _ in 0..600 {
        time::sleep(Duration::from_millis(100)).await;
        floor.actor.send(session(true)).await.unwrap();
    }
    let done = asked.answered().await;
    assert_eq!((done.venue, done.answer.status), (Venue::Fyers, 401), "the token works: it is FYERS' answer");
    assert_eq!(floor.fyers.calls("/funds").len(), 1);
    let readings = floor.fyers.calls("/positions").len() - before;
    assert!(readings <= 8, "{readings} readings in a minute");
    let switched = |event: &Event| matches!(event, Event::ModeChanged { to: Mode::Mock, .. });
    assert_eq!(floor.store.count(switched), 0);
}

/// The position is 100, an exit of 40 has filled: the other 60 may go as soon as FYERS' books show it.
#[actix::test]
async fn the_rest_of_a_position_passes_once_the_books_show_what_the_exit_before_it_has_filled() {
    time::pause();
    let (fyers, store) = (Fyers::default(), Arc::new(MemoryStore::default()));
    fyers.books(&[], &[held(100)]);
    let fyers = Arc::new(fyers);
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    time::sleep(Duration::from_secs(5)).await;
    let floor = Floor { fyers, store, actor };
    let filled = |id: &str, quantity: i64| {
        let mut row = row(id, quantity, 2);
        row["filledQty"] = json!(quantity.abs());
        row
    };
    assert_eq!(floor.place("NSE:SBIN-EQ", 40, -1).await.0.venue, Venue::Fyers);
    let book = [filled("26112300000001", -40)];
    floor.fyers.books(&book, &[held(60)]);
    let began = time::Instant::now();
    assert_eq!(floor.place("NSE:SBIN-EQ", 40, -1).await.0.venue, Venue::Fyers);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());

    // The order book knows of the second one before the positions do: what is left waits for that.
    let book = [book[0].clone(), filled("26112300000002", -40)];
    floor.fyers.books(&book, &[held(60)]);
    let rest = floor.actor.send(exit(20)).await.unwrap();
    let more = floor.actor.send(exit(60)).await.unwrap();
    time::sleep(Duration::from_secs(2)).await;
    assert_eq!(floor.fyers.calls("/orders/sync").len(), 3, "20 fit whatever the second one has filled");
    floor.fyers.books(&book, &[held(20)]);
    assert_eq!((rest.answered().await.venue, more.answered().await.venue), (Venue::Fyers, Venue::None));
}

#[actix::test]
async fn an_exit_that_the_books_do_not_show_in_time_is_named_as_what_it_is() {
    time::pause();
    let floor = halted(Duration::from_millis(10)).await;
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::Fyers);
    let began = time::Instant::now();
    let (second, words) = floor.place("NSE:SBIN-EQ", 10, -1).await;
    assert_eq!((second.venue, began.elapsed().as_secs()), (Venue::None, 5), "{words}");
    assert!(words["message"].as_str().unwrap().contains("do not show yet"), "{words}");
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    time::sleep(Duration::from_secs(200)).await;
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.1["code"], 201);
    let began = time::Instant::now();
    let (third, words) = floor.place("NSE:SBIN-EQ", 10, -1).await;
    assert_eq!((third.venue, began.elapsed().as_secs()), (Venue::None, 0), "{words}");
    assert!(words["message"].as_str().unwrap().contains("got no answer from FYERS"), "{words}");
}
