use fyers_api::{
    http::{ApiRequest, Method, Surface},
    operation::{LIVE_ORDERS, Operation},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    keys::BotName,
    order_journal::look_up::tests::now,
    routing::request::{Leg, OrderCall, Reserved},
};

/// Every kind. What is new here needs a sample below.
const ALL: [Operation; 29] = [
    Operation::Profile,
    Operation::Funds,
    Operation::Holdings,
    Operation::Positions,
    Operation::ExitPositions,
    Operation::ConvertPosition,
    Operation::Orders,
    Operation::Trades,
    Operation::Place,
    Operation::Modify,
    Operation::Cancel,
    Operation::PlaceMany,
    Operation::ModifyMany,
    Operation::CancelMany,
    Operation::PlaceGtt,
    Operation::ModifyGtt,
    Operation::CancelGtt,
    Operation::Gtts,
    Operation::MarketStatus,
    Operation::Quotes,
    Operation::Depth,
    Operation::History,
    Operation::SymbolToken,
    Operation::Chain,
    Operation::Margin,
    Operation::LiveOrder,
    Operation::LiveCall,
    Operation::UnknownRead,
    Operation::Unknown,
];

/// What a request of a kind that trades may have done, once it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// So many orders, that can be read.
    Orders(usize),
    /// Anything.
    Anything,
    /// Nothing that could open more.
    Less,
}

fn order() -> Value {
    json!({"symbol": "NSE:SBIN-EQ", "qty": 10, "type": 2, "side": 1, "productType": "INTRADAY"})
}

/// A request of this kind, if it trades. No kind is left out: the compiler asks for a new one.
fn sample(kind: Operation) -> Option<(Method, &'static str, Value, Does)> {
    use Method::{Delete, Patch, Post};
    let id = json!({"id": "26"});
    Some(match kind {
        Operation::Place => (Post, "/orders/sync", order(), Does::Orders(1)),
        Operation::PlaceMany => (Post, "/multi-order/sync", json!([order(), order()]), Does::Orders(2)),
        Operation::PlaceGtt => {
            let leg = json!({"price": 700, "triggerPrice": 705, "qty": 10});
            let gtt =
                json!({"side": 1, "symbol": "NSE:SBIN-EQ", "productType": "CNC", "orderInfo": {"leg1": leg}});
            (Post, "/gtt/orders/sync", gtt, Does::Orders(1))
        }
        Operation::Modify => (Patch, "/orders/sync", id, Does::Anything),
        Operation::ModifyMany => (Patch, "/multi-order/sync", json!([id]), Does::Anything),
        Operation::ModifyGtt => (Patch, "/gtt/orders/sync", id, Does::Anything),
        Operation::Cancel => (Delete, "/orders/sync", id, Does::Less),
        Operation::CancelMany => (Delete, "/multi-order/sync", json!([id]), Does::Less),
        Operation::CancelGtt => (Delete, "/gtt/orders/sync", id, Does::Less),
        Operation::ExitPositions => (Delete, "/positions", json!({"exit_all": 1}), Does::Anything),
        Operation::ConvertPosition => (Post, "/positions", json!({"symbol": "NSE:SBIN-EQ"}), Does::Anything),
        Operation::LiveOrder => (Post, "/multileg/orders/sync", json!({"legs": {}}), Does::Anything),
        Operation::Profile
        | Operation::Funds
        | Operation::Holdings
        | Operation::Positions
        | Operation::Orders
        | Operation::Trades
        | Operation::Gtts
        | Operation::MarketStatus
        | Operation::Quotes
        | Operation::Depth
        | Operation::History
        | Operation::SymbolToken
        | Operation::Chain
        | Operation::Margin
        | Operation::LiveCall
        | Operation::UnknownRead
        | Operation::Unknown => return None,
    })
}

fn request(method: Method, path: &str, body: &Value) -> ApiRequest {
    let (path, body) = (path.to_owned(), body.to_string().into_bytes());
    ApiRequest { surface: Surface::Api, method, path, query: String::new(), content_type: None, body }
}

fn intent(id: i64, (method, path, body): (Method, &str, &Value)) -> OrderIntent {
    let request = request(method, path, body);
    let intent = OrderIntent::of((id, &BotName::owner()), &OrderCall::read(&request), &request, 0, now());
    // As another life reads it.
    serde_json::from_str(&serde_json::to_string(&intent).unwrap()).unwrap()
}

fn answered() -> IntentOutcome {
    let at = Some(now() + TimeDelta::seconds(1));
    IntentOutcome::Answered { status: 200, ids: vec![], at, is_refused: false }
}

fn read(newest: i64, not_shown: &[i64]) -> LivePositions {
    let (read_at, not_shown) = (Some(now()), not_shown.to_vec());
    LivePositions {
        was_live: true,
        read_at,
        newest_sent: Some(newest),
        not_shown,
        ..LivePositions::default()
    }
}

fn does(sent: SentRequest, live: &LivePositions) -> Does {
    match &unread(vec![sent], live)[..] {
        [] => Does::Less,
        [one] if one.reserved.is_opaque => Does::Anything,
        [one] => Does::Orders(one.reserved.legs.len()),
        more => panic!("{more:?}"),
    }
}

