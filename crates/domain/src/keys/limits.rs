//! What a key may do at most.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The header of an answer that names the limit of the bot's key which has refused the request.
pub const KEY_LIMIT_HEADER: &str = "x-keeper-key-limit";

/// KeyLimits of one key; `None`: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyLimits {
    /// The largest value of one order, in INR.
    #[serde(default)]
    pub max_order_value: Option<Decimal>,
    /// Orders a day (IST).
    #[serde(default)]
    pub max_orders_per_day: Option<u32>,
    /// The largest loss of a day (IST), in INR.
    #[serde(default)]
    pub max_loss: Option<Decimal>,
}

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// `max_order_value`.
    OrderValue,
    /// `max_orders_per_day`.
    OrdersPerDay,
    /// `max_loss`.
    Loss,
}

impl LimitKind {
    /// The name used in logs and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::OrderValue => "order_value",
            Self::OrdersPerDay => "orders_per_day",
            Self::Loss => "loss",
        }
    }

    /// What a person is told when it is reached, in a word or two.
    pub fn reached_words(self) -> &'static str {
        match self {
            Self::OrderValue => "order value",
            Self::OrdersPerDay => "orders used up",
            Self::Loss => "loss limit reached",
        }
    }
}

/// A limit that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} must be above zero; leave it out for no limit")]
pub struct LimitProblem(&'static str);

impl KeyLimits {
    /// Whether anything is limited.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    /// Refuses limits of zero and below: a key that may do nothing is a read-only one, and says so.
    ///
    /// # Errors
    /// Names the first such limit.
    pub fn checked(self) -> Result<Self, LimitProblem> {
        let wrong = |value: Option<Decimal>| value.is_some_and(|value| value <= Decimal::ZERO);
        if wrong(self.max_order_value) {
            return Err(LimitProblem("the largest order value"));
        }
        if self.max_orders_per_day == Some(0) {
            return Err(LimitProblem("the number of orders a day"));
        }
        if wrong(self.max_loss) { Err(LimitProblem("the largest loss")) } else { Ok(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_above_zero() {
        let some = |value: i64| Some(Decimal::from(value));
        assert!(KeyLimits::default().checked().is_ok() && !KeyLimits::default().any());
        for limits in [
            KeyLimits { max_order_value: some(0), ..KeyLimits::default() },
            KeyLimits { max_loss: some(-1), ..KeyLimits::default() },
            KeyLimits { max_orders_per_day: Some(0), ..KeyLimits::default() },
        ] {
            assert!(limits.checked().is_err(), "{limits:?}");
        }
        assert!(KeyLimits { max_loss: some(1), ..KeyLimits::default() }.checked().unwrap().any());
    }
}
