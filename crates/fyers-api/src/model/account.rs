//! Whose account it is, and the money in it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The account holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The client id, as `XX00001`.
    pub fy_id: String,
    /// The name on the account.
    pub name: String,
}

/// Money in the account, in INR.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Funds {
    /// Total balance (FYERS fund id 1).
    pub total: Decimal,
    /// Used as margin (id 2).
    pub utilized: Decimal,
    /// Free for new orders (id 10).
    pub available: Decimal,
}

/// Money in the account as far as an answer tells it, in INR; `None` is "not known", which is not zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FundLimits {
    /// Total balance (FYERS fund id 1).
    pub total: Option<Decimal>,
    /// Used as margin (id 2).
    pub utilized: Option<Decimal>,
    /// Free for new orders (id 10).
    pub available: Option<Decimal>,
}

impl FundLimits {
    /// The three amounts, when all of them are known.
    pub fn complete(&self) -> Option<Funds> {
        Some(Funds { total: self.total?, utilized: self.utilized?, available: self.available? })
    }
}

/// A share that is held in the demat account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldShare {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// How many.
    pub quantity: i64,
    /// Average cost in INR.
    pub cost_price: Decimal,
}
