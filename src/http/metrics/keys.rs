//! Limits of keys, and what their bots have done today (IST). A series is there for a limit that the key has, and no other.

use prometheus::{GaugeVec, Opts, Registry};
use rust_decimal::prelude::ToPrimitive;

use crate::keys::KeyDay;

/// The gauges, by name.
pub(super) struct KeyNumbers {
    orders: GaugeVec,
    order_limit: GaugeVec,
    result: GaugeVec,
    loss_limit: GaugeVec,
    value_limit: GaugeVec,
}

impl KeyNumbers {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let gauge = |name: &str, help: &str| {
            let gauge = GaugeVec::new(Opts::new(name, help), &["bot"])?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        Ok(Self {
            orders: gauge("key_orders_today", "Orders of the bot that count today (IST).")?,
            order_limit: gauge("key_orders_per_day_limit", "Orders that its key allows in a day.")?,
            result: gauge(
                "key_result_today_rupees",
                "Profit of the bot today in INR, below zero a loss, before charges.",
            )?,
            loss_limit: gauge(
                "key_loss_per_day_limit_rupees",
                "The loss in INR that its key allows in a day.",
            )?,
            value_limit: gauge("key_order_value_limit_rupees", "What one order may be worth in INR.")?,
        })
    }

    /// Keys that are gone have no series any more.
    pub(super) fn set(&self, keys: &[KeyDay]) {
        let Self { orders, order_limit, result, loss_limit, value_limit } = self;
        [orders, order_limit, result, loss_limit, value_limit].into_iter().for_each(GaugeVec::reset);
        for key in keys {
            for (gauge, value) in [
                (orders, key.orders_today.map(f64::from)),
                (order_limit, key.max_orders_per_day.map(f64::from)),
                (result, key.result_today_inr.and_then(|value| value.to_f64())),
                (loss_limit, key.max_loss_inr.and_then(|value| value.to_f64())),
                (value_limit, key.max_order_value_inr.and_then(|value| value.to_f64())),
            ] {
                if let Some(value) = value {
                    gauge.with_label_values(&[key.name.as_str()]).set(value);
                }
            }
        }
    }
}
