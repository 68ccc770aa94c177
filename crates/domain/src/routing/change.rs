//! Changes of waiting orders, read for the safety rules only.

use fyers_api::{number::whole, request};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Fields that would make another order of it.
const ANOTHER_ORDER: [&str; 4] = ["symbol", "side", "productType", "offlineOrder"];
/// Fields that would add an order to it.
const MORE_ORDERS: [&str; 2] = ["stopLoss", "takeProfit"];

/// What a request would change of one order, as far as safety needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedOrder {
    /// The order.
    pub id: String,
    /// Its new quantity; `None`: as it is.
    pub quantity: Option<i64>,
}

/// The changes in a request; `None` where one of them cannot be read, or may do more than change price and quantity.
pub(super) fn read(body: &[u8]) -> Option<Vec<ChangedOrder>> {
    let rows = match serde_json::from_slice(body).ok()? {
        Value::Array(rows) => rows,
        one => vec![one],
    };
    rows.iter().map(one).collect()
}

fn one(row: &Value) -> Option<ChangedOrder> {
    let is_set = |name: &str| !row[name].is_null();
    let adds = |name: &str| is_set(name) && request::decimal(&row[name]) != Ok(Decimal::ZERO);
    if ANOTHER_ORDER.into_iter().any(is_set) || MORE_ORDERS.into_iter().any(adds) {
        return None;
    }
    let id = row["id"].as_str().map(str::to_owned).or_else(|| whole(&row["id"]).map(|id| id.to_string()))?;
    let quantity = match &row["qty"] {
        Value::Null => None,
        quantity => Some(whole(quantity).filter(|quantity| *quantity > 0)?),
    };
    Some(ChangedOrder { id: id.trim().to_owned(), quantity })
}
