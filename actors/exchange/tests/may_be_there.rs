//! Orders that may be at FYERS although nobody can look: what they may have opened is protected, and a person hears.

use keeper_domain::{event::UnreadBook, order_journal::LookedUp};

use super::*;
use crate::exchange::messages::GetLivePositions;

fn dead() -> Value {
    json!({"s": "error", "code": -16, "message": "Could not authenticate the user"})
}

/// A life with nothing in memory, at this time.
async fn next_life(floor: Floor, time: &str, usable: bool) -> Floor {
    let Floor { fyers, store, .. } = floor;
    let deps = ExchangeDeps { time: PausedTime::at(time), ..deps(&fyers, &store, false) };
    let actor = ExchangeActor::new(deps).start();
    actor.send(session(usable)).await.unwrap();
    time::sleep(Duration::from_secs(12)).await;
    Floor { fyers, store, actor }
}

/// FYERS refuses a bot's order to buy five, and its profile call says that the token is dead.
async fn refused_with_the_token() -> Floor {
    let floor = floor(false, true).await;
    floor.fyers.says("/orders/sync", 401, &dead());
    let sent = call(Method::Post, "/orders/sync", &order("NSE:INFY-EQ", 5, 1, "t"));
    let pending = floor.actor.send(Forward(sent, BotName::owner())).await.unwrap();
    time::sleep(Duration::from_millis(100)).await;
    floor.actor.send(session(false)).await.unwrap();
    assert_eq!(pending.answered().await.venue, Venue::Mock);
    floor
}

async fn exit_is_refused(floor: &Floor) {
    let (exit, body) = floor.place("NSE:INFY-EQ", 5, -1).await;
    let words = body["message"].as_str().unwrap();
    assert_eq!((exit.answer.status, exit.venue), (400, Venue::None), "{words}");
    assert!(words.contains("an order in NSE:INFY-EQ at FYERS may have filled"), "{words}");
    assert!(words.contains("refused, not simulated"), "{words}");
}

fn told(floor: &Floor, why: Option<UnreadBook>) -> usize {
    floor.store.count(
        move |event| matches!(event, Event::OrderOutcomeUnknown { found: None, unread, .. } if *unread == why),
    )
}

fn is_settled(floor: &Floor) -> bool {
    floor.store.shelf.lock().unwrap().outcomes.iter().any(|(id, _)| *id == 1)
}

#[actix::test]
async fn what_fyers_refused_with_a_dead_token_is_protected_until_its_book_was_read() {
    let floor = refused_with_the_token().await;
    exit_is_refused(&floor).await;
    assert_eq!(floor.place("NSE:INFY-EQ", 5, 1).await.0.venue, Venue::Mock, "more of the same is no exit");
    assert_eq!(floor.place("NSE:TCS-EQ", 5, -1).await.0.venue, Venue::Mock, "nor is another symbol");
    let floor = next_life(floor, "2026-11-23T14:00", false).await;
    exit_is_refused(&floor).await;
    assert!(!is_settled(&floor) && told(&floor, None) == 0);

    let floor = next_life(floor, "2026-11-23T14:10", true).await;
    assert!(is_settled(&floor), "the book was read");
    assert_eq!(told(&floor, None), 0, "as FYERS said");
    floor.actor.send(session(false)).await.unwrap();
    assert_eq!(floor.place("NSE:INFY-EQ", 5, -1).await.0.venue, Venue::Mock, "it is not there");
    let floor = next_life(floor, "2026-11-23T14:20", false).await;
    assert_eq!(floor.place("NSE:INFY-EQ", 5, -1).await.0.venue, Venue::Mock);
}

#[actix::test]
async fn what_fyers_took_although_it_refused_the_token_is_found_and_protected() {
    let floor = refused_with_the_token().await;
    let mut taken = row("77", 5, 2);
    (taken["symbol"], taken["filledQty"]) = (json!("NSE:INFY-EQ"), json!(5));
    floor.fyers.books(&[taken], &[]);
    floor.fyers.says("/positions", 503, &json!({}));
    let floor = next_life(floor, "2026-11-23T10:05", true).await;
    let found = |event: &Event| matches!(event, Event::OrderOutcomeUnknown { found: Some(id), token_refused: true, .. } if id == "77");
    assert_eq!(floor.store.count(found), 1);
    floor.actor.send(session(false)).await.unwrap();
    exit_is_refused(&floor).await;
}

