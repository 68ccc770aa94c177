//! What may touch something real: exits, changes and sales of which the last reading does not tell enough.

use super::*;
use crate::routing::live_positions::Known;

#[test]
fn only_an_exit_under_a_halt_waits_for_a_reading() {
    let now = halted(holding(Mode::Live, 10));
    let first = |now: &Snapshot, call: &OrderCall| reads_first(now, call, &route(now, call));
    for exit in [place("NSE:A-EQ", -1), basket(&[-1]), exit_all()] {
        assert_eq!(first(&now, &exit), Some(ReadsFirst::AtOnce), "{exit:?}");
        let free = Snapshot { halted: false, ..now.clone() };
        assert_eq!(first(&free, &exit), None, "nothing changes without a halt");
        assert_eq!(first(&halted(snapshot(Mode::Sandbox)), &exit), None, "what is simulated is known");
        assert_eq!(first(&halted(holding(Mode::Mock, 10)), &exit), None);
        let unread = Snapshot { looked: false, ..now.clone() };
        let waits = if exit == exit_all() { ReadsFirst::AtOnce } else { ReadsFirst::InTurn };
        assert_eq!(first(&unread, &exit), Some(waits), "not known");
    }
    let cancel = call(Method::Delete, "/orders/sync", &json!({"id": "1"}));
    assert_eq!(first(&now, &cancel), None, "a cancel opens nothing");
}

/// FYERS closes what is open when it comes: never more, unless an order is there that may fill behind it.
#[test]
fn an_exit_of_positions_passes_a_halt_although_they_are_not_known_if_nothing_may_fill_behind_it() {
    let one = || leg("NSE:A-EQ", -10);
    let sent = |is_opaque| Reserved { legs: vec![one()], is_opaque };
    let unread = || halted(Snapshot { looked: false, ..holding(Mode::Live, 10) });
    let waits = LivePositions { waiting: vec![one()], ..holding(Mode::Live, 10).live };
    let cancelling = call(Method::Delete, "/positions", &json!({"exit_all": 1, "pending_orders_cancel": 1}));
    for (what, now, passes, passes_if_it_cancels) in [
        ("nothing is there", unread(), true, true),
        ("an order waits", Snapshot { live: waits, ..unread() }, false, true),
        ("one has no answer", Snapshot { sent: sent(false), ..unread() }, false, false),
        ("one was answered", Snapshot { sent: sent(false), not_shown: vec![one()], ..unread() }, false, true),
        (
            "an exit is on its way",
            Snapshot { sent: sent(true), not_shown: vec![one()], ..unread() },
            false,
            false,
        ),
    ] {
        for (exit, expected) in [(exit_all(), passes), (cancelling.clone(), passes_if_it_cancels)] {
            let decided = route(&now, &exit);
            assert_eq!(decided == Route::Fyers, expected, "{what}: {exit:?}");
            assert_eq!(passes_unread(&exit, &decided), expected, "{what}");
        }
        assert!(!passes_unread(&place("NSE:A-EQ", -1), &Route::Fyers), "an order may be too large");
    }
}

/// A smart order, as long as no reading can show what it has done.
#[test]
fn what_fyers_may_order_by_itself_in_a_symbol_keeps_out_its_exits_and_no_others() {
    let both = vec![position("NSE:A-EQ", 10), position("NSE:B-EQ", -10)];
    for (symbol, other) in [("NSE:A-EQ", "NSE:B-EQ"), ("NSE:B-EQ", "NSE:A-EQ")] {
        let legs = Leg::any_in(symbol).to_vec();
        let sent = Reserved { legs: legs.clone(), is_opaque: false };
        let live = LivePositions { positions: both.clone(), ..snapshot(Mode::Live).live };
        let now = halted(Snapshot { live, sent, not_shown: legs, ..snapshot(Mode::Live) });
        let exit = |symbol: &str| place(symbol, if symbol == "NSE:A-EQ" { -1 } else { 1 });
        assert_eq!(route(&now, &exit(symbol)), Route::Refused(Refused::ExitNotShown), "{symbol}");
        assert_eq!(route(&now, &exit(other)), Route::Fyers, "beside {symbol}");
        assert!(refused(&route(&now, &exit_all())));
        let unread = Snapshot { looked: false, ..now.clone() };
        let cancelling = json!({"exit_all": 1, "pending_orders_cancel": 1});
        let cancelling = call(Method::Delete, "/positions", &cancelling);
        assert!(refused(&route(&unread, &cancelling)), "that cancels no smart order");
        let lost = Snapshot { halted: false, ..now.clone() };
        let lost = Snapshot { mode: Mode::Mock, live: holding(Mode::Mock, 0).live, ..lost };
        assert!(refused(&route(&lost, &place(symbol, 1))) && refused(&route(&lost, &place(symbol, -1))));
        assert_eq!(route(&lost, &place(other, 1)), Route::MockExchange, "beside {symbol}");
        let told = now.live.with_sent(&now.sent).sent;
        assert_eq!(told, [format!("any quantity of {symbol} (sent, not read yet)")]);
    }
}

