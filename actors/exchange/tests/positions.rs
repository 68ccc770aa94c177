//! Ways out of positions: of live ones, and while trading is halted.

use super::*;

#[actix::test]
async fn a_way_out_of_a_live_position_is_never_simulated() {
    let floor = floor(false, false).await;
    floor.hold("NSE:SBIN-EQ", 10).await;
    let floor = Floor { actor: start(&floor.fyers, &floor.store, false), ..floor };
    floor.actor.send(session(false)).await.unwrap();
    let leg = json!({"price": 700, "triggerPrice": 705, "qty": 10});
    let stop_loss =
        json!({"side": -1, "symbol": "NSE:SBIN-EQ", "productType": "INTRADAY", "orderInfo": {"leg1": leg}});
    for (method, path, body) in [
        (Method::Post, "/orders/sync", order("NSE:SBIN-EQ", 10, -1, "x")),
        (
            Method::Post,
            "/multi-order/sync",
            json!([order("NSE:INFY-EQ", 1, 1, "y"), order("NSE:SBIN-EQ", 1, -1, "z")]),
        ),
        (Method::Delete, "/positions", json!({"exit_all": 1})),
        (Method::Post, "/gtt/orders/sync", stop_loss),
    ] {
        let (done, answer) = floor.ask(method, path, body).await;
        assert_eq!((done.answer.status, answer["code"].as_i64()), (400, Some(-99)), "{path}: {answer}");
    }
    let (entry, _) = floor.place("NSE:INFY-EQ", 1, 1).await;
    assert_eq!((entry.answer.status, entry.venue), (200, Venue::Mock));
    assert_eq!(floor.store.count(|event| matches!(event, Event::OrderRefused { .. })), 4);
}

#[actix::test]
async fn a_halt_keeps_entries_out_and_lets_exits_through() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[held(10)]);
    assert!(floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap());
    time::sleep(Duration::from_secs(5)).await;
    let (entry, words) = floor.place("NSE:INFY-EQ", 1, 1).await;
    assert_eq!((entry.answer.status, entry.venue, entry.shown()), (400, Venue::None, ShownMode::Halted));
    assert_eq!(entry.mode, Mode::Live, "a halt is no mode");
    assert!(words["message"].as_str().unwrap().contains("Halted: entries are refused"), "{words}");
    for (method, path, body) in [
        (Method::Post, "/orders/sync", order("NSE:SBIN-EQ", 10, -1, "x")),
        (Method::Delete, "/orders/sync", json!({"id": "26"})),
        (Method::Get, "/positions", Value::Null),
    ] {
        let (done, _) = floor.ask(method, path, body).await;
        assert_eq!((done.venue, done.answer.status), (Venue::Fyers, 200), "{path}");
    }
    assert_eq!(floor.fyers.calls("/orders/sync").len(), 2, "the exit and the cancel");
    // FYERS' books have been read since, and do not show the exit yet.
    time::sleep(Duration::from_secs(2)).await;
    let (second, words) = floor.place("NSE:SBIN-EQ", 1, -1).await;
    assert_eq!(second.venue, Venue::None, "the first one may still fill: {words}");
    floor.fyers.books(&[], &[held(4)]);
    time::sleep(Duration::from_secs(200)).await;
    let (rest, _) = floor.place("NSE:SBIN-EQ", 4, -1).await;
    assert_eq!(rest.venue, Venue::Fyers);
}

#[actix::test]
async fn eight_exits_at_once_in_a_halt_are_one() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[held(10)]);
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    time::sleep(Duration::from_secs(5)).await;
    let exit =
        || Forward(call(Method::Post, "/orders/sync", &order("NSE:SBIN-EQ", 10, -1, "x")), BotName::owner());
    let all: Vec<_> = (0..8).map(|_| floor.actor.send(exit())).collect();
    let mut sent = 0;
    for pending in all {
        sent += usize::from(pending.await.unwrap().answered().await.venue == Venue::Fyers);
    }
    assert_eq!((sent, floor.fyers.calls("/orders/sync").len()), (1, 1));
}

