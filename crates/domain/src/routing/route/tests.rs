use fyers_api::http::{ApiRequest, Method, Surface};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::routing::exposure::tests::{leg, position};
mod account_model;
mod dead_token_model;
mod halt_model;
mod lagging_books;
mod real_risks;
mod unread_symbols;

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn snapshot(mode: Mode) -> Snapshot {
    Snapshot {
        mode,
        reason: Reason::Verified,
        halted: false,
        sandbox: mode == Mode::Sandbox,
        on_token_loss: OnTokenLoss::Mock,
        stopping: false,
        awaits_first_word: false,
        token: (mode != Mode::Mock).then(|| Arc::new(AccessToken::new("a token"))),
        live: LivePositions { was_live: true, read_at: Some(at()), ..LivePositions::default() },
        looked: true,
        sent: Reserved::default(),
        not_shown: vec![],
        listed: vec![],
        torn: vec![],
        untold: vec![],
        unanswered: vec![],
        simulated: vec![],
        simulated_waiting: vec![],
        simulated_today: 0,
        placed_today: 0,
        rejected_today: 0,
        epoch: 0,
        at: at(),
        own: Arc::default(),
    }
}

fn holding(mode: Mode, net: i64) -> Snapshot {
    let live = LivePositions { positions: vec![position("NSE:A-EQ", net)], ..snapshot(mode).live };
    Snapshot { live, ..snapshot(mode) }
}

fn halted(now: Snapshot) -> Snapshot {
    Snapshot { halted: true, ..now }
}

fn call(method: Method, path: &str, body: &Value) -> OrderCall {
    let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
    OrderCall::read(&ApiRequest {
        surface: Surface::Api,
        method,
        path: path.into(),
        query: String::new(),
        content_type: None,
        body,
    })
}

fn order(symbol: &str, quantity: i64) -> Value {
    json!({"symbol": symbol, "qty": quantity.abs(), "type": 2, "side": quantity.signum(), "productType": "INTRADAY"})
}

pub(crate) fn place(symbol: &str, quantity: i64) -> OrderCall {
    call(Method::Post, "/orders/sync", &order(symbol, quantity))
}

fn basket(all: &[i64]) -> OrderCall {
    let rows = all.iter().map(|quantity| order("NSE:A-EQ", *quantity)).collect();
    call(Method::Post, "/multi-order/sync", &Value::Array(rows))
}

fn exit_all() -> OrderCall {
    call(Method::Delete, "/positions", &json!({"exit_all": 1}))
}

fn refused(route: &Route) -> bool {
    matches!(route, Route::Refused(_))
}

#[test]
fn no_order_leaves_the_keeper_outside_of_live() {
    for (method, path) in [
        (Method::Post, "/orders/sync"),
        (Method::Delete, "/orders/sync"),
        (Method::Post, "/gtt/orders/sync"),
        (Method::Post, "/multileg/orders/sync"),
        (Method::Post, "/multi-order/sync"),
        (Method::Post, "/something/new"),
    ] {
        let call = call(method, path, &order("NSE:A-EQ", 1));
        assert_eq!(route(&snapshot(Mode::Sandbox), &call), Route::MockExchange, "{path}");
        assert_ne!(route(&snapshot(Mode::Mock), &call), Route::Fyers, "{path}");
        assert_ne!(route(&Snapshot { token: None, ..snapshot(Mode::Live) }, &call), Route::Fyers, "{path}");
        let unknown = call.operation == Operation::Unknown;
        assert_eq!(route(&snapshot(Mode::Live), &call) == Route::Fyers, !unknown, "{path}");
    }
    let mock = Route::MockExchange;
    for (path, want) in [("/profile", Route::Fyers), ("/funds", mock.clone()), ("/holdings", mock)] {
        let read = call(Method::Get, path, &Value::Null);
        assert_eq!(route(&snapshot(Mode::Sandbox), &read), want, "{path}: in Sandbox the account is one");
    }
}