#[actix::test]
async fn what_was_never_looked_for_is_told_once_at_the_end_of_its_day() {
    let floor = refused_with_the_token().await;
    let floor = next_life(floor, "2026-11-23T15:43", false).await;
    assert_eq!(
        told(&floor, Some(UnreadBook::DayOver)),
        0,
        "it is open for derivatives until 15:40, and five minutes are waited for"
    );
    time::sleep(Duration::from_secs(180)).await;
    assert_eq!(told(&floor, Some(UnreadBook::DayOver)), 1);
    exit_is_refused(&floor).await;
    let known = floor.store.order_journal(9).await.unwrap().into_iter().find_map(|row| row.unanswered);
    assert_eq!(known.unwrap().known, LookedUp::LookYourself);
    let floor = next_life(floor, "2026-11-23T18:00", false).await;
    let floor = next_life(floor, "2026-11-24T10:00", true).await;
    assert_eq!((told(&floor, Some(UnreadBook::DayOver)), told(&floor, None)), (1, 0), "once");
    assert!(is_settled(&floor), "no book shows it any more, and the positions were read");
}

#[actix::test]
async fn on_the_next_day_a_person_is_told_once_to_look() {
    let floor = refused_with_the_token().await;
    let floor = next_life(floor, "2026-11-24T10:00", true).await;
    let floor = next_life(floor, "2026-11-24T10:10", true).await;
    assert_eq!(told(&floor, None) + told(&floor, Some(UnreadBook::DayOver)), 1);
}

#[actix::test]
async fn an_answer_that_is_lost_while_the_token_dies_is_told_at_once() {
    let floor = floor(false, true).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    floor.fyers.says("/orders", 401, &dead());
    floor.fyers.says("/positions", 401, &dead());
    assert_eq!(floor.place("NSE:INFY-EQ", 5, 1).await.1["code"], 201, "nobody knows");
    time::sleep(Duration::from_millis(100)).await;
    assert_eq!(told(&floor, Some(UnreadBook::Yet)), 0, "whether the token is dead is being asked");
    floor.actor.send(session(false)).await.unwrap();
    time::sleep(Duration::from_secs(1)).await;
    assert_eq!(told(&floor, Some(UnreadBook::Yet)), 1);
    exit_is_refused(&floor).await;
    let floor = next_life(floor, "2026-11-23T11:00", false).await;
    assert_eq!(told(&floor, Some(UnreadBook::Yet)), 1, "once");
    exit_is_refused(&floor).await;
    floor.fyers.books(&[], &[]);
    let floor = next_life(floor, "2026-11-23T11:10", true).await;
    assert_eq!(told(&floor, None), 1, "it is not in the book, and that is news");
    assert!(is_settled(&floor));
}

#[actix::test]
async fn a_book_that_cannot_be_read_for_some_time_is_told_with_the_order_that_it_hides() {
    let floor = floor(false, true).await;
    floor.fyers.fails("/orders/sync", ProxyError::Transport(Transport::Timeout));
    floor.fyers.says("/orders", 503, &json!({}));
    floor.place("NSE:INFY-EQ", 5, 1).await;
    time::sleep(Duration::from_secs(30)).await;
    assert_eq!(told(&floor, Some(UnreadBook::Yet)), 1);
}

#[actix::test]
async fn an_order_that_was_just_sent_is_named_when_the_token_dies() {
    let floor = floor(false, true).await;
    assert_eq!(floor.place("NSE:INFY-EQ", 5, 1).await.0.venue, Venue::Fyers);
    floor.actor.send(session(false)).await.unwrap();
    let open = |event: &Event| match event {
        Event::ModeChanged { to: Mode::Mock, open, .. } => open.clone(),
        _ => None,
    };
    let open = floor.store.events().iter().find_map(open);
    assert_eq!(open.unwrap(), ["+5 NSE:INFY-EQ (sent, not read yet)"]);
    let shown = floor.actor.send(GetLivePositions).await.unwrap().open();
    assert_eq!(shown.unwrap(), ["+5 NSE:INFY-EQ (sent, not read yet)"]);
}

#[actix::test]
async fn positions_that_could_not_be_read_for_some_time_protect_everything() {
    let floor = floor(false, true).await;
    floor.fyers.says("/positions", 503, &json!({}));
    time::sleep(Duration::from_secs(600)).await;
    floor.actor.send(session(false)).await.unwrap();
    let is_refused = async |floor: &Floor| {
        let (order, body) = floor.place("NSE:TCS-EQ", 1, -1).await;
        let words = body["message"].as_str().unwrap();
        assert_eq!(order.venue, Venue::None, "{words}");
        assert!(words.contains("your live positions could not be read since"), "{words}");
    };
    is_refused(&floor).await;
    let floor = next_life(floor, "2026-11-23T11:00", false).await;
    is_refused(&floor).await;
    floor.fyers.books(&[], &[]);
    let floor = next_life(floor, "2026-11-23T11:10", true).await;
    let told = |over: bool| move |event: &Event| *event == Event::PositionsUnreadable { over };
    assert_eq!((floor.store.count(told(false)), floor.store.count(told(true))), (1, 1));
    floor.actor.send(session(false)).await.unwrap();
    assert_eq!(floor.place("NSE:TCS-EQ", 1, -1).await.0.venue, Venue::Mock);
}