#[actix::test]
async fn an_exit_that_got_no_answer_and_is_not_in_the_book_counts_as_sent_for_two_minutes() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[held(10)]);
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    time::sleep(Duration::from_secs(5)).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.1["code"], 201, "nobody knows");
    let not_found =
        |event: &Event| matches!(event, Event::OrderOutcomeUnknown { found: None, searched: true, .. });
    for seconds in [6, 60] {
        time::sleep(Duration::from_secs(seconds)).await;
        assert_eq!(floor.store.count(not_found), 1, "told once");
        assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::None, "both may fill");
    }
    time::sleep(Duration::from_secs(180)).await;
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::Fyers, "the first did not arrive");
}

#[actix::test]
async fn what_was_told_as_not_found_counts_as_sent_after_a_restart_too() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[held(10)]);
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    time::sleep(Duration::from_secs(5)).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    assert_eq!(floor.place("NSE:SBIN-EQ", 10, -1).await.1["code"], 201, "nobody knows");
    time::sleep(Duration::from_secs(12)).await;
    let listed = floor.store.order_journal(9).await.unwrap();
    assert_eq!(listed.len(), 1, "one order is one row: {listed:?}");
    assert!(listed[0].message.contains("look in the FYERS app"), "{listed:?}");

    let Floor { fyers, store, .. } = floor;
    let actor = start(&fyers, &store, false);
    actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(12)).await;
    let next = Floor { fyers, store, actor };
    assert_eq!(next.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::None, "both may fill");
    time::sleep(Duration::from_secs(180)).await;
    assert_eq!(next.place("NSE:SBIN-EQ", 10, -1).await.0.venue, Venue::Fyers, "the first did not arrive");
}

#[actix::test]
async fn an_entry_that_got_no_answer_and_is_not_in_the_book_protects_when_the_token_dies() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[]);
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    assert_eq!(floor.place("NSE:INFY-EQ", 6, 1).await.1["code"], 201, "nobody knows");
    time::sleep(Duration::from_secs(12)).await;
    floor.actor.send(session(false)).await.unwrap();
    assert_eq!(floor.place("NSE:INFY-EQ", 6, -1).await.0.venue, Venue::None, "it may have filled");
}

#[actix::test]
async fn an_order_that_the_books_have_not_shown_is_protected_when_the_token_dies_and_after_a_restart() {
    let floor = floor(false, true).await;
    floor.fyers.fails("/positions", ProxyError::Transport(Transport::Timeout));
    let (sent, _) = floor.place("NSE:INFY-EQ", 2, 1).await;
    assert_eq!(sent.venue, Venue::Fyers);
    // Two readings have failed; after some more nothing is simulated.
    time::sleep(Duration::from_secs(2)).await;
    floor.actor.send(session(false)).await.unwrap();
    let exit = |floor: Floor| async move {
        let (exit, words) = floor.place("NSE:INFY-EQ", 2, -1).await;
        assert_eq!((exit.venue, exit.answer.status), (Venue::None, 400), "{words}");
        assert!(words["message"].as_str().unwrap().contains("may have filled"), "{words}");
        assert_eq!(floor.place("NSE:INFY-EQ", 2, 1).await.0.venue, Venue::Mock);
        floor
    };
    let floor = exit(floor).await;
    let floor = Floor { actor: start(&floor.fyers, &floor.store, false), ..floor };
    floor.actor.send(session(false)).await.unwrap();
    exit(floor).await;
}

#[actix::test]
async fn what_cannot_be_cleared_while_the_market_is_closed_is_named_with_its_opening() {
    let floor = floor(false, false).await;
    let mut delivery = order("NSE:SBIN-EQ", 5, 1, "t");
    delivery["productType"] = json!("CNC");
    assert_eq!(floor.ask(Method::Post, "/orders/sync", delivery).await.0.venue, Venue::Mock);
    time::sleep(Duration::from_secs(9 * 3_600)).await;
    let told = |event: &Event| matches!(event, Event::SimulatedCleared { .. });
    let evening = floor.actor.send(ClearSimulated { by: "Asha".into() }).await.unwrap().unwrap();
    assert_eq!((evening.closed, &evening.shut[..]), (0, &["NSE:SBIN-EQ".to_owned()][..]));
    assert_eq!(floor.store.count(told), 0, "nothing was cleared");
    let opens = evening.opens.unwrap();
    assert_eq!(fyers_api::ist::ist(opens).format("%H:%M").to_string(), "09:15");
}

