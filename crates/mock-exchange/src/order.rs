//! One order in the book.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    new_order::NewOrder,
    record::{LegLink, Origin},
};
use fyers_api::model::Validity;
use fyers_api::model::{self, OrderStatus, OrderType, Product, Side};

/// An order and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// Begins with `MOCK`.
    pub id: String,
    /// What was asked for, as last modified.
    pub order: NewOrder,
    /// Who asked.
    pub origin: Origin,
    /// Where it stands.
    pub status: OrderStatus,
    /// Filled so far.
    pub filled: i64,
    /// What the fills were worth, in INR.
    pub filled_value: Decimal,
    /// Whether the last price has reached its stop.
    pub triggered: bool,
    /// INR for each waiting share that margin is blocked for.
    pub reserve: Decimal,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// Why it was rejected or cancelled, or empty.
    pub message: String,
    /// What it belongs to, when it is an exit leg.
    pub link: Option<LegLink>,
    /// Whether the symbol's price was made up when it was taken: only then do made-up prices work on it.
    pub made_up: bool,
    /// Units of what the price is for in one of the quantity. The value of fills and the reserve are per unit.
    pub multiplier: i64,
    /// Time priority: of two orders at one price the smaller number trades first.
    pub priority: u64,
}

impl OrderState {
    /// A waiting order.
    pub fn waiting(id: &str, order: &NewOrder, origin: Origin, reserve: Decimal, at: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            order: order.clone(),
            origin,
            status: OrderStatus::Pending,
            filled: 0,
            filled_value: Decimal::ZERO,
            triggered: false,
            reserve,
            placed_at: at,
            changed_at: at,
            message: String::new(),
            link: None,
            made_up: false,
            multiplier: 1,
            priority: 0,
        }
    }

    /// What can still trade: nothing once the order is over.
    pub fn open_quantity(&self) -> i64 {
        if rank(self.status) < 2 { self.remaining() } else { 0 }
    }

    /// Not filled, whether it still can be or not.
    pub fn remaining(&self) -> i64 {
        self.order.request.quantity - self.filled
    }

    /// Average price of the fills in INR, zero before the first.
    pub fn average(&self) -> Decimal {
        if self.filled == 0 { Decimal::ZERO } else { self.filled_value / Decimal::from(self.filled) }
    }

    /// Buy or sell.
    pub fn side(&self) -> Side {
        self.order.request.side
    }

    /// The product.
    pub fn product(&self) -> Product {
        self.order.request.product
    }

    /// As `NSE:SBIN-EQ`.
    pub fn symbol(&self) -> &str {
        &self.order.request.symbol
    }

    /// Immediate or cancel.
    pub fn is_ioc(&self) -> bool {
        self.order.validity == Validity::Ioc
    }

    /// Whether it still waits for its stop.
    pub fn is_dormant(&self) -> bool {
        has_stop(self.order.request.order_type) && !self.triggered
    }

    /// The worst price it may trade at, in INR; `None`: any.
    pub fn limit(&self) -> Option<Decimal> {
        has_limit(self.order.request.order_type).then_some(self.order.request.limit_price)
    }

    /// `orderTag` as the order book shows it (docs/fyers-api.md, "Enums").
    pub fn shown_tag(&self) -> String {
        match (self.origin, &self.order.request.tag) {
            (Origin::Bot, Some(tag)) => format!("1:{tag}"),
            (Origin::Bot, None) => "2:Untagged".to_owned(),
            (Origin::Gtt, Some(tag)) => format!("1:GTT{tag}"),
            (Origin::Gtt, None) => "2:GTTUntagged".to_owned(),
            (Origin::Exit, _) => "2:Exit".to_owned(),
            (Origin::SquareOff, _) => "2:SquareOff".to_owned(),
            (Origin::Leg, Some(tag)) => format!("1:{tag}"),
            (Origin::Leg, None) => "2:Untagged".to_owned(),
            (Origin::Expiry, _) => "2:Expiry".to_owned(),
        }
    }

    /// The row of the order book.
    pub fn row(&self) -> model::Order {
        model::Order {
            id: self.id.clone(),
            request: self.order.request.clone(),
            status: self.status,
            filled: self.filled,
            average: self.average(),
            placed_at: self.placed_at,
            message: self.message.clone(),
        }
    }
}

/// Limit and stop-limit.
pub(crate) fn has_limit(order_type: OrderType) -> bool {
    matches!(order_type, OrderType::Limit | OrderType::StopLimit)
}

/// Both kinds of stop.
pub(crate) fn has_stop(order_type: OrderType) -> bool {
    matches!(order_type, OrderType::Stop | OrderType::StopLimit)
}

/// How far along a status is: it never goes down. Waiting comes before every end, and an end is final.
pub fn rank(status: OrderStatus) -> u8 {
    match status {
        OrderStatus::Transit => 0,
        OrderStatus::Pending => 1,
        OrderStatus::Cancelled | OrderStatus::Traded | OrderStatus::Rejected | OrderStatus::Expired => 2,
    }
}