/// The reading that meets the token's death is no failure of FYERS': what was read before it holds.
#[actix::test]
async fn a_reading_that_ends_with_the_token_leaves_what_was_known() {
    let floor = floor(false, true).await;
    floor.fyers.says("/positions", 401, &dead());
    time::sleep(Duration::from_secs(90)).await;
    floor.actor.send(session(false)).await.unwrap();
    assert_eq!(floor.place("NSE:TCS-EQ", 1, -1).await.0.venue, Venue::Mock);
}

#[actix::test]
async fn an_order_that_fills_under_a_halt_is_told() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[row("77", 5, 6)], &[]);
    time::sleep(Duration::from_secs(90)).await;
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    time::sleep(Duration::from_secs(90)).await;
    let mut filled = row("77", 5, 2);
    filled["filledQty"] = json!(5);
    floor.fyers.books(&[filled], &[held(5)]);
    time::sleep(Duration::from_secs(180)).await;
    let grew = |event: &Event| *event == Event::PositionGrew { symbol: "NSE:SBIN-EQ".into(), from: 0, to: 5 };
    assert_eq!(floor.store.count(grew), 1);
}

#[actix::test]
async fn an_exit_of_everything_passes_a_halt_although_nobody_knows_what_is_open() {
    let floor = floor(false, true).await;
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    floor.fyers.says("/positions", 503, &json!({}));
    time::sleep(Duration::from_secs(600)).await;
    let exit = json!({"exit_all": 1});
    let (order, _) = floor.place("NSE:SBIN-EQ", 1, -1).await;
    assert_eq!(order.venue, Venue::None, "an order may be too large");
    let (all, words) = floor.ask(Method::Delete, "/positions", exit.clone()).await;
    assert_eq!(all.venue, Venue::Fyers, "{words}");
    assert_eq!(
        floor.fyers.calls("/positions").iter().filter(|call| call.method == Method::Delete).count(),
        1
    );
    let (again, words) = floor.ask(Method::Delete, "/positions", exit).await;
    assert_eq!(again.venue, Venue::None, "the first is not in the books yet: {words}");
}

#[actix::test]
async fn beside_an_order_that_waits_only_an_exit_that_cancels_it_passes() {
    let floor = floor(false, true).await;
    floor.fyers.books(&[row("77", 5, 6)], &[]);
    time::sleep(Duration::from_secs(90)).await;
    floor.actor.send(SetHalted { halted: true, by: "a person".into() }).await.unwrap();
    floor.fyers.says("/positions", 503, &json!({}));
    time::sleep(Duration::from_secs(600)).await;
    let (all, words) = floor.ask(Method::Delete, "/positions", json!({"exit_all": 1})).await;
    assert_eq!(all.venue, Venue::None, "{words}");
    let exit = json!({"exit_all": 1, "pending_orders_cancel": 1});
    assert_eq!(floor.ask(Method::Delete, "/positions", exit).await.0.venue, Venue::Fyers);
}

/// Under a status that FYERS does not say this with, its code is nobody's word.
#[actix::test]
async fn a_tokens_code_under_another_status_ends_nothing_and_reaches_no_bot() {
    let floor = floor(false, true).await;
    for status in [404, 429, 500, 502, 503] {
        floor.fyers.says("/orders/sync", status, &dead());
        floor.fyers.says("/funds", status, &dead());
        let (order, body) = floor.place("NSE:INFY-EQ", 5, 1).await;
        assert_eq!(
            (order.mode, order.venue, &body["code"]),
            (Mode::Live, Venue::Fyers, &json!(201)),
            "{status}: {body}"
        );
        let (read, body) = floor.ask(Method::Get, "/funds", Value::Null).await;
        assert_eq!(
            (read.mode, read.answer.status, &body["code"]),
            (Mode::Live, 502, &json!(-502)),
            "{status}: {body}"
        );
    }
    let rejected = floor.store.count(|event| matches!(event, Event::OrderRejected { .. }));
    assert_eq!(rejected, 0, "nobody knows what became of them");
}
