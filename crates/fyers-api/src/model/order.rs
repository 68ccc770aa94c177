//! Orders: what is asked for, and where it stands.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// FYERS side 1.
    Buy,
    /// FYERS side -1.
    Sell,
}

impl Side {
    /// 1 or -1.
    pub fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }
}

/// How the price is found (FYERS order types 1 to 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    /// 1.
    Limit,
    /// 2.
    Market,
    /// 3: stop, becoming a market order.
    Stop,
    /// 4: stop, becoming a limit order.
    StopLimit,
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Validity {
    /// Until the end of the trading day.
    #[default]
    Day,
    /// Immediate or cancel: what does not trade at once is cancelled.
    Ioc,
}

/// The product type. Orders are placed with one of the first four; the others are met in books only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Product {
    /// Cash and carry: delivery.
    Cnc,
    /// Squared off the same day.
    Intraday,
    /// Derivatives carried forward.
    Margin,
    /// Margin trading facility.
    Mtf,
    /// Cover order: retired in August 2026, still seen in books.
    Co,
    /// Bracket order: retired in August 2026, still seen in books.
    Bo,
    /// A word that is not known, or none: it may be any of the others.
    Other,
}

impl Product {
    /// Whether what is known under this product may be what `other` names. Retired and unknown products may be
    /// anything: nobody can say what a position in one of them is closed with.
    pub fn may_be(self, other: Self) -> bool {
        self == other || matches!(self, Self::Co | Self::Bo | Self::Other)
    }
}

/// An order as a bot asks for it (docs/fyers-api.md, "Place").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Shares or lots times lot size; above zero.
    pub quantity: i64,
    /// Buy or sell.
    pub side: Side,
    /// How the price is found.
    pub order_type: OrderType,
    /// The product type.
    pub product: Product,
    /// INR; zero for market orders.
    pub limit_price: Decimal,
    /// INR; zero unless the order has a stop.
    pub stop_price: Decimal,
    /// The bot's own mark, 1 to 30 letters and digits.
    pub tag: Option<String>,
}

impl OrderRequest {
    /// Negative when it sells.
    pub fn signed_quantity(&self) -> i64 {
        self.quantity * self.side.sign()
    }
}

/// An exchange took an order. Acceptance, not a fill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAck {
    /// The order id; begins with `MOCK` when it is simulated.
    pub id: String,
    /// False when the order was sent but not acknowledged (code 201): look in the order book.
    pub confirmed: bool,
}

/// Where an order stands (docs/fyers-api.md, "Enums", order status).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// 1.
    Cancelled,
    /// 2.
    Traded,
    /// 4.
    Transit,
    /// 5.
    Rejected,
    /// 6.
    Pending,
    /// 7.
    Expired,
}

/// One row of the order book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The order id.
    pub id: String,
    /// What was asked for.
    pub request: OrderRequest,
    /// Where it stands.
    pub status: OrderStatus,
    /// Filled so far.
    pub filled: i64,
    /// Average price of the fills in INR; zero before the first.
    pub average: Decimal,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// Rejection text, or empty.
    pub message: String,
}