#[test]
fn a_way_out_of_a_live_position_is_never_simulated() {
    let now = holding(Mode::Mock, 10);
    let leg1 = json!({"price": 700, "triggerPrice": 705, "qty": 10});
    let stop =
        json!({"side": -1, "symbol": "NSE:A-EQ", "productType": "INTRADAY", "orderInfo": {"leg1": leg1}});
    for exit in [
        place("NSE:A-EQ", -1),
        place("nse:a-eq ", -50),
        basket(&[1, -1]),
        exit_all(),
        call(Method::Post, "/gtt/orders/sync", &stop),
        call(Method::Post, "/orders/sync", &json!({"symbol": "NSE:A-EQ"})),
    ] {
        assert!(refused(&route(&now, &exit)), "{exit:?}");
    }
    for other in [place("NSE:A-EQ", 1), place("NSE:B-EQ", -1)] {
        assert_eq!(route(&now, &other), Route::MockExchange, "{other:?}");
    }
    let unknown = LivePositions { read_at: None, ..now.live.clone() };
    assert!(refused(&route(&Snapshot { live: unknown, ..now.clone() }, &place("NSE:B-EQ", 1))), "not known");
    let waits = LivePositions { waiting: vec![leg("NSE:B-EQ", 5)], ..snapshot(Mode::Mock).live };
    let answered = Reserved { legs: vec![leg("NSE:B-EQ", 5)], is_opaque: false };
    for now in [
        Snapshot { live: waits, ..snapshot(Mode::Mock) },
        Snapshot { sent: answered, ..snapshot(Mode::Mock) },
    ] {
        assert!(refused(&route(&now, &place("NSE:B-EQ", -5))), "it may have filled");
        assert!(refused(&route(&now, &exit_all())));
        assert_eq!(route(&now, &place("NSE:B-EQ", 5)), Route::MockExchange);
    }
    let opaque = Snapshot { sent: Reserved { is_opaque: true, ..Reserved::default() }, ..now.clone() };
    assert!(refused(&route(&opaque, &place("NSE:B-EQ", -1))));
    let never = Snapshot { live: LivePositions::default(), ..now.clone() };
    assert_eq!(route(&never, &exit_all()), Route::MockExchange);
    let strict = Snapshot { on_token_loss: OnTokenLoss::Reject, ..now };
    assert_eq!(route(&strict, &place("NSE:B-EQ", 1)), Route::Refused(Refused::NoToken(Reason::Verified)));
}

/// The token dies between FYERS' answer to an order and the next reading of the books.
#[test]
fn an_order_that_may_have_filled_protects_like_a_position() {
    let flat = holding(Mode::Mock, 0);
    let sent = Reserved { legs: vec![leg("NSE:A-EQ", 10)], is_opaque: false };
    let waiting = LivePositions { waiting: vec![leg("NSE:A-EQ", 10)], ..flat.live.clone() };
    let restarted = Leg { product: String::new(), ..leg("NSE:A-EQ", 10) };
    let restarted = Reserved { legs: vec![restarted], is_opaque: false };
    for now in [
        Snapshot { sent, ..flat.clone() },
        Snapshot { live: waiting, ..flat.clone() },
        Snapshot { sent: restarted, ..flat.clone() },
    ] {
        for exit in [place("NSE:A-EQ", -10), place(" nse:a-eq", -1), basket(&[1, -1]), exit_all()] {
            assert!(refused(&route(&now, &exit)), "{exit:?}");
        }
        for other in [place("NSE:A-EQ", 1), place("NSE:B-EQ", -1)] {
            assert_eq!(route(&now, &other), Route::MockExchange, "{other:?}");
        }
    }
    assert_eq!(route(&flat, &place("NSE:A-EQ", -10)), Route::MockExchange);
}

