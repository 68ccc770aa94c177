//! A request that cannot be read whole, beside what was only simulated.

use super::*;

/// A request that cannot be read whole is refused for a position that it may touch, and names no other.
#[test]
fn what_cannot_be_read_names_only_a_simulated_position_that_it_may_touch() {
    let simulated = vec![position("NSE:A-EQ", 3), position("NSE:B-EQ", 4)];
    let now = Snapshot { simulated, ..snapshot(Mode::Live) };
    let legs =
        |symbol: &str| json!({"legs": {"leg1": {"symbol": "NSE:NIFTY26NOVFUT"}, "leg2": {"symbol": symbol}}});
    for (path, body) in [
        ("/multileg/orders/sync", legs("NSE:BANKNIFTY26NOVFUT")),
        ("/smart-order/limit", json!({"symbol": "NSE:NIFTY26NOVFUT", "side": -1, "qty": 75})),
    ] {
        assert_eq!(route(&now, &call(Method::Post, path, &body)), Route::Fyers, "{path}");
    }
    let touches = route(&now, &call(Method::Post, "/multileg/orders/sync", &legs("nse:b-eq ")));
    assert!(
        matches!(&touches, Route::Refused(Refused::SimulatedPosition { symbol, net: 4, .. }) if symbol == "NSE:B-EQ")
    );
    for (method, path, body) in [
        (Method::Patch, "/smart-order/modify", json!({"flowId": "1", "qty": 75})),
        (Method::Post, "/multileg/orders/sync", legs("")),
    ] {
        let Route::Refused(why) = route(&now, &call(method, path, &body)) else { panic!("{path}") };
        assert!(matches!(why, Refused::SymbolUnread { .. }), "{path}: {why}");
        assert!(why.to_string().contains("cannot read which symbol"), "{why}");
    }
}
