//! What a bot's request is about: the broker's map of paths (docs/fyers-api.md, "Paths") as a table.

use crate::http::{ApiRequest, Method, Surface};

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The account holder.
    Profile,
    /// Money.
    Funds,
    /// Delivery that is settled.
    Holdings,
    /// Positions of the day.
    Positions,
    /// Close positions.
    ExitPositions,
    /// Change a position's product.
    ConvertPosition,
    /// The order book, whole or by id or tag.
    Orders,
    /// The trade book.
    Trades,
    /// One order.
    Place,
    /// A change to one.
    Modify,
    /// The end of one.
    Cancel,
    /// Up to ten of them.
    PlaceMany,
    /// Up to ten changes.
    ModifyMany,
    /// Up to ten ends.
    CancelMany,
    /// A GTT order.
    PlaceGtt,
    /// A change to one.
    ModifyGtt,
    /// The end of one.
    CancelGtt,
    /// The GTT order book.
    Gtts,
    /// Whether the markets are open.
    MarketStatus,
    /// Last prices.
    Quotes,
    /// The five best prices on both sides.
    Depth,
    /// Candles.
    History,
    /// What the data socket calls symbols.
    SymbolToken,
    /// The options of an underlying.
    Chain,
    /// What orders would block.
    Margin,
    /// A known path that trades and that only FYERS serves: baskets of legs, smart orders, async twins.
    LiveOrder,
    /// A known path that does not trade and that only FYERS serves, whatever its method.
    LiveCall,
    /// Anything else that only reads.
    UnknownRead,
    /// Anything else.
    Unknown,
}

/// Where orders of several legs go.
pub const MULTI_LEG: &str = "/multileg/orders/sync";
/// Known places that only FYERS serves and that trade.
pub const LIVE_ORDERS: &[&str] =
    &["/multileg/orders", "/orders/async", "/multi-order/async", "/smart-order", "/flows/tc/se"];
/// Known places that only FYERS serves and that do not trade.
const LIVE_CALLS: &[&str] = &["/multiorder/margin", "/price-alert", "/toggle-alert"];

impl Operation {
    /// Whether it reads what the account holds, owes or has ordered.
    pub fn reads_account(self) -> bool {
        matches!(
            self,
            Self::Funds | Self::Holdings | Self::Positions | Self::Orders | Self::Trades | Self::Gtts
        )
    }

    /// What the call is about.
    pub fn of(call: &ApiRequest) -> Self {
        Self::at(call.surface, call.method, call.path.trim_end_matches('/'))
    }

    fn at(surface: Surface, method: Method, path: &str) -> Self {
        match (surface, method, path) {
            (Surface::Api, Method::Get, "/profile") => Self::Profile,
            (Surface::Api, Method::Get, "/funds") => Self::Funds,
            (Surface::Api, Method::Get, "/holdings") => Self::Holdings,
            (Surface::Api, Method::Get, "/positions") => Self::Positions,
            (Surface::Api, Method::Delete, "/positions") => Self::ExitPositions,
            (Surface::Api, Method::Post | Method::Put, "/positions") => Self::ConvertPosition,
            (Surface::Api, Method::Patch, "/positions") => Self::LiveOrder,
            (Surface::Api, Method::Get, "/orders") => Self::Orders,
            (Surface::Api, Method::Get, "/tradebook") => Self::Trades,
            (Surface::Api, Method::Post, "/orders/sync") => Self::Place,
            (Surface::Api, Method::Patch, "/orders/sync") => Self::Modify,
            (Surface::Api, Method::Delete, "/orders/sync") => Self::Cancel,
            (Surface::Api, Method::Delete, path) if order_in_path(path).is_some() => Self::Cancel,
            (Surface::Api, Method::Post, "/multi-order/sync") => Self::PlaceMany,
            (Surface::Api, Method::Patch, "/multi-order/sync") => Self::ModifyMany,
            (Surface::Api, Method::Delete, "/multi-order/sync") => Self::CancelMany,
            (Surface::Api, Method::Get, "/gtt/orders") => Self::Gtts,
            (Surface::Api, Method::Post, "/gtt/orders/sync") => Self::PlaceGtt,
            (Surface::Api, Method::Patch, "/gtt/orders/sync") => Self::ModifyGtt,
            (Surface::Api, Method::Delete, "/gtt/orders/sync") => Self::CancelGtt,
            (Surface::Data, Method::Get, "/marketStatus") => Self::MarketStatus,
            (Surface::Data, Method::Get | Method::Post, "/quotes") => Self::Quotes,
            (Surface::Data, Method::Get, "/depth") => Self::Depth,
            (Surface::Data, Method::Get, "/history") => Self::History,
            (Surface::Data, Method::Post, "/symbol-token") => Self::SymbolToken,
            (Surface::Data, Method::Get, "/options-chain-v3") => Self::Chain,
            (Surface::Api, Method::Post, "/multiorder/margin" | "/span_margin") => Self::Margin,
            (_, Method::Get, _) => Self::UnknownRead,
            (_, _, path) if LIVE_CALLS.iter().any(|place| below(path, place)) => Self::LiveCall,
            (Surface::Api, _, path) if LIVE_ORDERS.iter().any(|place| below(path, place)) => Self::LiveOrder,
            _ => Self::Unknown,
        }
    }