/// What was bought and sold, and never quoted, has the price of FYERS' books when the token is gone.
#[actix::test]
async fn a_symbol_that_was_traded_has_a_price_when_the_token_is_gone() {
    time::pause();
    let (fyers, store) = (Arc::new(Fyers::default()), Arc::new(MemoryStore::default()));
    *fyers.store.lock().unwrap() = Some(Arc::clone(&store));
    let closed =
        json!({"symbol": "NSE:SBIN-EQ", "netQty": 0, "productType": "INTRADAY", "netAvg": 0, "ltp": 812.5});
    let waits = json!({"id": "26112300000009", "symbol": "NSE:TCS-EQ", "side": 1, "qty": 1, "remainingQuantity": 1,
        "productType": "INTRADAY", "status": 6, "limitPrice": 3000, "lp": 3102.0});
    fyers.books(&[waits], &[closed]);
    let mut deps = deps(&fyers, &store, false);
    deps.market.without_token = mock_exchange::exchange::Prices::Last;
    let floor = Floor { actor: ExchangeActor::new(deps).start(), fyers, store };
    floor.actor.send(session(true)).await.unwrap();
    time::sleep(Duration::from_secs(1)).await;
    assert!(floor.fyers.calls("/quotes").is_empty(), "nobody asked for a price");
    time::sleep(Duration::from_secs(60)).await;
    floor.actor.send(session(false)).await.unwrap();
    for (symbol, price) in [("NSE:SBIN-EQ", 812.5), ("NSE:TCS-EQ", 3102.0)] {
        let (done, body) = floor.place(symbol, 1, 1).await;
        assert_eq!((done.venue, body["code"].as_i64()), (Venue::Mock, Some(1101)), "{symbol}: {body}");
        let (_, book) = floor.ask(Method::Get, "/orders", Value::Null).await;
        let rows = book["orderBook"].as_array().unwrap();
        let row = rows.iter().find(|row| row["symbol"] == symbol).unwrap();
        let traded = row["tradedPrice"].as_f64().unwrap();
        assert!((traded - price).abs() < 2.0, "{symbol} at {traded}");
    }
    let kept = floor.store.shelf.lock().unwrap().mock_prices.clone();
    assert!(!kept.is_empty(), "a restart knows them too");
}

#[actix::test]
async fn positions_are_looked_at_until_settled_and_a_failed_reading_forgets_nothing() {
    let floor = floor(false, true).await;
    floor.place("NSE:SBIN-EQ", 5, 1).await;
    // The order fills a second after its answer.
    floor.fyers.books(&[row("26112300000001", 5, 6)], &[]);
    time::sleep(Duration::from_millis(1_500)).await;
    floor.fyers.books(&[row("26112300000001", 5, 2)], &[held(5)]);
    time::sleep(Duration::from_secs(10)).await;
    let net = |floor: &Floor| {
        let live = floor.store.shelf.lock().unwrap().live_positions.clone();
        live.positions.iter().map(|position| position.net).sum::<i64>()
    };
    assert_eq!(net(&floor), 5);
    floor.fyers.books(&[], &[held(5), json!({"symbol": "NSE:INFY-EQ", "netQty": null})]);
    time::sleep(Duration::from_secs(60)).await;
    assert_eq!(
        floor.store.count(|event| matches!(event, Event::PositionUnknown { .. })),
        1,
        "seen by itself"
    );
    floor.fyers.says("/positions", 503, &json!({"s": "error", "code": -1, "netPositions": []}));
    time::sleep(Duration::from_secs(300)).await;
    assert_eq!(net(&floor), 5, "not read is not none");
    let alarms = floor.store.count(|event| matches!(event, Event::PositionsUnreadable { over: false }));
    assert_eq!(alarms, 1, "one alarm");
    floor.actor.send(session(false)).await.unwrap();
    for (symbol, side) in [("NSE:SBIN-EQ", -1), ("NSE:INFY-EQ", -1), ("NSE:INFY-EQ", 1)] {
        let (done, _) = floor.place(symbol, 1, side).await;
        assert_eq!(done.venue, Venue::None, "{symbol} {side}");
    }
}