#[test]
fn a_halt_lets_out_what_is_open_and_no_more() {
    let now = halted(holding(Mode::Live, 10));
    let goes = |now: &Snapshot, call: &OrderCall| route(now, call) == Route::Fyers;
    assert!(goes(&now, &place("NSE:A-EQ", -10)) && goes(&now, &basket(&[-4, -6])) && goes(&now, &exit_all()));
    assert!(goes(&now, &call(Method::Delete, "/orders/sync", &json!({"id": "1"}))));
    assert!(goes(&now, &call(Method::Get, "/orders", &Value::Null)));
    let huge = json!([order("NSE:A-EQ", -1), {"symbol": "NSE:A-EQ", "qty": 300, "type": 1, "side": 1,
        "productType": "INTRADAY", "limitPrice": 1e30}]);
    for entry in [
        place("NSE:A-EQ", -500),
        place("NSE:A-EQ", 1),
        place("NSE:B-EQ", -1),
        basket(&[-10; 10]),
        call(Method::Post, "/multi-order/sync", &huge),
        call(Method::Patch, "/orders/sync", &json!({"id": "1", "qty": 500})),
        call(Method::Post, "/gtt/orders/sync", &json!({})),
        call(Method::Post, "/multileg/orders/sync", &json!({})),
        call(Method::Post, "/positions", &json!({})),
    ] {
        assert!(refused(&route(&now, &entry)), "{entry:?}");
    }
    let sent = Reserved { legs: vec![leg("NSE:A-EQ", -10)], is_opaque: false };
    let busy = Snapshot { sent, ..now.clone() };
    assert_eq!(route(&busy, &place("NSE:A-EQ", -10)), Route::Refused(Refused::ExitOnItsWay));
    assert_eq!(route(&busy, &exit_all()), Route::Refused(Refused::ExitOnItsWay));
    for (what, blind) in [
        ("not read in this life", Snapshot { looked: false, ..now.clone() }),
        ("read long ago", Snapshot { at: at() + chrono::TimeDelta::minutes(10), ..now.clone() }),
        (
            "a change is on its way",
            Snapshot { sent: Reserved { legs: vec![], is_opaque: true }, ..now.clone() },
        ),
    ] {
        for exit in [place("NSE:A-EQ", -10), basket(&[-1])] {
            assert_eq!(route(&blind, &exit), Route::Refused(Refused::HaltedUnknown), "{what}");
        }
        assert_eq!(goes(&blind, &exit_all()), !blind.sent.is_opaque, "FYERS closes what is open: {what}");
        let cancel = call(Method::Delete, "/orders/sync", &json!({"id": "1"}));
        assert!(goes(&blind, &cancel), "{what}");
    }
}

#[test]
fn a_halt_holds_for_simulated_orders_too() {
    let now = halted(Snapshot { simulated: vec![position("NSE:A-EQ", 10)], ..snapshot(Mode::Sandbox) });
    assert_eq!(route(&now, &place("NSE:A-EQ", -10)), Route::MockExchange);
    assert!(refused(&route(&now, &place("NSE:A-EQ", -11))) && refused(&route(&now, &place("NSE:B-EQ", 1))));
    assert_eq!(now.shown(), ShownMode::Halted);
}

#[test]
fn the_exit_of_a_simulated_position_is_no_entry_at_fyers() {
    let now = Snapshot { simulated: vec![position("NSE:A-EQ", 10)], ..snapshot(Mode::Live) };
    let unread = call(Method::Post, "/orders/sync", &json!({"x": 1}));
    assert!(matches!(route(&now, &unread), Route::Refused(Refused::SymbolUnread { net: 10, .. })));
    for exit in [place("NSE:A-EQ", -10), basket(&[-1])] {
        assert!(
            matches!(route(&now, &exit), Route::Refused(Refused::SimulatedPosition { net: 10, .. })),
            "{exit:?}"
        );
    }
    let twin = order("NSE:A-EQ", -10);
    for (path, body) in [
        ("/orders/async", twin.clone()),
        ("/multi-order/async", json!([twin])),
        ("/multileg/orders/sync", twin),
    ] {
        let exit = call(Method::Post, path, &body);
        assert!(matches!(route(&now, &exit), Route::Refused(Refused::SimulatedPosition { .. })), "{path}");
    }
    assert_eq!(route(&now, &place("NSE:A-EQ", 5)), Route::Fyers, "more of it is what the bot asked for");
    assert_eq!(route(&now, &place("NSE:B-EQ", -5)), Route::Fyers);
    let real = Snapshot { simulated: now.simulated.clone(), ..holding(Mode::Live, 10) };
    assert_eq!(route(&real, &place("NSE:A-EQ", -10)), Route::Fyers, "the real position covers it");
    assert!(refused(&route(&real, &place("NSE:A-EQ", -11))));
}

