//! What a request about GTT and smart orders may order at FYERS, as far as that is known: nothing that stands in the way of other
//! symbols.

use fyers_api::{
    http::{ApiRequest, Method},
    operation::Operation,
};

use super::{Conditional, ConditionalKind, body};
use crate::routing::{
    change::ChangedGtt,
    request::{Leg, OrderCall, OrderEffect},
};

/// The effect of a change of a GTT order, or of whatever is about a smart order; `None` for any other request. `waiting` are the
/// orders that are remembered.
pub fn effect(call: &OrderCall, request: &ApiRequest, waiting: &[Conditional]) -> Option<OrderEffect> {
    if let Some(change) = &call.changed_gtt {
        return Some(OrderEffect::ChangesGtt { legs: legs(change, waiting), change: change.clone() });
    }
    let of_smart = request.path.trim_end_matches('/').strip_prefix("/smart-order/");
    let what = of_smart.filter(|_| call.operation == Operation::LiveOrder)?;
    let symbols = match (request.method, what) {
        // What any other one would do is not known.
        (Method::Post, "step" | "limit" | "trail" | "sip") => call.symbols.clone(),
        (Method::Patch, "modify" | "pause" | "resume") | (Method::Delete, "cancel") => {
            known_symbols(request, waiting)
        }
        _ => None,
    };
    symbols.filter(|symbols| !symbols.is_empty()).map(OrderEffect::OrdersIn)
}

/// What it may order once it triggers: the side is as it was, and its product is not remembered. None in a symbol that is not known.
fn legs(change: &ChangedGtt, waiting: &[Conditional]) -> Vec<Leg> {
    let is_it = |order: &&Conditional| order.kind == ConditionalKind::Gtt && order.id == change.id;
    let known = waiting.iter().find(is_it);
    let known = known.and_then(|order| Some((order.symbols.first()?, order.quantity?.signum())));
    let legs = known.into_iter().flat_map(|(symbol, side)| {
        let quantities = change.legs.iter().map(move |leg| leg.quantity * side);
        quantities.map(|quantity| Leg::unknown_product(symbol, quantity))
    });
    legs.collect()
}

/// The symbols of the smart order that a request names, where it is remembered, and of those that the request adds.
fn known_symbols(request: &ApiRequest, waiting: &[Conditional]) -> Option<Vec<String>> {
    let body = body(request);
    let id = body["flowId"].as_str()?.trim();
    let order = waiting.iter().find(|order| order.kind == ConditionalKind::Smart && order.id == id)?;
    let known = order.symbols.iter().filter(|_| !id.is_empty()).cloned();
    Some(known.chain(super::symbols::of(&body)).collect())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use fyers_api::http::Surface;
    use serde_json::{Value, json};

    use super::*;

    fn effect_of(method: Method, path: &str, body: &Value, waiting: &[Conditional]) -> Option<OrderEffect> {
        let (path, body) = (path.to_owned(), body.to_string().into_bytes());
        let surface = Surface::Api;
        let request = ApiRequest { surface, method, path, query: String::new(), content_type: None, body };
        effect(&OrderCall::read(&request), &request, waiting)
    }

    fn waits(id: &str, kind: ConditionalKind) -> Conditional {
        let at = DateTime::UNIX_EPOCH;
        let (symbols, quantity) = (vec!["NSE:A-EQ".to_owned()], Some(-10));
        Conditional { id: id.into(), kind, symbols, quantity, at, last_day: None }
    }

    /// What counts of a change with this body; `None`: anything.
    fn counts(body: &Value) -> Option<Vec<(String, i64)>> {
        let waiting = [waits("7", ConditionalKind::Gtt), waits("8", ConditionalKind::Smart)];
        let effect = effect_of(Method::Patch, "/gtt/orders/sync", body, &waiting);
        let legs = effect.filter(OrderEffect::is_told)?.legs();
        Some(legs.into_iter().map(|leg| (leg.symbol, leg.quantity)).collect())
    }

    #[test]
    fn a_changed_gtt_order_counts_in_its_symbol_with_its_new_quantity() {
        let leg = |quantity: i64| json!({"price": 700, "triggerPrice": 705, "qty": quantity});
        let is = |all: &[i64]| Some(all.iter().map(|one| ("NSE:A-EQ".to_owned(), *one)).collect::<Vec<_>>());
        assert_eq!(counts(&json!({"id": "7", "orderInfo": {"leg1": leg(4)}})), is(&[-4]));
        assert_eq!(counts(&json!({"id": 7, "orderInfo": {"leg1": leg(4), "leg2": leg(6)}})), is(&[-4, -6]));
        assert_eq!(counts(&json!({"id": "7", "orderInfo": {"leg1": {"qty": "4"}, "leg2": null}})), is(&[-4]));
        for odd in [
            json!({"id": "8", "orderInfo": {"leg1": leg(4)}}),
            json!({"id": "9", "orderInfo": {"leg1": leg(4)}}),
            json!({"orderInfo": {"leg1": leg(4)}}),
            json!({"id": "7"}),
            json!({"id": "7", "orderInfo": {}}),
            json!({"id": "7", "orderInfo": {"leg1": {"price": 700, "triggerPrice": 705}}}),
            json!({"id": "7", "orderInfo": {"leg1": leg(-4)}}),
            json!({"id": "7", "orderInfo": {"leg1": leg(4), "leg3": leg(4)}}),
            json!({"id": "7", "orderInfo": {"leg1": {"qty": 4, "price": "odd"}}}),
            json!({"id": "7", "side": 1, "orderInfo": {"leg1": leg(4)}}),
            json!([{"id": "7", "orderInfo": {"leg1": leg(4)}}]),
        ] {
            assert_eq!(counts(&odd), None, "{odd}");
        }
    }

    #[test]
    fn a_smart_order_may_do_anything_in_its_own_symbols_and_nothing_else() {
        let waiting = [waits("7", ConditionalKind::Gtt), waits("8", ConditionalKind::Smart)];
        let of = |method, path, body: Value| effect_of(method, path, &body, &waiting);
        let own = |symbols: &[&str]| {
            Some(OrderEffect::OrdersIn(symbols.iter().map(|symbol| (*symbol).to_owned()).collect()))
        };
        let order = json!({"symbol": "NSE:B-EQ", "side": 1, "qty": 5});
        for path in ["/smart-order/limit", "/smart-order/step", "/smart-order/trail", "/smart-order/sip/"] {
            assert_eq!(of(Method::Post, path, order.clone()), own(&["NSE:B-EQ"]), "{path}");
        }
        let pause = |id: &str| of(Method::Patch, "/smart-order/pause", json!({"flowId": id}));
        assert_eq!(pause("8"), own(&["NSE:A-EQ"]));
        assert_eq!(of(Method::Delete, "/smart-order/cancel", json!({"flowId": "8"})), own(&["NSE:A-EQ"]));
        assert_eq!((pause("7"), pause("9"), pause("")), (None, None, None));
        assert_eq!(of(Method::Post, "/smart-order/peg", order.clone()), None);
        assert_eq!(of(Method::Post, "/smart-order/limit", json!({"side": 1, "qty": 5})), None);
        assert_eq!(of(Method::Post, "/multileg/orders/sync", order.clone()), None);
        assert_eq!(of(Method::Post, "/orders/async", order), None);
    }
}
