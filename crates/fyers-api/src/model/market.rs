//! Where a symbol is traded.

use serde::{Deserialize, Serialize};

/// An exchange (docs/fyers-api.md, "Enums"); its numbers are in [`codes`](crate::codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Exchange {
    /// 10.
    Nse,
    /// 11.
    Mcx,
    /// 12.
    Bse,
}

impl Exchange {
    /// The exchange in front of a symbol's colon, as `NSE` in `NSE:SBIN-EQ`.
    pub fn of_symbol(symbol: &str) -> Option<Self> {
        match symbol.split_once(':')?.0 {
            "NSE" => Some(Self::Nse),
            "MCX" => Some(Self::Mcx),
            "BSE" => Some(Self::Bse),
            _ => None,
        }
    }
}

/// A segment of an exchange (docs/fyers-api.md, "Enums"); its numbers are in [`codes`](crate::codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// 10: shares, funds, bonds, indices.
    Cash,
    /// 11: futures and options on shares and indices.
    EquityDerivatives,
    /// 12.
    Currency,
    /// 20.
    Commodity,
}
