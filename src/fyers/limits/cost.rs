//! What a call costs at FYERS' counters: a pure rule.

use fyers_api::http::{ApiRequest, Method, Surface};
use keeper_domain::ports::Asker;
use serde::de::IgnoredAny;

/// FYERS takes ten orders in one call at most (docs/fyers-api.md, "Baskets").
const MOST_ORDERS: u32 = 10;

/// What changes something at FYERS and yet is no order: a margin sum, price alerts, a vendor's token.
const NO_ORDERS: &[&str] =
    &["/multiorder/margin", "/span_margin", "/price-alert", "/toggle-alert", "/data-token"];

/// Which of FYERS' daily counters a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) enum Kind {
    /// Places, changes, cancels, exits, converts ("transactional": docs/fyers-api.md, "Algo rules").
    Order,
    /// Everything else.
    Other,
}

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) enum Caller {
    /// A bot, through the gateway.
    Bot,
    /// The keeper itself, which reads books and prices: something stays free for it.
    Keeper,
    /// The keeper's session: is the token good? On the answer depends what may happen at all, so the keeper's own reading
    /// leaves room for it.
    Session,
}

/// A bot's part of what is there for reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::fyers) struct KeyShare {
    /// Tells the keys apart.
    key: u64,
    /// There is no other key, and nothing to share.
    pub(super) is_alone: bool,
}

impl KeyShare {
    pub(in crate::fyers) fn of(asker: &Asker) -> Self {
        Self { key: asker.bot.number(), is_alone: asker.is_alone }
    }

    pub(super) fn is_of_same_key(self, other: Self) -> bool {
        self.key == other.key
    }

    pub(super) fn key(self) -> u64 {
        self.key
    }
}

/// The cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fyers) struct RequestCost {
    pub(in crate::fyers) kind: Kind,
    /// How many requests FYERS counts it as: each order of a basket is one.
    pub(super) weight: u32,
    pub(super) caller: Caller,
    /// Whose read it is, where it is a bot's.
    pub(super) share: Option<KeyShare>,
}

impl RequestCost {
    /// A call of the session: profile, login, refresh.
    pub(in crate::fyers) const SESSION: Self =
        Self { kind: Kind::Other, weight: 1, caller: Caller::Session, share: None };

    /// In doubt a call is an order, and in doubt it is one request.
    pub(in crate::fyers) fn of(call: &ApiRequest, caller: Caller) -> Self {
        let reads = call.surface == Surface::Data || call.method == Method::Get;
        let other = reads || NO_ORDERS.iter().any(|path| below(&call.path, path));
        if other {
            return Self { kind: Kind::Other, weight: 1, caller, share: None };
        }
        let basket = below(&call.path, "/multi-order");
        let weight = if basket { elements(&call.body) } else { 1 };
        Self { kind: Kind::Order, weight, caller, share: None }
    }
}

impl RequestCost {
    /// The same as this bot's; orders are not shared out.
    pub(in crate::fyers) fn asked_by(self, asker: &Asker) -> Self {
        let is_read = self.kind == Kind::Other;
        Self { share: is_read.then(|| KeyShare::of(asker)), ..self }
    }
}

fn below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The length of a JSON array, without looking at what is in it.
fn elements(body: &[u8]) -> u32 {
    let elements: Vec<IgnoredAny> = serde_json::from_slice(body).unwrap_or_default();
    u32::try_from(elements.len()).unwrap_or(MOST_ORDERS).clamp(1, MOST_ORDERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(surface: Surface, method: Method, path: &str, body: &str) -> (Kind, u32) {
        let (path, body) = (path.to_owned(), body.as_bytes().to_vec());
        let call = ApiRequest { surface, method, path, query: String::new(), content_type: None, body };
        let cost = RequestCost::of(&call, Caller::Bot);
        (cost.kind, cost.weight)
    }

    #[test]
    fn what_moves_money_is_an_order() {
        for (method, path) in [
            (Method::Post, "/orders/sync"),
            (Method::Patch, "/orders/sync"),
            (Method::Delete, "/orders/1/sync"),
            (Method::Delete, "/positions"),
            (Method::Post, "/gtt/orders/sync"),
            (Method::Post, "/smart-order/step"),
            (Method::Post, "/something-new"),
        ] {
            assert_eq!(cost(Surface::Api, method, path, "[1,2]"), (Kind::Order, 1), "{path}");
        }
    }

    #[test]
    fn what_reads_is_none() {
        assert_eq!(cost(Surface::Api, Method::Get, "/orders", ""), (Kind::Other, 1));
        assert_eq!(cost(Surface::Data, Method::Post, "/quotes", "{}"), (Kind::Other, 1));
        assert_eq!(cost(Surface::Api, Method::Post, "/multiorder/margin", "{}"), (Kind::Other, 1));
        assert_eq!(cost(Surface::Api, Method::Delete, "/price-alert", "{}"), (Kind::Other, 1));
        assert_eq!(cost(Surface::Api, Method::Post, "/price-alerts", "{}"), (Kind::Order, 1));
    }

    #[test]
    fn a_basket_counts_as_its_orders() {
        let basket = |body: &str| cost(Surface::Api, Method::Post, "/multi-order/sync", body);
        assert_eq!(basket(r#"[{"qty":1},{"qty":2},{}]"#), (Kind::Order, 3));
        assert_eq!(basket(&format!("[{}0]", "0,".repeat(500))), (Kind::Order, 10));
        for odd in ["", "[]", "{}", "[1,", "null"] {
            assert_eq!(basket(odd), (Kind::Order, 1), "{odd}");
        }
    }
}
