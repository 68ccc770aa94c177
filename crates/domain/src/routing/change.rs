//! Changes of waiting orders, read for the safety rules only.

use fyers_api::{number::whole, request, response::GttRow};
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

/// What a request would change of a GTT order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedGtt {
    /// The order.
    pub id: String,
    /// Of its legs, those that it names.
    pub legs: Vec<ChangedLeg>,
}

/// A leg as it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedLeg {
    /// 0, or 1 for the second one of an OCO order.
    pub place: usize,
    /// Its quantity.
    pub quantity: i64,
    /// Its limit; `None`: as it is.
    pub price: Option<Decimal>,
    /// The price that triggers it; `None`: as it is.
    pub trigger: Option<Decimal>,
}

impl ChangedGtt {
    /// Whether a row of the GTT book has been changed so, and waits.
    pub fn waits_in(&self, row: &GttRow) -> bool {
        let is_as = |leg: &ChangedLeg| {
            row.legs.get(leg.place).is_some_and(|terms| {
                terms.quantity == Some(leg.quantity)
                    && (leg.price.is_none() || terms.price == leg.price)
                    && (leg.trigger.is_none() || terms.trigger == leg.trigger)
            })
        };
        !row.is_over && row.ids.contains(&self.id) && self.legs.iter().all(is_as)
    }
}

/// The change of a GTT order in a request; `None` where it cannot be read, or may do more.
pub(super) fn read_gtt(body: &[u8]) -> Option<ChangedGtt> {
    let body: Value = serde_json::from_slice(body).ok()?;
    if changes_more(&body) {
        return None;
    }
    let legs = body["orderInfo"].as_object()?.iter().filter(|(_, leg)| !leg.is_null());
    let legs = legs.map(|(name, leg)| changed_leg(name, leg)).collect::<Option<Vec<_>>>()?;
    let id = id(&body)?;
    (!legs.is_empty()).then_some(ChangedGtt { id, legs })
}

fn changed_leg(name: &str, leg: &Value) -> Option<ChangedLeg> {
    let place = ["leg1", "leg2"].iter().position(|known| *known == name)?;
    let quantity = whole(&leg["qty"]).filter(|quantity| *quantity > 0)?;
    let money = |value: &Value| match value {
        Value::Null => Some(None),
        value => request::decimal(value).ok().map(Some),
    };
    Some(ChangedLeg { place, quantity, price: money(&leg["price"])?, trigger: money(&leg["triggerPrice"])? })
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
    if changes_more(row) {
        return None;
    }
    let id = id(row)?;
    let quantity = match &row["qty"] {
        Value::Null => None,
        quantity => Some(whole(quantity).filter(|quantity| *quantity > 0)?),
    };
    Some(ChangedOrder { id, quantity })
}

fn changes_more(row: &Value) -> bool {
    let is_set = |name: &str| !row[name].is_null();
    let adds = |name: &str| is_set(name) && request::decimal(&row[name]) != Ok(Decimal::ZERO);
    ANOTHER_ORDER.into_iter().any(is_set) || MORE_ORDERS.into_iter().any(adds)
}

fn id(row: &Value) -> Option<String> {
    let text = row["id"].as_str().map(str::to_owned);
    let id = text.or_else(|| whole(&row["id"]).map(|id| id.to_string()))?;
    Some(id.trim().to_owned())
}
