use fyers_api::http::Method;
use serde_json::{Value, json};

use super::*;
use crate::{
    bots::admit::tests::{limited, request, seen, value_limit},
    keys::{BotName, LimitKind},
    mode::Mode,
    routing::{
        exposure::tests::{leg, position},
        live_positions::LivePositions,
        own::Own,
        request::Reserved,
    },
};

fn call(method: Method, path: &str, body: &Value) -> OrderCall {
    OrderCall::read(&request(method, path, body))
}

fn sell(quantity: i64) -> OrderCall {
    let order =
        json!({"symbol": "NSE:A-EQ", "qty": quantity, "side": -1, "productType": "INTRADAY", "type": 2});
    call(Method::Post, "/orders/sync", &order)
}

fn limit() -> Route {
    Route::Refused(Refused::Limit { limit: LimitKind::Loss, words: String::new() })
}

fn no_exit(why: NoExit) -> Route {
    Route::Refused(Refused::NoExit { bot: BotName::owner(), why })
}

fn flat(mode: Mode) -> Snapshot {
    seen(mode, &limited(value_limit(1)), Own::default())
}

/// Ten were bought: FYERS has answered, or they waited at the last reading.
fn bought() -> [Snapshot; 3] {
    let (now, ten) = (flat(Mode::Live), leg("NSE:A-EQ", 10));
    let sent = Reserved { legs: vec![ten.clone()], is_opaque: false };
    let resting = LivePositions { waiting: vec![ten.clone()], ..now.live.clone() };
    [
        Snapshot { sent, not_shown: vec![ten.clone()], ..now.clone() },
        Snapshot { live: resting, ..now.clone() },
        Snapshot { torn: vec![(ten.key(), 10)], ..now },
    ]
}

#[test]
fn an_exit_of_what_may_just_have_been_bought_waits_for_a_reading() {
    for now in bought() {
        assert_eq!(reads_for_limits(&now, &sell(10), &limit()), Some(ReadsFirst::InTurn), "{now:?}");
        assert_eq!(reads_for_limits(&now, &sell(10), &Route::Fyers), None, "it leaves");
        let more = json!({"symbol": "NSE:B-EQ", "qty": 1, "side": 1, "productType": "INTRADAY", "type": 2});
        let more = call(Method::Post, "/orders/sync", &more);
        assert_eq!(reads_for_limits(&now, &more, &limit()), None, "another symbol");
        let gtt = call(Method::Post, "/gtt/orders/sync", &json!({}));
        assert_eq!(reads_for_limits(&now, &gtt, &limit()), None);
    }
    assert_eq!(reads_for_limits(&flat(Mode::Live), &sell(10), &limit()), None, "nothing was bought");
    let [answered, resting, torn] = bought();
    for (now, again) in [(answered, true), (resting, false), (torn, true)] {
        assert_eq!(reads_again_for_limits(&now, &sell(10), &limit()), again);
    }
}

#[test]
fn an_exit_behind_another_one_waits_for_a_reading_of_what_became_of_that() {
    let flat = flat(Mode::Live);
    let live = LivePositions { positions: vec![position("NSE:A-EQ", 10)], ..flat.live.clone() };
    let now = Snapshot { live, ..flat };
    let close = call(Method::Delete, "/positions", &json!({"id": "NSE:A-EQ-INTRADAY"}));
    for (why, waits, again) in [
        (NoExit::OnItsWay, true, false),
        (NoExit::NotShown, true, true),
        (NoExit::Unknown, true, false),
        (NoExit::Unanswered, false, false),
        (NoExit::Entry, false, false),
    ] {
        let decided = no_exit(why);
        for exit in [&close, &sell(10)] {
            assert_eq!(reads_for_limits(&now, exit, &decided).is_some(), waits, "{why:?}");
            assert_eq!(reads_again_for_limits(&now, exit, &decided), again, "{why:?}");
        }
    }
    let sandbox = seen(Mode::Sandbox, &limited(value_limit(1)), Own::default());
    assert_eq!(reads_for_limits(&sandbox, &close, &no_exit(NoExit::OnItsWay)), None, "no book to be read");
}