    /// What a request that trades does, in a word: a change of an order is another thing than a new one.
    pub fn kind(self) -> &'static str {
        use Operation::{
            Cancel, CancelGtt, CancelMany, ConvertPosition, ExitPositions, Modify, ModifyGtt, ModifyMany,
        };
        match self {
            Modify | ModifyMany | ModifyGtt => "change",
            Cancel | CancelMany | CancelGtt => "cancel",
            ExitPositions => "exit",
            ConvertPosition => "conversion",
            _ => "order",
        }
    }

    /// Whether it changes something at the broker: such a call is sent once, and its outcome may be unknown.
    pub fn trades(self) -> bool {
        use Operation::{
            Cancel, CancelGtt, CancelMany, ConvertPosition, ExitPositions, LiveOrder, Modify, ModifyGtt,
            ModifyMany, Place, PlaceGtt, PlaceMany,
        };
        matches!(
            self,
            ExitPositions
                | ConvertPosition
                | Place
                | Modify
                | Cancel
                | PlaceMany
                | ModifyMany
                | CancelMany
                | PlaceGtt
                | ModifyGtt
                | CancelGtt
                | LiveOrder
        )
    }
}

/// Whether a known call has this path, by whatever method.
pub fn is_known_place(surface: Surface, path: &str) -> bool {
    use Method::{Delete, Get, Patch, Post, Put};
    let known =
        |method| !matches!(Operation::at(surface, method, path), Operation::Unknown | Operation::UnknownRead);
    [Get, Post, Put, Patch, Delete].into_iter().any(known)
}

fn below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The id in `/orders/{id}/sync`.
pub fn order_in_path(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/orders/")?.strip_suffix("/sync")?;
    (!id.is_empty() && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')).then_some(id)
}

/// The first value of a query parameter, percent forms and `+` resolved. FYERS' own programs send `??name=` and
/// `&name=` too (docs/fyers-api.md, "Order book" and "SDKs").
pub fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query
        .trim_start_matches(['?', '&'])
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value =
        pairs.into_iter().find(|(key, _)| key.trim_start_matches('?') == name).map(|(_, value)| value)?;
    Some(unescape(value))
}

pub(crate) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(if bytes[at] == b'+' { b' ' } else { bytes[at] }));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(surface: Surface, method: Method, path: &str) -> ApiRequest {
        ApiRequest {
            surface,
            method,
            path: path.into(),
            query: String::new(),
            content_type: None,
            body: vec![],
        }
    }

    #[test]
    fn the_map_of_the_contract() {
        use Method::{Delete, Get, Patch, Post};
        use Surface::{Api, Data};
        for (surface, method, path, operation) in [
            (Api, Get, "/profile", Operation::Profile),
            (Api, Delete, "/positions", Operation::ExitPositions),
            (Api, Post, "/positions", Operation::ConvertPosition),
            (Api, Post, "/orders/sync", Operation::Place),
            (Api, Patch, "/orders/sync", Operation::Modify),
            (Api, Delete, "/orders/sync", Operation::Cancel),
            (Api, Delete, "/orders/26112300000017/sync", Operation::Cancel),
            (Api, Post, "/multi-order/sync", Operation::PlaceMany),
            (Api, Post, "/orders/async", Operation::LiveOrder),
            (Api, Post, "/gtt/orders/sync", Operation::PlaceGtt),
            (Api, Get, "/gtt/orders", Operation::Gtts),
            (Api, Post, "/multileg/orders/sync", Operation::LiveOrder),
            (Api, Post, "/multiorder/margin", Operation::Margin),
            (Api, Post, "/span_margin", Operation::Margin),
            (Api, Get, "/multiorder/margin", Operation::UnknownRead),
            (Api, Post, "/price-alert", Operation::LiveCall),
            (Data, Get, "/quotes", Operation::Quotes),
            (Data, Post, "/symbol-token", Operation::SymbolToken),
            (Data, Get, "/options-chain-v3", Operation::Chain),
            (Api, Post, "/something/new", Operation::Unknown),
            (Api, Get, "/something/new", Operation::UnknownRead),
            (Data, Post, "/orders/sync", Operation::Unknown),
        ] {
            assert_eq!(Operation::of(&call(surface, method, path)), operation, "{method:?} {path}");
        }
    }

    #[test]
    fn a_place_is_known_to_the_letter() {
        for path in ["/profile", "/orders/sync", "/orders/26/sync", "/smart-order/limit", "/price-alert"] {
            assert!(is_known_place(Surface::Api, path), "{path}");
        }
        assert!(is_known_place(Surface::Data, "/marketStatus"));
        for path in ["/Profile", "/quotes", "/orders/sync/", "/something/new", ""] {
            assert!(!is_known_place(Surface::Api, path), "{path}");
        }
    }

    #[test]
    fn odd_queries_are_read() {
        for query in ["order_tag=1:a", "?order_tag=1%3Aa", "&order_tag=1%3aa", "x=2&order_tag=1:a&y"] {
            assert_eq!(parameter(query, "order_tag").as_deref(), Some("1:a"), "{query}");
        }
        assert_eq!(
            parameter("symbols=NSE:M%26M-EQ,NSE:A+B", "symbols").as_deref(),
            Some("NSE:M&M-EQ,NSE:A B")
        );
        assert_eq!(parameter("a=%", "a").as_deref(), Some("%"));
        assert_eq!(parameter("", "a"), None);
    }
}