/// What came after the last reading is not known, so any order may be the exit of it.
#[test]
fn positions_that_could_not_be_read_protect_everything() {
    let live = LivePositions { unread_since: Some(at()), ..holding(Mode::Live, 0).live };
    let now = Snapshot { live, ..snapshot(Mode::Mock) };
    for order in [place("NSE:B-EQ", 1), place("NSE:B-EQ", -1), basket(&[1]), exit_all()] {
        assert!(matches!(route(&now, &order), Route::Refused(Refused::Protected(_))), "{order:?}");
    }
    let of_simulated = call(Method::Patch, "/orders/sync", &json!({"id": "MOCK1", "qty": 1}));
    assert!(!matches!(route(&now, &of_simulated), Route::Refused(Refused::Protected(_))));
}

/// The positions are empty, and the order book has filled fifty of which nothing was sold.
#[test]
fn what_only_the_order_book_shows_is_protected_as_a_position() {
    let contradicted = vec![(leg("NSE:A-EQ", 1).key(), 50)];
    let live = LivePositions { contradicted, ..snapshot(Mode::Mock).live };
    let now = Snapshot { live, ..snapshot(Mode::Mock) };
    let delivery = {
        let mut sale = order("NSE:A-EQ", -50);
        sale["productType"] = json!("MIS");
        call(Method::Post, "/orders/sync", &sale)
    };
    for exit in [place("NSE:A-EQ", -50), place("nse:a-eq", -1), basket(&[-50]), exit_all(), delivery] {
        assert!(matches!(route(&now, &exit), Route::Refused(Refused::Protected(_))), "{exit:?}");
    }
    for order in [place("NSE:A-EQ", 50), place("NSE:B-EQ", -50)] {
        assert_eq!(route(&now, &order), Route::MockExchange, "{order:?}");
    }
    assert_eq!(now.protection(), crate::routing::real_positions::Protection::Exits);
    assert!(now.open_at_fyers().unwrap().contains("NSE:A-EQ (order book and positions differ by +50)"));
}

/// An order has filled since the last reading: what would close it is no exit yet, and is not refused before a new one.
#[test]
fn what_may_be_an_exit_by_now_is_not_refused_before_a_reading() {
    let first = |now: &Snapshot, call: &OrderCall| reads_first(now, call, &route(now, call));
    let flat = halted(holding(Mode::Live, 0));
    for may_be in [place("NSE:A-EQ", -1), place("NSE:A-EQ", 1), basket(&[-1, -2])] {
        assert_eq!(first(&flat, &may_be), Some(ReadsFirst::InTurn), "{may_be:?}");
    }
    let resting = LivePositions { waiting: vec![leg("NSE:A-EQ", -10)], ..holding(Mode::Live, 10).live };
    let busy = halted(Snapshot { live: resting, ..snapshot(Mode::Live) });
    assert_eq!(first(&busy, &place("NSE:A-EQ", -10)), Some(ReadsFirst::InTurn), "it may be cancelled by now");
    let mut sliced = order("NSE:A-EQ", -1);
    sliced["stopLoss"] = json!(5);
    for never in [
        call(Method::Post, "/orders/sync", &sliced),
        call(Method::Post, "/orders/async", &order("NSE:A-EQ", -1)),
        call(Method::Post, "/gtt/orders/sync", &json!({})),
    ] {
        assert_eq!(first(&flat, &never), None, "{never:?}");
    }
}

/// The state folder of a keeper that has traded can be lost. A first start has no token; the sandbox sends nothing.
#[test]
fn a_memory_that_was_lost_is_no_first_start() {
    let begins = |has_token, sandbox| {
        let live = LivePositions::without_memory(has_token, sandbox).unwrap_or_default();
        let now = Snapshot { live, sandbox, ..snapshot(Mode::Mock) };
        (now.live.known(now.at), route(&now, &place("NSE:SBIN-EQ", -1)))
    };
    assert_eq!(begins(false, false), (Known::Never, Route::MockExchange));
    assert_eq!(begins(true, true), (Known::Never, Route::MockExchange));
    let (known, lost) = begins(true, false);
    assert_eq!(known, Known::Unknown);
    assert!(matches!(lost, Route::Refused(Refused::Protected(_))), "{lost:?}");
}

