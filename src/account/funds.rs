//! Money in the account.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// In INR; what an answer does not tell is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// Total balance (FYERS fund id 1).
    pub total: Option<f64>,
    /// Used as margin (id 2).
    pub used: Option<f64>,
    /// Free for new orders (id 10).
    pub available: Option<f64>,
}

impl Money {
    /// Reads FYERS' answer. Amounts are found by id: the order of the list is not promised.
    pub fn of(body: &Value) -> Option<Self> {
        let rows = body["fund_limit"].as_array()?;
        let of = |id: i64| rows.iter().find(|row| row["id"] == id)?["equityAmount"].as_f64();
        Some(Self { total: of(1), used: of(2), available: of(10) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_that_is_not_told_is_not_zero() {
        let body = json!({"fund_limit": [{"id": 10, "equityAmount": 5}, {"id": 1, "equityAmount": 7.5}]});
        assert_eq!(Money::of(&body), Some(Money { total: Some(7.5), used: None, available: Some(5.0) }));
        assert_eq!(Money::of(&json!({"s": "ok"})), None);
    }
}
