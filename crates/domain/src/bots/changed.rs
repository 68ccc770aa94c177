//! What orders may have become. FYERS' book shows a change a second or more after it was sent, and of two that leave together
//! nobody knows which comes first: an order is judged by the most that it may be by now.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use fyers_api::number::{decimal, whole};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::routing::request::Leg;

/// The most that an order may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AtMost {
    /// Quantity without its sign.
    pub quantity: i64,
    /// The highest limit or stop in INR; zero where none is known.
    pub limit: Decimal,
    /// Whether it may trade at the market.
    pub is_at_market: bool,
}

impl AtMost {
    /// An order as it was placed.
    pub fn of(leg: &Leg) -> Self {
        Self {
            quantity: leg.quantity.saturating_abs(),
            limit: leg.price,
            is_at_market: leg.price <= Decimal::ZERO,
        }
    }

    /// The same with a stop: without a limit it is the least that a purchase costs.
    #[must_use]
    pub fn at_least(self, stop: Decimal) -> Self {
        Self { limit: self.limit.max(stop), ..self }
    }

    /// The most of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            quantity: self.quantity.max(other.quantity),
            limit: self.limit.max(other.limit),
            is_at_market: self.is_at_market || other.is_at_market,
        }
    }
}

/// A change of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderChange {
    /// The order.
    pub id: String,
    /// What it names: a quantity of zero and no limit where it names none.
    pub to: AtMost,
    /// Whether it makes an order with a limit of it.
    pub makes_limit: bool,
    /// Whether its quantity, type and limit can be read.
    pub is_understood: bool,
}

impl OrderChange {
    /// The changes in a request, as far as they can be read.
    pub fn all(body: &[u8]) -> Vec<Self> {
        let rows = match serde_json::from_slice(body).unwrap_or_default() {
            Value::Array(rows) => rows,
            one => vec![one],
        };
        rows.iter().filter_map(Self::of).collect()
    }

    fn of(row: &Value) -> Option<Self> {
        let id =
            row["id"].as_str().map(str::to_owned).or_else(|| whole(&row["id"]).map(|id| id.to_string()))?;
        let asked = |name: &str| Some(&row[name]).filter(|value| !value.is_null());
        let quantity = asked("qty").map(|value| whole(value).filter(|quantity| *quantity > 0));
        let limit = asked("limitPrice").map(decimal);
        let kind = asked("type").map(whole);
        let makes_limit = matches!(kind, Some(Some(1 | 4)));
        // Where nobody knows which type it has, a limit of zero bounds nothing either.
        // A stop without a limit is the least that a purchase costs.
        let stop = asked("stopPrice").map(decimal).filter(|_| !makes_limit);
        let is_free =
            (kind.is_some() && !makes_limit) || matches!(limit, Some(Some(limit)) if limit <= Decimal::ZERO);
        let to = AtMost {
            quantity: quantity.flatten().unwrap_or_default(),
            limit: limit.flatten().unwrap_or_default().max(stop.flatten().unwrap_or_default()),
            is_at_market: is_free,
        };
        let is_understood =
            quantity != Some(None) && limit != Some(None) && kind != Some(None) && stop != Some(None);
        Some(Self { id: id.trim().to_owned(), to, makes_limit, is_understood })
    }
}

/// Every change of an order that was sent on a day and that FYERS is not known to have refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SentChanges {
    /// The day (IST).
    #[serde(default)]
    day: Option<NaiveDate>,
    #[serde(default)]
    orders: BTreeMap<String, Changed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Changed {
    /// All that FYERS has taken.
    #[serde(default)]
    taken: AtMost,
    /// Those of which it has said nothing yet, by their intents.
    #[serde(default)]
    sent: BTreeMap<i64, AtMost>,
}

impl SentChanges {
    /// None yet, of this day.
    pub fn of_day(day: NaiveDate) -> Self {
        Self { day: Some(day), orders: BTreeMap::new() }
    }

