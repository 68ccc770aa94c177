//! FYERS' error about the token in rows of its answer to several orders: it proves nothing of the orders that met it.

use super::*;

const PATH: &str = "/multi-order/sync";

fn dead() -> Value {
    json!({"statusCode": 401, "body": {"s": "error", "code": -16, "message": "Could not authenticate the user"}})
}

fn says(floor: &Floor, rows: &[Value]) {
    floor.fyers.says(PATH, 200, &json!({"s": "ok", "code": 200, "message": "", "data": rows}));
    floor.fyers.says("/orders", 503, &json!({}));
    floor.fyers.says("/positions", 503, &json!({}));
}

/// Sends a basket; what the profile call says of the token comes a moment later.
async fn sends(floor: &Floor, method: Method, basket: &Value, is_good: bool) -> (Forwarded, Value) {
    let sent = call(method, PATH, basket);
    let pending = floor.actor.send(Forward(sent, BotName::owner())).await.unwrap();
    time::sleep(Duration::from_millis(100)).await;
    let doubted = floor.actor.send(GetMode).await.unwrap();
    assert!(!floor.fyers.calls(PATH).is_empty(), "{doubted:?}");
    floor.actor.send(session(is_good)).await.unwrap();
    let done = pending.answered().await;
    let body = serde_json::from_slice(&done.answer.body).unwrap();
    (done, body)
}

async fn exit_is_refused(floor: &Floor, symbol: &str) {
    let (exit, body) = floor.place(symbol, 5, -1).await;
    assert_eq!((exit.answer.status, exit.venue), (400, Venue::None), "{symbol}: {body}");
}

fn refusals(floor: &Floor) -> usize {
    floor.store.count(|event| matches!(event, Event::OrderRejected { .. }))
}

fn buys(symbols: &[&str]) -> Value {
    symbols.iter().map(|symbol| order(symbol, 5, 1, "t")).collect()
}

#[actix::test]
async fn a_basket_that_is_refused_with_a_token_that_works_has_no_known_outcome() {
    time::pause();
    for symbols in [&["NSE:INFY-EQ"][..], &["NSE:INFY-EQ", "NSE:TCS-EQ"]] {
        let floor = open(false, true).await;
        says(&floor, &vec![dead(); symbols.len()]);
        let (done, body) = sends(&floor, Method::Post, &buys(symbols), true).await;
        assert_eq!(
            (done.venue, done.answer.status, &body["code"]),
            (Venue::Fyers, 200, &json!(201)),
            "{body}"
        );
        assert_eq!(refusals(&floor), 0);
        floor.actor.send(session(false)).await.unwrap();
        for symbol in symbols {
            exit_is_refused(&floor, symbol).await;
        }
    }
}

#[actix::test]
async fn a_basket_that_is_refused_with_a_dead_token_is_simulated_as_one_order_is_and_protected() {
    let floor = floor(false, true).await;
    says(&floor, &[dead(), dead()]);
    let (done, body) = sends(&floor, Method::Post, &buys(&["NSE:INFY-EQ", "NSE:TCS-EQ"]), false).await;
    assert_eq!((done.venue, refusals(&floor)), (Venue::Mock, 0), "{body}");
    exit_is_refused(&floor, "NSE:INFY-EQ").await;
    exit_is_refused(&floor, "NSE:TCS-EQ").await;
    assert_eq!(floor.fyers.calls(PATH).len(), 1, "it is never sent again");
}

#[actix::test]
async fn of_a_mixed_basket_each_row_keeps_its_word_and_the_token_s_is_not_known() {
    let taken = json!({"s": "ok", "code": 1101, "message": "m", "id": "26112300000001"});
    let no = json!({"s": "error", "code": -50, "message": "Invalid input"});
    let rows = [json!({"statusCode": 200, "body": taken}), dead(), json!({"statusCode": 400, "body": no})];
    time::pause();
    for is_good in [true, false] {
        let floor = open(false, true).await;
        says(&floor, &rows);
        let basket = buys(&["NSE:INFY-EQ", "NSE:TCS-EQ", "NSE:SBIN-EQ"]);
        let (done, body) = sends(&floor, Method::Post, &basket, is_good).await;
        assert_eq!((done.venue, refusals(&floor)), (Venue::Fyers, 1), "{body}");
        let codes: Vec<_> = (0..3).map(|place| body["data"][place]["body"]["code"].clone()).collect();
        assert_eq!(codes, [json!(1101), json!(201), json!(-50)], "{body}");
        floor.actor.send(session(false)).await.unwrap();
        exit_is_refused(&floor, "NSE:INFY-EQ").await;
        exit_is_refused(&floor, "NSE:TCS-EQ").await;
    }
}

#[actix::test]
async fn changes_that_are_refused_with_the_token_have_no_known_outcome() {
    let floor = floor(false, true).await;
    says(&floor, &[dead()]);
    let change = json!([{"id": "26112300000007", "type": 1, "limitPrice": 700, "qty": 3}]);
    let (done, body) = sends(&floor, Method::Patch, &change, true).await;
    assert_eq!((done.venue, &body["code"], refusals(&floor)), (Venue::Fyers, &json!(201), 0), "{body}");
}
