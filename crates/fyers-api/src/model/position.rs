//! Positions, understood and not.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::model::Product;

/// One position. `net` zero means closed today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The product type.
    pub product: Product,
    /// Signed: negative is short.
    pub net: i64,
    /// Average price of the open part in INR.
    pub average: Decimal,
    /// Profit of what was closed today, in INR.
    pub realized: Decimal,
}

/// A row of the positions that could not be understood: there may be an open position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownPosition {
    /// As `NSE:SBIN-EQ`; `None` when not even that could be read.
    pub symbol: Option<String>,
}

impl fmt::Display for UnknownPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.symbol {
            Some(symbol) => write!(f, "unknown position in {symbol}"),
            None => f.write_str("unknown position"),
        }
    }
}
