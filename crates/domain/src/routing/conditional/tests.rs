use chrono::TimeDelta;
use fyers_api::{http::Surface, response::GttRow};
use serde_json::json;

use super::*;
use crate::{
    mode::Mode,
    routing::{
        exposure::tests::leg,
        live_positions::LivePositions,
        route::{Refused, Route, Snapshot, route, tests::snapshot},
    },
};

const SBIN: &str = "NSE:SBIN-EQ";

fn request(method: Method, path: &str, body: &Value) -> ApiRequest {
    let (surface, path, query) = (Surface::Api, path.to_owned(), String::new());
    ApiRequest { surface, method, path, query, content_type: None, body: body.to_string().into_bytes() }
}

fn at(day: u32, time: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("2026-11-{day}T{time}:00+05:30")).unwrap().to_utc()
}

fn date(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, day).unwrap()
}

fn step(method: Method, path: &str, body: &Value, id: &str) -> Option<Step> {
    let request = request(method, path, body);
    Step::of(&OrderCall::read(&request), &request, &[id.to_owned()], (at(23, "12:00"), Some(date(23))))
}

fn gtt(side: i64, quantity: i64) -> Value {
    json!({"side": side, "symbol": SBIN, "productType": "MARGIN",
        "orderInfo": {"leg1": {"price": 810, "triggerPrice": 805, "qty": quantity}}})
}

fn smart() -> Value {
    json!({"symbol": SBIN, "side": -1, "qty": 10, "productType": "INTRADAY", "limitPrice": 790})
}

fn waits(step: Option<Step>) -> Conditional {
    match step {
        Some(Step::Waits(order)) => order,
        other => panic!("{other:?}"),
    }
}

fn waiting(method: Method, path: &str, body: &Value, id: &str) -> LivePositions {
    let conditional = vec![waits(step(method, path, body, id))];
    let (was_live, read_at) = (true, Some(at(23, "12:01")));
    LivePositions { conditional, was_live, read_at, ..LivePositions::default() }
}

#[test]
fn what_may_wait_is_remembered_until_its_answer_is_known() {
    let may_wait = |method, path: &str, body: &Value| {
        let request = request(method, path, body);
        may_wait(&OrderCall::read(&request), &request, (at(23, "12:00"), Some(date(23))))
    };
    let one = may_wait(Method::Post, "/gtt/orders/sync", &gtt(1, 75)).unwrap();
    assert_eq!((one.told().as_str(), one.last_day), ("+75 NSE:SBIN-EQ (a GTT order that may wait)", None));
    let plan = may_wait(Method::Post, "/smart-order/sip", &smart()).unwrap();
    assert_eq!(plan.last_day, Some(date(23)), "no cancel could end it");
    assert_eq!(may_wait(Method::Delete, "/gtt/orders/sync", &json!({"id": "26"})), None);
    let mut orders = vec![plan.clone(), one.clone(), one.clone()];
    forget(&mut orders, &one);
    assert_eq!(orders, [plan, one], "one of two equal ones");
}

#[test]
fn gtt_and_smart_orders_are_read_with_their_symbols() {
    let one = waits(step(Method::Post, "/gtt/orders/sync", &gtt(1, 75), "26"));
    assert_eq!(
        (one.id.as_str(), one.kind, one.quantity, one.last_day),
        ("26", ConditionalKind::Gtt, Some(75), None)
    );
    assert_eq!(
        (one.symbols.as_slice(), one.told().as_str()),
        (&[SBIN.to_owned()][..], "+75 NSE:SBIN-EQ (a GTT order that waits)")
    );
    for (what, last_day) in [
        ("limit", Some(date(23))),
        ("step", Some(date(23))),
        ("trail", Some(date(23))),
        ("sip", None),
        ("peg", None),
    ] {
        let one = waits(step(Method::Post, &format!("/smart-order/{what}"), &smart(), "f-1"));
        assert_eq!(
            (one.kind, one.quantity, one.last_day),
            (ConditionalKind::Smart, Some(-10), last_day),
            "{what}"
        );
        assert_eq!(one.told(), "-10 NSE:SBIN-EQ (a smart order that waits)");
    }
    let nested = waits(step(
        Method::Post,
        "/smart-order/step",
        &json!({"legs": [{"symbol": SBIN}, {"symbol": "NSE:TCS-EQ"}]}),
        "",
    ));
    assert_eq!(nested.told(), "NSE:SBIN-EQ and NSE:TCS-EQ (a smart order that may wait)");
    for (method, path) in [
        (Method::Post, "/orders/sync"),
        (Method::Post, "/orders/async"),
        (Method::Patch, "/gtt/orders/sync"),
        (Method::Patch, "/smart-order/pause"),
        (Method::Get, "/smart-order/orderbook"),
    ] {
        assert_eq!(step(method, path, &smart(), "26"), None, "{method:?} {path}");
    }
}

