//! A key's limits beside what its bot has used of them today: units are in the names.

use keeper_domain::{keys::LimitKind, mode::Mode};
use rust_decimal::{Decimal, serde::float_option};
use serde::Serialize;

use crate::keys::KeyRow;

/// One key today (IST). `None`: there is no such limit, or it is not known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyDay {
    /// The bot's name.
    pub name: String,
    /// How far its orders may go.
    pub mode: Mode,
    /// Whether it may only read.
    pub read_only: bool,
    /// Whether a person has halted this bot.
    pub halted: bool,
    /// Orders that count, simulated ones too; changes and cancels do not.
    pub orders_today: Option<u32>,
    /// How many there may be.
    pub max_orders_per_day: Option<u32>,
    /// How many are left.
    pub orders_left_today: Option<u32>,
    /// Profit, or loss below zero, before charges.
    #[serde(with = "float_option")]
    pub result_today_inr: Option<Decimal>,
    /// The largest loss.
    #[serde(with = "float_option")]
    pub max_loss_inr: Option<Decimal>,
    /// How much more may be lost; zero once the limit was reached at a moment of this day, also when the price came back.
    #[serde(with = "float_option")]
    pub loss_left_today_inr: Option<Decimal>,
    /// What one order may be worth, a new or a changed one.
    #[serde(with = "float_option")]
    pub max_order_value_inr: Option<Decimal>,
    /// Limits that let no entry through any more today.
    pub limits_reached: Vec<LimitKind>,
    /// Symbols whose price is not known, which count at their average in the result.
    pub unpriced: Vec<String>,
}

impl From<&KeyRow> for KeyDay {
    fn from(row: &KeyRow) -> Self {
        let today = row.today.as_ref();
        let has_lost = row.limits_reached.contains(&LimitKind::Loss);
        let loss_left = |most: Decimal, result: Decimal| match has_lost {
            true => Decimal::ZERO,
            false => (most + result.min(Decimal::ZERO)).max(Decimal::ZERO),
        };
        Self {
            name: row.name.clone(),
            mode: row.mode,
            read_only: row.read_only,
            halted: row.halted,
            orders_today: today.map(|day| day.orders),
            max_orders_per_day: row.max_orders_per_day,
            orders_left_today: row
                .max_orders_per_day
                .zip(today)
                .map(|(most, day)| most.saturating_sub(day.orders)),
            result_today_inr: today.map(|day| day.result),
            max_loss_inr: row.max_loss,
            loss_left_today_inr: row.max_loss.zip(today).map(|(most, day)| loss_left(most, day.result)),
            max_order_value_inr: row.max_order_value,
            limits_reached: row.limits_reached.clone(),
            unpriced: today.map(|day| day.unpriced.iter().cloned().collect()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use keeper_domain::routing::own::OwnDay;

    use super::*;

    fn row(result: i64, limits_reached: Vec<LimitKind>) -> KeyRow {
        KeyRow {
            name: "careful".to_owned(),
            mode: Mode::Live,
            read_only: false,
            max_order_value: None,
            max_orders_per_day: Some(5),
            max_loss: Some(500.into()),
            halted: false,
            limits_reached,
            created_at: None,
            rotated_at: None,
            today: Some(OwnDay { orders: 3, result: result.into(), ..OwnDay::default() }),
            simulated: None,
        }
    }

    #[test]
    fn what_is_left_is_told_beside_what_was_used() {
        for (result, reached, left) in [
            (0, vec![], 500),
            (-120, vec![], 380),
            (900, vec![], 500),
            (-700, vec![LimitKind::Loss], 0),
            (-20, vec![LimitKind::Loss], 0),
        ] {
            let day = KeyDay::from(&row(result, reached));
            assert_eq!((day.orders_today, day.orders_left_today), (Some(3), Some(2)));
            assert_eq!(
                (day.result_today_inr, day.loss_left_today_inr),
                (Some(result.into()), Some(left.into()))
            );
        }
        let unknown = KeyDay::from(&KeyRow { today: None, ..row(0, vec![]) });
        assert_eq!((unknown.orders_left_today, unknown.loss_left_today_inr), (None, None));
        assert_eq!(
            serde_json::to_value(KeyDay::from(&row(-120, vec![]))).unwrap()["loss_left_today_inr"],
            380.0
        );
    }
}
