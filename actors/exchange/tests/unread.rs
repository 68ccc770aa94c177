//! What FYERS has answered counts until a reading shows it, in this life and in the next.

use super::*;

async fn next_life(floor: Floor) -> Floor {
    let Floor { fyers, store, .. } = floor;
    let deps = ExchangeDeps { time: PausedTime::at("2026-11-23T10:30"), ..deps(&fyers, &store, false) };
    let actor = ExchangeActor::new(deps).start();
    actor.send(session(false)).await.unwrap();
    time::sleep(Duration::from_secs(12)).await;
    Floor { fyers, store, actor }
}

async fn exit_is_refused(floor: &Floor) {
    let (exit, body) = floor.place("NSE:INFY-EQ", 5, -1).await;
    let words = body["message"].as_str().unwrap();
    assert_eq!((exit.answer.status, exit.venue), (400, Venue::None), "{words}");
    assert!(words.contains("an order in NSE:INFY-EQ at FYERS may have filled"), "{words}");
}

#[actix::test]
async fn a_reading_that_shows_something_else_settles_no_order() {
    let floor = floor(false, true).await;
    // A position of the app comes up while the order is in neither book yet.
    floor.fyers.books(&[], &[held(3)]);
    assert_eq!(floor.place("NSE:INFY-EQ", 5, 1).await.0.venue, Venue::Fyers);
    time::sleep(Duration::from_millis(500)).await;
    let on_disk = floor.store.shelf.lock().unwrap().live_positions.clone();
    assert_eq!((on_disk.positions.len(), on_disk.not_shown), (1, vec![1]), "the reading is on disk");
    floor.actor.send(session(false)).await.unwrap();
    exit_is_refused(&floor).await;
    let floor = next_life(floor).await;
    exit_is_refused(&floor).await;
    assert_eq!(floor.place("NSE:TCS-EQ", 5, -1).await.0.venue, Venue::Mock, "another symbol");
}

#[actix::test]
async fn an_async_order_counts_while_it_may_be_in_fyers_queue() {
    let queued = json!({"s": "ok", "code": 1101, "message": "Order queued", "id_fyers": "a-b"});
    time::pause();
    for (seconds, counts) in [(10, true), (200, false)] {
        let floor = open(false, true).await;
        floor.fyers.says("/orders/async", 200, &queued);
        let (sent, body) = floor.ask(Method::Post, "/orders/async", order("NSE:INFY-EQ", 5, 1, "t")).await;
        assert_eq!(sent.venue, Venue::Fyers, "{body}");
        time::sleep(Duration::from_secs(seconds)).await;
        floor.actor.send(session(false)).await.unwrap();
        let floor = if counts { next_life(floor).await } else { floor };
        match counts {
            true => exit_is_refused(&floor).await,
            false => assert_eq!(floor.place("NSE:INFY-EQ", 5, -1).await.0.venue, Venue::Mock),
        }
    }
}

/// An exit is answered and filled, the keeper ends, and FYERS' positions do not show it for a while after the next start.
#[actix::test]
async fn an_exit_counts_in_the_next_life_until_the_positions_show_it() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[], &[held(10)]);
    time::sleep(Duration::from_secs(200)).await;
    let (exit, body) = floor.place("NSE:SBIN-EQ", 10, -1).await;
    assert_eq!(exit.venue, Venue::Fyers, "{body}");
    let mut filled = row("26112300000001", -10, 2);
    filled["filledQty"] = json!(10);
    floor.fyers.books(std::slice::from_ref(&filled), &[held(10)]);
    time::sleep(Duration::from_millis(500)).await;
    let Floor { fyers, store, .. } = floor;
    let deps = ExchangeDeps { time: PausedTime::at("2026-11-23T10:02"), ..deps(&fyers, &store, false) };
    let actor = ExchangeActor::new(deps).start();
    actor.send(session(true)).await.unwrap();
    actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    let floor = Floor { fyers, store, actor };
    for seconds in [3, 40, 30] {
        time::sleep(Duration::from_secs(seconds)).await;
        let (second, words) = floor.place("NSE:SBIN-EQ", 10, -1).await;
        assert_eq!(second.venue, Venue::None, "{words}");
    }
    floor.fyers.books(&[filled], &[held(0)]);
    let (third, words) = floor.place("NSE:SBIN-EQ", 10, -1).await;
    assert_eq!(third.venue, Venue::None, "{words}");
    assert!(words["message"].as_str().unwrap().contains("entries are refused"), "{words}");
}

#[actix::test]
async fn an_order_that_is_taken_beside_one_that_is_banned_counts() {
    let floor = floor(false, true).await;
    let taken = json!({"s": "ok", "code": 1101, "message": "m", "id": "26112300000001"});
    let banned = json!({"s": "error", "code": -50, "message": "Order placement restricted"});
    let rows = json!([{"statusCode": 200, "body": taken}, {"statusCode": 400, "body": banned}]);
    floor.fyers.says("/multi-order/sync", 200, &json!({"s": "ok", "code": 200, "data": rows}));
    for path in ["/orders", "/positions"] {
        floor.fyers.says(path, 503, &json!({}));
    }
    let basket = json!([order("NSE:INFY-EQ", 5, 1, "a"), order("NSE:SBIN-EQ", 5, 1, "b")]);
    let (sent, body) = floor.ask(Method::Post, "/multi-order/sync", basket).await;
    assert_eq!(sent.venue, Venue::Fyers, "{body}");
    floor.actor.send(session(false)).await.unwrap();
    exit_is_refused(&floor).await;
    exit_is_refused(&next_life(floor).await).await;
}

#[actix::test]
async fn an_answer_that_cannot_be_understood_is_not_known_at_once_and_tells_nobody() {
    let floor = floor(false, true).await;
    for odd in [
        json!({"s": "ok", "code": -50, "netPositions": []}),
        json!({"s": "ok", "code": 200, "netPositions": [], "overall": {"count_open": 1}}),
        json!({"s": "ok", "code": 200}),
    ] {
        floor.fyers.says("/positions", 200, &odd);
        time::sleep(Duration::from_secs(61)).await;
        let on_disk = || floor.store.shelf.lock().unwrap().live_positions.clone();
        assert!(on_disk().unread_since.is_some(), "{odd}");
        floor.fyers.books(&[], &[]);
        time::sleep(Duration::from_secs(61)).await;
        assert!(on_disk().unread_since.is_none(), "{odd}");
    }
    let told = floor.store.count(|event| matches!(event, Event::PositionsUnreadable { .. }));
    assert!(told % 2 == 0, "what was told is told to be over, and nothing else: {told}");
}