/// Without a reading nobody knows what is open by now, and no order is called an entry.
#[test]
fn what_is_refused_for_want_of_a_reading_is_refused_because_the_positions_are_not_known() {
    let flat = halted(holding(Mode::Live, 0));
    let on_its_way = Snapshot {
        live: LivePositions { waiting: vec![leg("NSE:A-EQ", -10)], ..holding(Mode::Live, 10).live },
        ..flat.clone()
    };
    for (now, order, says) in [
        (&flat, place("NSE:A-EQ", -10), Refused::HaltedUnknown),
        (&flat, call(Method::Patch, "/orders/sync", &json!({"id": "26", "qty": 1})), Refused::HaltedUnknown),
        (&halted(holding(Mode::Live, 10)), place("NSE:A-EQ", -10), Refused::HaltedUnknown),
        (&on_its_way, place("NSE:A-EQ", -10), Refused::ExitOnItsWay),
    ] {
        let decided = route(now, &order);
        assert!(reads_first(now, &order, &decided).is_some(), "{order:?}");
        assert_eq!(without_known_positions(&decided), says, "{order:?}");
        assert!(!without_known_positions(&decided).to_string().contains("entries are refused"), "{order:?}");
    }
}

/// FYERS has answered an entry, or its order book shows the fill, and its positions do not show it yet.
#[test]
fn an_exit_of_what_fyers_positions_do_not_show_yet_is_read_for_again() {
    let flat = halted(holding(Mode::Live, 0));
    let (exit, more) = (place("NSE:A-EQ", -10), place("NSE:A-EQ", 10));
    let bought = vec![leg("NSE:A-EQ", 10)];
    let sent = Reserved { legs: bought.clone(), is_opaque: false };
    let answered = Snapshot { sent, not_shown: bought.clone(), ..flat.clone() };
    let torn = Snapshot { torn: vec![(bought[0].key(), 10)], ..flat.clone() };
    for now in [&answered, &torn] {
        assert_eq!(route(now, &exit), Route::Refused(Refused::HaltedUnknown));
        assert!(reads_again(now, &exit, &route(now, &exit)));
        let other = place("NSE:B-EQ", -10);
        assert_eq!(route(now, &other), Route::Refused(Refused::Halted));
    }
    assert_eq!(
        route(&answered, &more),
        Route::Refused(Refused::Halted),
        "an entry is one whatever has filled"
    );
    assert_eq!(route(&flat, &exit), Route::Refused(Refused::Halted));
    assert!(!reads_again(&flat, &exit, &route(&flat, &exit)));
}

/// FYERS' order book shows that an exit has filled, and its positions still show what it has closed.
#[test]
fn an_exit_of_what_another_one_may_have_closed_is_read_for_again() {
    let key = leg("NSE:A-EQ", 10).key();
    let torn = Snapshot { torn: vec![(key.clone(), -6)], ..halted(holding(Mode::Live, 10)) };
    let exit = place("NSE:A-EQ", -10);
    assert_eq!(route(&torn, &exit), Route::Refused(Refused::HaltedUnknown));
    assert!(reads_again(&torn, &exit, &route(&torn, &exit)));
    let rest = place("NSE:A-EQ", -4);
    assert!(!matches!(route(&torn, &rest), Route::Refused(_)), "it fits whatever has filled");
    // That one waits for its word: it counts once.
    let sent = Reserved { legs: vec![leg("NSE:A-EQ", -6)], is_opaque: false };
    let counted = Snapshot { listed: sent.legs.clone(), sent, ..torn.clone() };
    assert!(!matches!(route(&counted, &rest), Route::Refused(_)));
    for ahead in [(leg("NSE:B-EQ", 10).key(), -10), (key, 10)] {
        let other = Snapshot { torn: vec![ahead], ..torn.clone() };
        assert!(!matches!(route(&other, &exit), Route::Refused(_)), "{:?}", other.torn);
    }
}