#[test]
fn only_a_cancel_of_its_own_id_or_the_end_of_its_day_ends_one() {
    let mut orders = vec![];
    let add = |orders: &mut Vec<Conditional>, path: &str, body: &Value, id: &str| {
        learn(orders, step(Method::Post, path, body, id).unwrap(), date(23))
    };
    assert_eq!(add(&mut orders, "/gtt/orders/sync", &gtt(1, 75), "26"), None);
    add(&mut orders, "/smart-order/limit", &smart(), "f-1");
    add(&mut orders, "/smart-order/sip", &smart(), "f-2");
    let cancel = |orders: &mut Vec<Conditional>, path: &str, body: Value| {
        if let Some(step) = step(Method::Delete, path, &body, "") {
            learn(orders, step, date(23));
        }
        orders.iter().map(|order| order.id.clone()).collect::<Vec<_>>()
    };
    for (path, body) in [
        ("/gtt/orders/sync", json!({"id": "27"})),
        ("/gtt/orders/sync", json!({"id": "f-1"})),
        ("/gtt/orders/sync", json!({"id": ["26", "27"]})),
        ("/gtt/orders/sync", json!({})),
        ("/smart-order/cancel", json!({"flowId": "26"})),
        ("/smart-order/cancel", json!({"id": "f-1"})),
        ("/orders/sync", json!({"id": "26"})),
    ] {
        assert_eq!(cancel(&mut orders, path, body.clone()), ["26", "f-1", "f-2"], "{path} {body}");
    }
    assert_eq!(cancel(&mut orders, "/smart-order/cancel", json!({"flowId": "f-2"})), ["26", "f-1"]);
    let over =
        |orders: &[Conditional], day| orders.iter().map(|one| one.is_over(date(day))).collect::<Vec<_>>();
    assert_eq!((over(&orders, 23), over(&orders, 24)), (vec![false, false], vec![false, true]));
    assert_eq!(cancel(&mut orders, "/gtt/orders/sync", json!({"id": "26"})), ["f-1"]);
    learn(&mut orders, Step::Over { id: "x".into(), is_gtt: true }, date(24));
    assert_eq!(orders, []);
}

#[test]
fn the_oldest_makes_room() {
    let mut orders = vec![];
    for id in 0..MOST {
        let order = Conditional { id: id.to_string(), ..Conditional::unreadable(at(23, "12:00")) };
        assert_eq!(learn(&mut orders, Step::Waits(order), date(23)), None);
    }
    let dropped = learn(&mut orders, Step::Waits(Conditional::unreadable(at(23, "12:00"))), date(23));
    assert_eq!((dropped.unwrap().id.as_str(), orders.len()), ("0", MOST));
}

#[test]
fn an_order_belongs_to_the_day_whose_close_is_still_to_come() {
    // Friday the 27th, Monday the 30th.
    let closes = |day: NaiveDate| {
        [20, 23, 27, 30]
            .map(date)
            .contains(&day)
            .then(|| ist::instant(day, chrono::NaiveTime::from_hms_opt(15, 30, 0).unwrap()))
    };
    for (sent, day) in
        [(at(27, "08:00"), 27), (at(27, "15:15"), 27), (at(27, "15:25"), 30), (at(28, "12:00"), 30)]
    {
        assert_eq!(trading_day(sent, closes), Some(date(day)), "{sent}");
    }
    assert_eq!(trading_day(at(27, "12:00"), |_| None), None);
}

#[test]
fn no_order_in_the_symbol_of_one_that_waits_is_simulated() {
    let order = |symbol: &str, side: i64| {
        let body = json!({"symbol": symbol, "qty": 75, "type": 2, "side": side, "productType": "INTRADAY"});
        request(Method::Post, "/orders/sync", &body)
    };
    let goes = |sandbox: bool, live: &LivePositions, request: &ApiRequest| {
        let now = snapshot(Mode::Mock);
        route(&Snapshot { sandbox, live: live.clone(), ..now }, &OrderCall::read(request))
    };
    let live = waiting(Method::Post, "/gtt/orders/sync", &gtt(1, 75), "26");
    for exit in [order(SBIN, -1), order(SBIN, 1), order(" nse:sbin-eq", -1)] {
        let Route::Refused(why) = goes(false, &live, &exit) else { panic!("{exit:?}") };
        assert_eq!(
            why.to_string(),
            "a GTT order of yours for NSE:SBIN-EQ may have executed at FYERS: look in the FYERS app, and FYERS cannot be used \
             now: it is refused, not simulated; close the position in the FYERS app if you must"
        );
        assert_eq!(goes(true, &live, &exit), Route::MockExchange, "it was never meant for FYERS");
    }
    assert_eq!(goes(false, &live, &order("NSE:TCS-EQ", 1)), Route::MockExchange);
    let all = request(Method::Delete, "/positions", &json!({"exit_all": 1}));
    assert!(matches!(goes(false, &live, &all), Route::Refused(Refused::Protected(_))));
    let smart = waiting(Method::Post, "/smart-order/trail", &smart(), "f-1");
    assert!(
        may_have_executed(&smart.conditional, &leg(SBIN, 10))
            .unwrap()
            .starts_with("a smart order of yours for NSE:SBIN-EQ may")
    );
    assert_eq!(smart.open().unwrap(), ["-10 NSE:SBIN-EQ (a smart order that waits)"]);
    let any = waiting(Method::Post, "/smart-order/trail", &json!({}), "f-1");
    assert!(
        may_have_executed(&any.conditional, &leg("NSE:TCS-EQ", 1))
            .unwrap()
            .contains("a symbol that is not known")
    );
    assert!(matches!(goes(false, &any, &order("NSE:TCS-EQ", 1)), Route::Refused(Refused::Protected(_))));
}

