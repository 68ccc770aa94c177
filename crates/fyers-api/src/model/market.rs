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

/// A segment: a market with sessions of its own (docs/fyers-api.md, "Enums"). Its numbers are in
/// [`codes`](crate::codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segment {
    /// 10: shares, funds, bonds and indices of NSE and BSE.
    Cash,
    /// 11: futures and options of NSE and BSE.
    Fno,
    /// 12: currency derivatives. FYERS does not offer them.
    Currency,
    /// 20: commodities of MCX.
    Mcx,
}

impl Segment {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Cash, Self::Fno, Self::Currency, Self::Mcx];
}
