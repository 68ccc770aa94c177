//! The fills of a day. What a fill shares with its order is kept with the order.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    order_id::OrderId,
    order_rows::{DayOrders, Terms},
};
use fyers_api::model::{Product, Side};

/// One fill of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Within the day, from 1.
    pub number: u64,
    /// The order.
    pub order_id: String,
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The product.
    pub product: Product,
    /// Buy or sell.
    pub side: Side,
    /// Above zero.
    pub quantity: i64,
    /// INR.
    pub price: Decimal,
    /// INR.
    pub charges: Decimal,
    /// Units of what the price is for in one of the quantity.
    pub multiplier: i64,
    /// When.
    pub at: DateTime<Utc>,
}

impl Trade {
    /// In INR.
    pub fn value(&self) -> Decimal {
        self.price * Decimal::from(self.quantity * self.multiplier)
    }
}

/// What only the fill itself knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) order: OrderId,
    pub(crate) number: u64,
    pub(crate) quantity: i64,
    pub(crate) price: Decimal,
    pub(crate) charges: Decimal,
    pub(crate) at: DateTime<Utc>,
}

impl Fill {
    /// With what its order knows; `None` without that order.
    pub(crate) fn trade(&self, orders: &DayOrders) -> Option<Trade> {
        let Self { order, number, quantity, price, charges, at } = *self;
        let Terms { symbol, product, side, multiplier, .. } = orders.terms(order)?;
        let (order_id, symbol) = (order.to_string(), symbol.to_owned());
        Some(Trade { number, order_id, symbol, product, side, quantity, price, charges, multiplier, at })
    }
}
