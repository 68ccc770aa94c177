//! Limits of keys, and what their bots have done today (IST), in Prometheus' text format. They are written for each reader
//! anew, of the keys that he may see: two who read at once take nothing from each other.

use std::fmt::Write as _;

use rust_decimal::{Decimal, prelude::ToPrimitive};

use crate::keys::KeyDay;

/// What a series has of a key; nothing where the key has no such limit.
type Value = fn(&KeyDay) -> Option<f64>;

fn number(value: Option<Decimal>) -> Option<f64> {
    value.and_then(|value| value.to_f64())
}

const SERIES: [(&str, &str, Value); 5] = [
    ("orders_today", "Orders of the bot that count today (IST).", |key| key.orders_today.map(f64::from)),
    ("orders_per_day_limit", "Orders that its key allows in a day.", |key| {
        key.max_orders_per_day.map(f64::from)
    }),
    ("result_today_rupees", "Profit of the bot today in INR, below zero a loss, before charges.", |key| {
        number(key.result_today_inr)
    }),
    ("loss_per_day_limit_rupees", "The loss in INR that its key allows in a day.", |key| {
        number(key.max_loss_inr)
    }),
    ("order_value_limit_rupees", "What one order may be worth in INR.", |key| {
        number(key.max_order_value_inr)
    }),
];

/// All of them for these keys. A bot's name has no character that would have to be escaped.
pub fn of_keys(keys: &[KeyDay]) -> String {
    let mut text = String::new();
    for (name, help, value) in SERIES {
        let rows: Vec<_> = keys.iter().filter_map(|key| Some((&key.name, value(key)?))).collect();
        if rows.is_empty() {
            continue;
        }
        let name = format!("fyers_keeper_key_{name}");
        // Writing to a string does not fail.
        let _written = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (bot, value) in rows {
            let _written = writeln!(text, "{name}{{bot=\"{bot}\"}} {value}");
        }
    }
    text
}