/// What was simulated is no reason to close for real what another order has closed already.
#[test]
fn an_exit_of_a_leftover_is_measured_beside_what_the_positions_do_not_show() {
    let live = || holding(Mode::Live, 10);
    let left = || Snapshot { simulated: vec![position("NSE:A-EQ", 10)], ..live() };
    let exit = place("NSE:A-EQ", -10);
    assert_eq!(route(&left(), &exit), Route::Fyers, "what is open there can be closed");
    let sent = Reserved { legs: vec![leg("NSE:A-EQ", -10)], is_opaque: false };
    let torn = vec![(leg("NSE:A-EQ", 10).key(), -10)];
    for now in [Snapshot { sent, ..left() }, Snapshot { torn, ..left() }] {
        let refused = route(&now, &exit);
        assert!(
            matches!(refused, Route::Refused(Refused::SimulatedPosition { real: Some(0), .. })),
            "{refused:?}"
        );
    }
}

/// A change of a resting exit is measured like a new one in its place.
#[test]
fn a_halt_lets_a_resting_exit_be_changed_as_long_as_it_stays_one() {
    let live = LivePositions {
        waiting: vec![leg("NSE:A-EQ", -10), leg("NSE:A-EQ", 5)],
        waiting_ids: vec!["26".into(), "27".into()],
        ..holding(Mode::Live, 10).live
    };
    let now = halted(Snapshot { live, ..snapshot(Mode::Live) });
    let change = |body: Value| call(Method::Patch, "/orders/sync", &body);
    let many = |body: Value| call(Method::Patch, "/multi-order/sync", &body);
    for passes in [
        change(json!({"id": "26", "type": 1, "limitPrice": 801})),
        change(json!({"id": "26", "type": 1, "limitPrice": 801, "qty": 10})),
        many(json!([{"id": "26", "type": 1, "qty": 4}])),
    ] {
        assert_eq!(route(&now, &passes), Route::Fyers, "{passes:?}");
        assert_eq!(reads_first(&now, &passes, &Route::Fyers), Some(ReadsFirst::AtOnce));
        let sent = Reserved { legs: vec![leg("NSE:A-EQ", -1)], is_opaque: false };
        let busy = Snapshot { sent, ..now.clone() };
        let fits = passes.operation == Operation::ModifyMany;
        assert_eq!(route(&busy, &passes) == Route::Fyers, fits, "{passes:?}");
    }
    for stays in [
        change(json!({"id": "26", "qty": 11})),
        change(json!({"id": "27", "limitPrice": 801})),
        change(json!({"id": "28", "limitPrice": 801})),
        change(json!({"id": "26", "side": 1})),
        many(json!([{"id": "26", "qty": 4}, {"id": "27", "qty": 4}])),
    ] {
        assert_eq!(route(&now, &stays), Route::Refused(Refused::HaltedChange), "{stays:?}");
    }
    let trial = halted(snapshot(Mode::Sandbox));
    assert_eq!(
        route(&trial, &change(json!({"id": "MOCK1", "qty": 1}))),
        Route::Refused(Refused::HaltedInSandbox)
    );
}

/// Shares that are held at FYERS are in no position, and nothing is known of them without a token.
#[test]
fn a_sale_from_delivery_is_not_simulated_unless_it_was_bought_so() {
    let sale = |product: &str, quantity: i64| {
        let mut body = order("NSE:A-EQ", quantity);
        body["productType"] = json!(product);
        call(Method::Post, "/orders/sync", &body)
    };
    let never = Snapshot { live: LivePositions::default(), ..snapshot(Mode::Mock) };
    let delivery = Position { product: fyers_api::model::Product::Cnc, ..position("NSE:A-EQ", 10) };
    for now in [snapshot(Mode::Mock), never, halted(snapshot(Mode::Mock))] {
        let now = Snapshot { sandbox: false, ..now };
        for product in ["CNC", " cnc", "MTF", "NEW"] {
            assert!(refused(&route(&now, &sale(product, -5))), "{product}");
        }
        if now.halted {
            continue;
        }
        match route(&now, &sale("CNC", -5)) {
            Route::Refused(Refused::Protected(why)) => {
                assert!(why.contains("hold at FYERS is not known"), "{why}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(route(&now, &sale("CNC", 5)), Route::MockExchange, "a purchase sells nothing");
        assert_eq!(route(&now, &sale("INTRADAY", -5)), Route::MockExchange, "nor does one of the day");
        let bought = Snapshot { simulated: vec![delivery.clone()], ..now };
        assert_eq!(route(&bought, &sale("CNC", -10)), Route::MockExchange);
        assert!(refused(&route(&bought, &sale("CNC", -11))));
    }
    assert_eq!(
        route(&snapshot(Mode::Sandbox), &sale("CNC", -5)),
        Route::MockExchange,
        "nothing is meant for FYERS"
    );
}