/// The words say which part is real, and what the bot can do.
#[test]
fn a_real_and_a_simulated_position_of_one_symbol_are_told_apart() {
    let simulated = vec![position("NSE:A-EQ", 10)];
    let both = Snapshot { simulated: simulated.clone(), ..holding(Mode::Live, 4) };
    let words = |now: &Snapshot, quantity| match route(now, &place("NSE:A-EQ", quantity)) {
        Route::Refused(why) => why.to_string(),
        other => format!("{other:?}"),
    };
    let told = words(&both, -14);
    assert!(
        told.contains("4 can be closed at FYERS and 10 was simulated") && told.contains("at most 4"),
        "{told}"
    );
    assert_eq!(words(&both, -4), "Fyers", "exactly what is real");
    let waiting = LivePositions { waiting: vec![leg("NSE:A-EQ", -3)], ..both.live.clone() };
    let busy = Snapshot { live: waiting, ..both.clone() };
    assert!(words(&busy, -4).contains("at most 1") && words(&busy, -1) == "Fyers");
    let blind = Snapshot { looked: false, ..both };
    assert!(words(&blind, -14).contains("what is open there is not known now"));
    let short = Snapshot { simulated, ..holding(Mode::Live, -4) };
    assert!(words(&short, -14).contains("was simulated and does not exist at FYERS"));
}

/// The id tells whose an order is: neither place answers for the other's.
#[test]
fn an_order_is_changed_only_where_it_is() {
    let of = |id: &str| {
        let one = json!({"id": id, "qty": 1});
        vec![
            call(Method::Delete, "/orders/sync", &one),
            call(Method::Delete, &format!("/orders/{id}/sync"), &Value::Null),
            call(Method::Patch, "/orders/sync", &one),
            call(Method::Delete, "/multi-order/sync", &json!([{"id": "MOCK26112300000001"}, one])),
            call(Method::Patch, "/multi-order/sync", &json!([one])),
            call(Method::Delete, "/gtt/orders/sync", &one),
            call(Method::Patch, "/gtt/orders/sync", &one),
        ]
    };
    let read = |id: &str| {
        let (surface, query) = (Surface::Api, format!("id={id}"));
        let (method, path) = (Method::Get, "/orders".to_owned());
        OrderCall::read(&ApiRequest { surface, method, path, query, content_type: None, body: vec![] })
    };
    let (dead, live, trial) = (snapshot(Mode::Mock), snapshot(Mode::Live), snapshot(Mode::Sandbox));
    for call in of("26112300000001").into_iter().chain([read("26112300000001")]) {
        for now in [dead.clone(), halted(dead.clone())] {
            let goes = route(&now, &call);
            let halts = now.halted && goes == Route::Refused(Refused::HaltedWithoutToken(Reason::Verified));
            assert!(
                halts || matches!(goes, Route::Refused(Refused::OrderAtFyers { .. })),
                "{call:?} {goes:?}"
            );
        }
        assert_eq!(route(&trial, &call), Route::MockExchange, "nothing is meant for FYERS: {call:?}");
    }
    for call in of("MOCK26112300000002").into_iter().chain([read("MOCK26112300000002")]) {
        assert_eq!(route(&dead, &call), Route::MockExchange, "{call:?}");
        assert!(matches!(route(&live, &call), Route::Refused(Refused::SimulatedOrder(_))), "{call:?}");
    }
    assert_eq!(route(&live, &read("26112300000001")), Route::Fyers);
}