    /// The same, if they are of this day.
    #[must_use]
    pub fn if_of(self, day: NaiveDate) -> Self {
        if self.day == Some(day) { self } else { Self::of_day(day) }
    }

    /// These leave with the intent of this number: they count from now on.
    pub fn leave(&mut self, intent: i64, changes: &[OrderChange]) {
        for change in changes {
            let sent = &mut self.orders.entry(change.id.clone()).or_default().sent;
            let before = sent.get(&intent).copied().unwrap_or_default();
            sent.insert(intent, before.or(change.to));
        }
    }

    /// FYERS has taken them.
    pub fn taken(&mut self, intent: i64) {
        for changed in self.orders.values_mut() {
            if let Some(sent) = changed.sent.remove(&intent) {
                changed.taken = changed.taken.or(sent);
            }
        }
    }

    /// They have changed nothing.
    pub fn refused(&mut self, intent: i64) {
        for changed in self.orders.values_mut() {
            changed.sent.remove(&intent);
        }
        self.orders.retain(|_, changed| *changed != Changed::default());
    }

    /// The order can fill no more, so that no change can make it larger.
    pub fn ended(&mut self, id: &str) {
        self.orders.remove(id);
    }

    /// The most that the changes of this order name.
    pub fn of(&self, id: &str) -> AtMost {
        let Some(changed) = self.orders.get(id) else { return AtMost::default() };
        changed.sent.values().fold(changed.taken, |all, sent| all.or(*sent))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(row: &Value) -> OrderChange {
        OrderChange::all(row.to_string().as_bytes()).remove(0)
    }

    #[test]
    fn a_change_names_what_it_names_and_nothing_else() {
        let to = |row: Value| {
            let AtMost { quantity, limit, is_at_market } = read(&row).to;
            (quantity, limit, is_at_market)
        };
        assert_eq!(to(json!({"id": "1", "qty": "5"})), (5, Decimal::ZERO, false));
        assert_eq!(to(json!({"id": " 1", "limitPrice": 700})), (0, Decimal::from(700), false));
        assert_eq!(to(json!({"id": 1, "type": 2, "limitPrice": 700})), (0, Decimal::from(700), true));
        assert_eq!(to(json!({"id": "1", "type": 1, "limitPrice": 0})), (0, Decimal::ZERO, true));
        assert!(read(&json!({"id": "1", "type": 4})).makes_limit);
        for odd in [
            json!({"id": "1", "qty": 0}),
            json!({"id": "1", "limitPrice": {}}),
            json!({"id": "1", "type": "x"}),
        ] {
            assert!(!read(&odd).is_understood, "{odd}");
        }
        assert_eq!(OrderChange::all(br#"[{"id":"1"},{"id":"2"},{}]"#).len(), 2);
        assert!(OrderChange::all(b"{").is_empty());
    }

    #[test]
    fn changes_count_from_when_they_leave_until_fyers_has_refused_them() {
        let day = "2026-11-27".parse().unwrap();
        let change =
            |quantity: i64, limit: i64| vec![read(&json!({"id": "7", "qty": quantity, "limitPrice": limit}))];
        let mut sent = SentChanges::of_day(day);
        sent.leave(1, &change(5, 10));
        sent.leave(2, &change(900, 1));
        assert_eq!((sent.of("7").quantity, sent.of("7").limit), (900, Decimal::from(10)));
        sent.refused(2);
        sent.taken(1);
        assert_eq!((sent.of("7").quantity, sent.of("7").limit), (5, Decimal::from(10)));
        let kept: SentChanges = serde_json::from_str(&serde_json::to_string(&sent).unwrap()).unwrap();
        assert_eq!(kept.clone().if_of(day), sent, "a restart of the keeper changes nothing");
        assert_eq!(kept.if_of("2026-11-28".parse().unwrap()).of("7"), AtMost::default());
        sent.ended("7");
        assert_eq!(sent.of("7"), AtMost::default());
    }
}