#[test]
fn whatever_trades_is_unread_after_its_answer_until_a_reading_shows_it() {
    for kind in ALL {
        let sample = sample(kind);
        assert_eq!(sample.is_some(), kind.trades(), "{kind:?}");
        let Some((method, path, body, expected)) = sample else { continue };
        assert_eq!(Operation::of(&request(method, path, &body)), kind, "{path}");
        let sent = || (intent(7, (method, path, &body)), Some(answered()));
        for unread in [read(6, &[]), read(6, &[5]), read(7, &[7]), read(9, &[3, 7])] {
            assert_eq!(does(sent(), &unread), expected, "{kind:?} {unread:?}");
        }
        assert_eq!(does(sent(), &read(7, &[])), Does::Less, "{kind:?}");
        assert_eq!(does(sent(), &read(9, &[6, 8])), Does::Less, "{kind:?}");
        assert_eq!(does(sent(), &LivePositions::not_known()), expected, "{kind:?}");
    }
}

#[test]
fn every_place_that_only_fyers_serves_may_have_done_anything_or_what_its_orders_say() {
    for place in LIVE_ORDERS {
        for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
            for (path, body) in [(place.to_string(), order()), (format!("{place}/new"), json!([order()]))] {
                let sent = (intent(7, (method, &path, &body)), Some(answered()));
                let told = does(sent, &read(6, &[]));
                let expected = match (method, path.as_str()) {
                    (Method::Post, "/orders/async") => Does::Orders(1),
                    _ => Does::Anything,
                };
                assert_eq!(told, expected, "{method:?} {path}");
            }
        }
    }
    let basket = intent(7, (Method::Post, "/multi-order/async", &json!([order(), order()])));
    assert_eq!(does((basket, Some(answered())), &read(6, &[])), Does::Orders(2));
}

#[test]
fn what_a_basket_does_not_tell_may_be_anything() {
    for path in ["/orders/sync", "/multi-order/sync", "/orders/async", "/multi-order/async"] {
        for odd in [json!([order(), {"symbol": "NSE:INFY-EQ"}]), json!({}), json!([]), json!(7)] {
            let intent = intent(7, (Method::Post, path, &odd));
            assert!(intent.reserved().is_opaque, "its answer is lost: {path} {odd}");
            assert_eq!(does((intent, Some(answered())), &read(6, &[])), Does::Anything, "{path} {odd}");
        }
    }
}

#[test]
fn what_is_known_to_have_done_nothing_is_not_unread() {
    let place = || intent(7, (Method::Post, "/orders/sync", &order()));
    let outcome = |is_refused| IntentOutcome::Answered { status: 200, ids: vec![], at: None, is_refused };
    for (outcome, expected) in [
        (Some(outcome(true)), Does::Less),
        (Some(IntentOutcome::NotSent), Does::Less),
        (Some(IntentOutcome::Searched(Search::NotFound)), Does::Less),
        (Some(IntentOutcome::Searched(Search::LookYourself)), Does::Orders(1)),
        (Some(IntentOutcome::Searched(Search::Found { ids: vec!["26".into()] })), Does::Orders(1)),
        // It is looked for.
        (None, Does::Less),
    ] {
        assert_eq!(does((place(), outcome.clone()), &read(6, &[])), expected, "{outcome:?}");
    }
}

#[test]
fn what_was_written_before_readings_named_requests_goes_by_the_time() {
    let before = LivePositions { newest_sent: None, ..read(0, &[]) };
    assert_eq!(before.unread_from(now()), (0, now()));
    let place = |seconds| {
        let at = now() + TimeDelta::seconds(seconds);
        let intent = intent(7, (Method::Post, "/orders/sync", &order()));
        (OrderIntent { at, is_opaque: None, ..intent }, Some(answered()))
    };
    assert_eq!((does(place(0), &before), does(place(1), &before)), (Does::Less, Does::Orders(1)));
    let text =
        r#"{"id":7,"at":"2026-11-24T05:30:00Z","what":"convert","path":"/positions","body":"","legs":[]}"#;
    let old: OrderIntent = serde_json::from_str(text).unwrap();
    let text = r#"{"fate":"answered","status":200,"ids":[]}"#;
    let said: IntentOutcome = serde_json::from_str(text).unwrap();
    assert_eq!(does((old, Some(said)), &read(6, &[])), Does::Anything);
}

#[test]
fn no_request_is_left_out_by_where_reading_begins() {
    assert_eq!(read(9, &[]).unread_from(now()).0, 9);
    assert_eq!(read(9, &[4, 7]).unread_from(now()).0, 3);
    assert_eq!(read(9, &[12]).unread_from(now()).0, 9);
    let never = LivePositions::not_known().unread_from(now());
    assert_eq!(never, (0, now() - WITHOUT_READING));
    // A backup that was put back says only when it was read last: never.
    let back = LivePositions { read_at: None, ..read(9, &[]) };
    assert_eq!(back.unread_from(now()), never);
}

#[test]
fn what_is_unread_is_known_as_it_was_sent() {
    let sent = intent(7, (Method::Post, "/orders/sync", &order()));
    let ids = vec!["26".to_owned()];
    let outcome = IntentOutcome::Answered { status: 200, ids: ids.clone(), at: None, is_refused: false };
    let [one] = &unread(vec![(sent, Some(outcome))], &read(6, &[]))[..] else { panic!() };
    assert_eq!((one.id, &one.ids, one.at), (7, &ids, now()));
    let leg = Leg { product: "INTRADAY".into(), ..crate::routing::exposure::tests::leg("NSE:SBIN-EQ", 10) };
    assert_eq!(one.reserved, Reserved { legs: vec![leg], is_opaque: false });
    let odd = OrderIntent::unreadable(3, now());
    assert!(odd.taken().is_opaque && odd.reserved().is_opaque);
}
