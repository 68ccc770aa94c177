//! The order book of today.

use fyers_api::{codes, model::OrderStatus};
use keeper_domain::text::excerpt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderRow {
    /// As the exchange tells it, `24-Nov-2026 09:31:02`.
    pub at: String,
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// `buy` or `sell`; empty when it is not told.
    pub side: String,
    /// How many.
    pub quantity: Option<i64>,
    /// How many of them are traded.
    pub filled: Option<i64>,
    /// Limit price in INR; zero for a market order.
    pub price: Option<f64>,
    /// Average price of what is traded, in INR.
    pub traded_price: Option<f64>,
    /// `filled`, `open`, `rejected`, `cancelled`, `expired`, `on its way`, or FYERS' number.
    pub status: String,
    /// The exchange's words; why, when it was rejected.
    pub message: String,
}

/// All of them, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Orders {
    /// The rows.
    pub orders: Vec<OrderRow>,
}

impl Orders {
    /// Reads FYERS' answer, which has the newest last; `None` when a row is no order.
    pub fn of(body: &Value) -> Option<Self> {
        let rows = body["orderBook"].as_array()?;
        Some(Self { orders: rows.iter().rev().map(OrderRow::of).collect::<Option<_>>()? })
    }
}

impl OrderRow {
    fn of(row: &Value) -> Option<Self> {
        let text = |name: &str, most| excerpt(row[name].as_str().unwrap_or_default(), most);
        let side = match row["side"].as_i64() {
            Some(1) => "buy",
            Some(-1) => "sell",
            _ => "",
        };
        Some(Self {
            at: text("orderDateTime", 24),
            symbol: excerpt(row["symbol"].as_str()?, 40),
            side: side.to_owned(),
            quantity: row["qty"].as_i64(),
            filled: row["filledQty"].as_i64(),
            price: row["limitPrice"].as_f64(),
            traded_price: row["tradedPrice"].as_f64(),
            status: status(row["status"].as_i64()),
            message: text("message", 120),
        })
    }
}

fn status(number: Option<i64>) -> String {
    let Some(number) = number else { return "not known".to_owned() };
    let word = match codes::status(number) {
        Some(OrderStatus::Cancelled) => "cancelled",
        Some(OrderStatus::Traded) => "filled",
        Some(OrderStatus::Transit) => "on its way",
        Some(OrderStatus::Rejected) => "rejected",
        Some(OrderStatus::Pending) => "open",
        Some(OrderStatus::Expired) => "expired",
        None => return format!("status {number}"),
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_order_comes_first() {
        let row =
            |symbol: &str, side, status| json!({"symbol": symbol, "side": side, "status": status, "qty": 5});
        let body = json!({"orderBook": [row("OLD", 1, 2), row("NEW", -1, 5)]});
        let read = Orders::of(&body).unwrap();
        let told: Vec<_> = read
            .orders
            .iter()
            .map(|row| (row.symbol.as_str(), row.side.as_str(), row.status.as_str()))
            .collect();
        assert_eq!(told, [("NEW", "sell", "rejected"), ("OLD", "buy", "filled")]);
        assert_eq!(Orders::of(&json!({"orderBook": [{}]})), None);
    }
}