fn row(id: &str, symbol: &str, is_over: bool) -> GttRow {
    GttRow {
        ids: vec![id.into()],
        symbol: symbol.into(),
        quantity: Some(75),
        legs: Default::default(),
        is_over,
    }
}

/// What is left of these orders after readings that began so many seconds after noon, each with its rows.
fn after_readings(mut orders: Vec<Conditional>, readings: &[(i64, Vec<GttRow>)]) -> Vec<Conditional> {
    let mut not_waiting = NotWaiting::default();
    for (seconds, rows) in readings {
        let began = at(23, "12:00") + TimeDelta::seconds(*seconds);
        learn_gtts(&mut orders, rows, &mut not_waiting, (began, date(23)));
    }
    orders
}

#[test]
fn a_gtt_order_that_the_book_shows_as_over_or_no_more_is_dropped_after_a_second_look() {
    let one = || vec![waits(step(Method::Post, "/gtt/orders/sync", &gtt(1, 75), "26"))];
    let left = |readings: &[(i64, Vec<GttRow>)]| after_readings(one(), readings).len();
    let (waits, over) = (|| vec![row("26", SBIN, false)], || vec![row("26", SBIN, true)]);
    assert_eq!(left(&[(100, over())]), 1, "its order may not be in the order book yet");
    assert_eq!(left(&[(100, over()), (102, over())]), 1);
    assert_eq!(left(&[(100, over()), (104, over())]), 0);
    assert_eq!(left(&[(100, vec![]), (104, vec![])]), 1);
    assert_eq!(left(&[(100, vec![]), (160, vec![])]), 0);
    assert_eq!(left(&[(100, vec![]), (130, waits()), (160, vec![])]), 1, "it was left out once");
    assert_eq!(left(&[(100, waits()), (3_600, waits())]), 1);
    assert_eq!(left(&[(1, vec![]), (29, vec![])]), 1, "it is not in the book yet");
    let other = || vec![row("27", SBIN, true)];
    assert_eq!(left(&[(100, other()), (110, other())]), 1, "another one");
}

#[test]
fn one_without_an_id_waits_as_long_as_any_in_its_symbol_may() {
    let one = || vec![waits(step(Method::Post, "/gtt/orders/sync", &gtt(1, 75), ""))];
    let rows = |is_over| vec![row("26", SBIN, is_over), row("27", "NSE:INFY-EQ", false)];
    assert_eq!(after_readings(one(), &[(100, rows(false)), (200, rows(false))]).len(), 1);
    assert_eq!(after_readings(one(), &[(100, rows(true)), (110, rows(true))]).len(), 1);
    assert_eq!(after_readings(one(), &[(100, rows(true)), (160, rows(true))]).len(), 0);
}

#[test]
fn the_gtt_book_tells_nothing_of_smart_orders() {
    let smart = vec![waits(step(Method::Post, "/smart-order/limit", &smart(), "f-1"))];
    assert_eq!(after_readings(smart, &[(100, vec![]), (1_000, vec![])]).len(), 1);
}

#[test]
fn what_could_not_be_read_is_made_anew_from_the_gtt_book() {
    let unreadable = Conditional::unreadable(at(23, "12:00"));
    let told = may_have_executed(std::slice::from_ref(&unreadable), &leg(SBIN, 5)).unwrap();
    assert!(told.contains("after the next login it is made anew from FYERS' GTT book"), "{told}");
    let rows = vec![row("26", SBIN, false), row("27", "NSE:INFY-EQ", true)];
    let orders = after_readings(vec![unreadable], &[(100, rows)]);
    let gtts: Vec<_> = orders.iter().filter(|order| order.kind == ConditionalKind::Gtt).collect();
    assert_eq!((gtts.len(), gtts[0].told().as_str()), (1, "+75 NSE:SBIN-EQ (a GTT order that waits)"));
    let rest: Vec<_> = orders.iter().filter(|order| order.is_over(date(24))).collect();
    assert_eq!((orders.len(), rest.len()), (2, 1), "a smart order that nobody knows of ends with the day");
}
