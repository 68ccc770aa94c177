//! What tells one state of an order, a fill or a position from another. The socket and the books write the same state
//! with different decoration (a market order's limit price, a message), so only what both have is compared.

use fyers_api::{
    model::OrderStatus,
    order_socket::{OrderEvent, PositionEvent, ServerText, TradeEvent},
};
use rust_decimal::Decimal;

/// Digits of prices that count: floats come with dust.
const DIGITS: u32 = 4;

/// A state that others follow.
pub(super) trait Standing: Clone {
    /// Whether both are the same state.
    fn is_same(&self, other: &Self) -> bool;
    /// Whether this is known to have been before the other one.
    fn is_older(&self, other: &Self) -> bool;
}

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderStanding {
    status: OrderStatus,
    filled: i64,
    quantity: Option<i64>,
    /// Only where the order has one.
    limit: Option<Decimal>,
    stop: Option<Decimal>,
}

impl OrderStanding {
    /// `None` for what cannot be compared.
    pub(super) fn of(event: &OrderEvent) -> Option<(String, Self)> {
        let status = event.status()?;
        let price = |kinds: [i64; 2], price: Option<Decimal>| {
            price.filter(|_| event.order_type.is_some_and(|kind| kinds.contains(&kind))).map(rounded)
        };
        let whole = event.quantity.filter(|_| status == OrderStatus::Traded);
        let standing = Self {
            status,
            filled: event.filled.or(whole).unwrap_or(0),
            quantity: event.quantity,
            limit: price([1, 4], event.limit_price),
            stop: price([3, 4], event.stop_price),
        };
        Some((event.id.clone()?, standing))
    }

    /// Filled so far.
    pub(super) fn filled(&self) -> i64 {
        self.filled
    }

    fn is_final(&self) -> bool {
        !matches!(self.status, OrderStatus::Transit | OrderStatus::Pending)
    }

    /// Grows through an order's life, but for changes of its terms.
    fn progress(&self) -> (bool, i64, bool) {
        (self.is_final(), self.filled, self.status != OrderStatus::Transit)
    }
}

impl Standing for OrderStanding {
    /// The terms of an order that has ended no longer matter.
    fn is_same(&self, other: &Self) -> bool {
        let agree = |a: Option<Decimal>, b: Option<Decimal>| a.is_none() || b.is_none() || a == b;
        let (a, b) = (self.quantity, other.quantity);
        let same_terms = agree(self.limit, other.limit)
            && agree(self.stop, other.stop)
            && (a.is_none() || b.is_none() || a == b);
        self.status == other.status && self.filled == other.filled && (self.is_final() || same_terms)
    }

    fn is_older(&self, other: &Self) -> bool {
        self.progress() < other.progress()
    }
}

/// A position by symbol and product.
pub(super) type PositionKey = (String, String);

/// How much of a position was bought and sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PositionStanding {
    net: i64,
    bought: i64,
    sold: i64,
}

impl PositionStanding {
    pub(super) fn of(event: &PositionEvent) -> Option<(PositionKey, Self)> {
        let key = (event.symbol.clone()?, event.product.clone().unwrap_or_default());
        let [net, bought, sold] =
            [event.net_quantity, event.buy_quantity, event.sell_quantity].map(Option::unwrap_or_default);
        Some((key, Self { net, bought, sold }))
    }
}

impl Standing for PositionStanding {
    fn is_same(&self, other: &Self) -> bool {
        self == other
    }

    /// What was bought and sold only grows through a day.
    fn is_older(&self, other: &Self) -> bool {
        self.bought + self.sold < other.bought + other.sold
    }
}

/// A fill of an order. The socket and the trade book number fills differently, so equal ones are counted.
pub(super) type Fill = (i64, Decimal);

/// The order of a fill, and the fill.
pub(super) fn fill(event: &TradeEvent) -> Option<(String, Fill)> {
    Some((event.order_id.clone()?, (event.quantity?, rounded(event.price?))))
}

fn rounded(price: Decimal) -> Decimal {
    price.round_dp(DIGITS).normalize()
}

/// What an event says has become of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Order(String, OrderStanding),
    Fill(String, Fill),
    Position(PositionKey, PositionStanding),
}

impl Change {
    /// `None` for what has no place in the books, or cannot be found in them.
    pub(super) fn read(text: &str) -> Option<Self> {
        match ServerText::read(text)? {
            ServerText::Order(event) => OrderStanding::of(&event).map(|(id, to)| Self::Order(id, to)),
            ServerText::Trade(event) => fill(&event).map(|(id, fill)| Self::Fill(id, fill)),
            ServerText::Position(event) => {
                PositionStanding::of(&event).map(|(key, to)| Self::Position(key, to))
            }
            _ => None,
        }
    }
}
