use fyers_api::http::ApiResponse;
use serde_json::json;

use super::*;
use crate::{
    keys::BotName,
    mode::Mode,
    routing::{
        Venue,
        request::{Leg, Reserved},
        settling::UnreadRequest,
    },
};
use fyers_api::operation::Operation;

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    fyers_api::date::order_time("23-Nov-2026 11:00:00").unwrap() + TimeDelta::seconds(seconds)
}

fn taken(id: Option<&str>, tag: Option<&str>) -> OrderEntry {
    let leg = Leg {
        symbol: "NSE:SBIN-EQ".into(),
        product: "INTRADAY".into(),
        quantity: -10,
        price: "801.5".parse().unwrap(),
        tag: tag.map(str::to_owned),
    };
    let place = (Operation::Place, Mode::Live, Venue::Fyers);
    let answer = (200, 1101, "taken", id.map(str::to_owned));
    OrderEntry::new(place, Some(&leg), answer, at(0)).of(&BotName::new("scalper").unwrap())
}

fn row(id: &str, tag: &str, status: i64) -> Value {
    json!({"id": id, "symbol": "NSE:SBIN-EQ", "qty": 10, "side": -1, "limitPrice": 801.5, "status": status,
        "message": "RED:RULE:{Check circuit limit}", "orderTag": format!("1:{tag}"), "filledQty": 0,
        "orderDateTime": "23-Nov-2026 11:00:01", "productType": "INTRADAY"})
}

pub(super) fn learn(all: &mut TakenOrders, rows: &[Value]) -> (Vec<OrderEntry>, Vec<Event>) {
    let body = json!({"s": "ok", "orderBook": rows}).to_string().into_bytes();
    let answer = ApiResponse { status: 200, headers: vec![], body };
    let ended = all.ended_in(Some(&answer));
    all.learn(&ended, |id| id == "known", (BrokerClock::default(), at(5)))
}

#[test]
fn a_taken_order_is_told_as_rejected_once_also_over_a_restart() {
    let mut all = TakenOrders::default();
    all.add(&taken(Some("26"), None));
    assert_eq!(
        learn(&mut all, &[row("26", "", 6), row("27", "", 5)]),
        (vec![], vec![]),
        "it waits; 27 is nobody's"
    );
    let (entries, events) = learn(&mut all, &[row("26", "", 5)]);
    let why = "RED:RULE:{Check circuit limit}";
    let Event::OrderRejected { bot, symbol, quantity, price, message, taken_as, .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (symbol.as_str(), *quantity, price.as_str(), message.as_str()),
        ("NSE:SBIN-EQ", -10, "801.5", why)
    );
    assert_eq!((bot.as_ref().unwrap().as_str(), taken_as.as_deref()), ("scalper", Some("26")));
    assert!(entries[0].is_rejected_on(ist::date(at(0))) && !entries[0].is_rejected_on(ist::date(at(90_000))));
    assert_eq!(learn(&mut all, &[row("26", "", 5)]), (vec![], vec![]));
    assert_eq!(all.take_in(taken(Some("26"), None)), entries[0], "what is written down anew keeps it");

    let mut told = TakenOrders::recall(&entries, at(60));
    assert_eq!(learn(&mut told, &[row("26", "", 5)]), (vec![], vec![]));
    let mut untold = TakenOrders::recall(&[taken(Some("26"), None)], at(60));
    assert_eq!(learn(&mut untold, &[row("26", "", 5)]).1, events);
}

#[test]
fn what_ended_otherwise_or_was_refused_at_once_is_not_told() {
    let mut all = TakenOrders::default();
    let refused = OrderEntry { code: -99, ..taken(Some("25"), None) };
    [refused, taken(Some("26"), None), taken(None, None)].iter().for_each(|entry| all.add(entry));
    assert_eq!(learn(&mut all, &[row("25", "", 5), row("26", "", 1)]), (vec![], vec![]));
    assert_eq!(learn(&mut all, &[row("26", "", 5)]), (vec![], vec![]), "it was cancelled");
}

/// FYERS answers orders by the async paths without an id.
#[test]
fn an_order_without_an_id_is_known_by_its_mark() {
    let mut all = TakenOrders::default();
    all.add(&taken(None, Some("a1")));
    assert_eq!(learn(&mut all, &[row("26", "a2", 5), row("known", "a1", 5)]), (vec![], vec![]));
    let (entries, events) = learn(&mut all, &[row("27", "a1", 5)]);
    assert_eq!((entries[0].rejected.as_ref().unwrap().id.as_str(), &entries[0].id), ("27", &None));
    assert_eq!((events.len(), learn(&mut all, &[row("28", "a1", 5)]).1.len()), (1, 0));
}

#[test]
fn an_entry_is_found_again_by_a_text_that_no_other_has() {
    let written = |entry: &OrderEntry| serde_json::to_string(entry).unwrap();
    let quoted = taken(Some("26"), Some(r#"x","id":"27","#));
    let rejected = |entry: &OrderEntry| {
        let rejected = Some(Rejection { at: at(9), id: "26".into(), message: String::new() });
        OrderEntry { rejected, ..entry.clone() }
    };
    for entry in [&taken(Some("26"), None), &taken(None, Some("a1")), &quoted] {
        let marks = rejected(entry).replaces().unwrap();
        let has = |text: &str| marks.iter().all(|mark| text.contains(mark));
        assert!(has(&written(entry)) && has(&written(&rejected(entry))));
        let later = OrderEntry { at: at(1), ..entry.clone() };
        assert!(!has(&written(&later)) && !has(&written(&taken(Some("27"), None))));
    }
    assert_eq!(taken(Some("26"), None).replaces(), None);
}

#[test]
fn a_reject_by_a_mark_is_of_the_request_that_has_it_alone() {
    let (told, other) = (taken(None, Some("a1")), taken(None, Some("a2")));
    let request = |entry: &OrderEntry, ids: &[&str]| {
        let legs = entry.taken_by_fyers().into_iter().collect();
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let reserved = Reserved { legs, is_opaque: false };
        UnreadRequest { id: 1, ids, sent: at(0), at: at(0), reserved, effect: None, closed_orders: vec![] }
    };
    assert!(told.is_marked_as(&request(&told, &[])));
    assert!(!told.is_marked_as(&request(&other, &[])) && !told.is_marked_as(&request(&told, &["26"])));
    let unmarked = taken(None, None);
    assert!(!unmarked.is_marked_as(&request(&unmarked, &[])));
}