#[test]
fn a_halt_without_a_token_says_both() {
    let now = halted(Snapshot { reason: Reason::TokenRejected, ..holding(Mode::Mock, 10) });
    let words = |call: &OrderCall| match route(&now, call) {
        Route::Refused(why) => why.to_string(),
        other => format!("{other:?}"),
    };
    for (call, parts) in [
        (place("NSE:A-EQ", -10), ["it would reduce your live position of 10 NSE:A-EQ", "was touched"]),
        (exit_all(), ["you have live positions", "was touched"]),
        (place("NSE:B-EQ", 1), ["entries are refused", "FYERS cannot be used either"]),
    ] {
        let told = words(&call);
        let both = told.starts_with("Halted") && told.contains("FYERS no longer accepts the access token");
        assert!(both && parts.iter().all(|part| told.contains(part)), "{told}");
        assert!(!told.contains("still go to FYERS"), "{told}");
    }
    let trial = route(&halted(snapshot(Mode::Sandbox)), &place("NSE:B-EQ", 1));
    assert_eq!(trial, Route::Refused(Refused::HaltedInSandbox));
    let told = Refused::HaltedInSandbox.to_string();
    assert!(!told.contains("still go to FYERS") && told.contains("still simulated"), "{told}");
}

/// The token may be good: a fill that was made up would be one too many a moment later.
#[test]
fn before_the_first_word_about_a_stored_token_no_order_that_was_meant_for_fyers_is_simulated() {
    let now = Snapshot {
        reason: Reason::TokenUnconfirmed,
        awaits_first_word: true,
        live: LivePositions::default(),
        ..snapshot(Mode::Mock)
    };
    let rejecting = Snapshot { on_token_loss: OnTokenLoss::Reject, ..now.clone() };
    let orders = [
        place("NSE:A-EQ", 1),
        place("NSE:A-EQ", -1),
        basket(&[1, -2]),
        exit_all(),
        call(Method::Post, "/gtt/orders/sync", &json!({})),
        call(Method::Post, "/multileg/orders/sync", &json!({})),
    ];
    for order in &orders {
        for now in [&now, &rejecting] {
            assert_eq!(route(now, order), Route::Refused(Refused::Unconfirmed), "{order:?}");
        }
        assert!(refused(&route(&halted(now.clone()), order)), "{order:?}");
        let trial = Snapshot { sandbox: true, ..now.clone() };
        assert_eq!(route(&trial, order), Route::MockExchange, "it is simulated whatever comes: {order:?}");
        let outage = Snapshot { awaits_first_word: false, ..now.clone() };
        assert_ne!(route(&outage, order), Route::Refused(Refused::Unconfirmed), "{order:?}");
    }
    let cancel = call(Method::Delete, "/orders/sync", &json!({"id": "MOCK26112300000001"}));
    assert_eq!(route(&now, &cancel), Route::MockExchange, "that one is simulated");
    let read = |path| route(&now, &call(Method::Get, path, &Value::Null));
    let account = ["/positions", "/orders", "/tradebook", "/holdings", "/funds"];
    assert!(account.into_iter().all(|path| read(path) == Route::Refused(Refused::Unconfirmed)));
    assert_eq!(read("/profile"), Route::MockExchange);
    let told = Refused::Unconfirmed.to_string();
    assert!(told.contains("not confirmed yet") && told.contains("try again"), "{told}");
}

#[test]
fn nothing_new_leaves_while_stopping() {
    let now = Snapshot { stopping: true, ..snapshot(Mode::Live) };
    assert_eq!(route(&now, &place("NSE:A-EQ", 1)), Route::Refused(Refused::Stopping));
    assert_eq!(route(&now, &call(Method::Get, "/orders", &Value::Null)), Route::Fyers);
}

proptest! {
    /// The mode and the venue, whatever else holds: an order is at FYERS only if Live with a token.
    #[test]
    fn an_order_at_fyers_means_live_with_a_token(
        usable: bool, live: bool, is_halted: bool, net in -5i64..5, simulated in -5i64..5, quantity in -9i64..9,
    ) {
        let mode = if live { Mode::Live } else { Mode::Mock };
        let token = usable.then(|| Arc::new(AccessToken::new("t")));
        let simulated = vec![position("NSE:A-EQ", simulated)];
        let now = Snapshot { token, halted: is_halted, simulated, ..holding(mode, net) };
        match route(&now, &place("NSE:A-EQ", quantity)) {
            Route::Fyers => prop_assert!(usable && live),
            Route::MockExchange => prop_assert!(!(usable && live) && quantity * net >= 0),
            Route::Refused(_) => {}
        }
    }
}
