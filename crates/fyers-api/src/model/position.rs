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
    /// What of it was bought and sold today; `None` where that is not told, or does not explain `net`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<Traded>,
}

/// What was bought and sold of a position, as quantities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traded {
    /// Bought.
    pub bought: i64,
    /// Sold.
    pub sold: i64,
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
