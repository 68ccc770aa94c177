//! Prices.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The last price of a symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Last traded price (LTP) in INR.
    pub last: Decimal,
}

/// A price of the order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// INR.
    pub price: Decimal,
    /// How much is shown there; `None` when the answer does not say.
    pub quantity: Option<i64>,
}

/// What an answer shows of a symbol at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenPrice {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Last traded price (LTP) in INR.
    pub last: Decimal,
    /// What buyers show, the best first; empty when nothing is known.
    pub bids: Vec<Offer>,
    /// What sellers show, the best first; empty when nothing is known.
    pub asks: Vec<Offer>,
}
