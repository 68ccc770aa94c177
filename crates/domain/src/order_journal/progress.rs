//! How far an order has come, as a book tells it that the keeper reads anyway.

use fyers_api::model::OrderStatus;
use mock_exchange::OrderState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::routing::live_positions::BookRow;

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderProgress {
    /// How many are filled.
    pub filled: u64,
    /// Of how many.
    pub quantity: u64,
    /// At what price on average, in INR; zero while nothing is filled.
    pub average: Decimal,
    /// Whether it can still fill.
    pub waits: bool,
}

impl OrderProgress {
    /// Of an order at FYERS.
    pub fn at_fyers(row: &BookRow) -> Self {
        let BookRow { whole, filled, average, waits, .. } = row;
        Self {
            filled: filled.unsigned_abs(),
            quantity: whole.unsigned_abs(),
            average: *average,
            waits: *waits,
        }
    }

    /// Of a simulated one.
    pub fn simulated(order: &OrderState) -> Self {
        Self {
            filled: order.filled.unsigned_abs(),
            quantity: order.order.request.quantity.unsigned_abs(),
            average: order.average(),
            waits: matches!(order.status, OrderStatus::Pending | OrderStatus::Transit),
        }
    }

    /// As it stands in an entry of the order journal that is told.
    pub fn of_entry(entry: &Value) -> Option<Self> {
        serde_json::from_value(entry.get("progress")?.clone()).ok()
    }

    /// The average price, once something is filled.
    pub fn price(&self) -> Option<Decimal> {
        Some(self.average).filter(|price| self.filled > 0 && !price.is_zero())
    }

    /// For a narrow column.
    pub fn word(&self) -> &'static str {
        match (self.filled, self.waits) {
            (0, true) => "waits",
            (0, false) => "ended",
            (filled, _) if filled >= self.quantity => "filled",
            _ => "part",
        }
    }

    /// For a person; a whole fill needs no more than its word.
    pub fn words(&self) -> String {
        let part = format!("{} of {} filled", self.filled, self.quantity);
        match (self.word(), self.waits) {
            ("part", true) => format!("{part}, the rest waits"),
            ("part", false) => format!("{part}, the rest has ended"),
            ("ended", _) => "ended without a fill".to_owned(),
            (word, _) => word.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_is_told_as_far_as_it_has_come() {
        let told = |filled, waits| {
            let progress = OrderProgress { filled, quantity: 10, average: Decimal::new(80_150, 2), waits };
            format!(
                "{}, {}, {:?}",
                progress.word(),
                progress.words(),
                progress.price().map(|p| p.to_string())
            )
        };
        assert_eq!(told(10, false), r#"filled, filled, Some("801.50")"#);
        assert_eq!(told(4, true), r#"part, 4 of 10 filled, the rest waits, Some("801.50")"#);
        assert_eq!(told(4, false), r#"part, 4 of 10 filled, the rest has ended, Some("801.50")"#);
        assert_eq!(told(0, true), "waits, waits, None");
        assert_eq!(told(0, false), "ended, ended without a fill, None");
    }
}
