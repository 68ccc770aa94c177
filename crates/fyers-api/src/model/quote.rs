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
