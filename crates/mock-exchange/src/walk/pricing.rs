//! What a contract is worth: cost of carry for futures, Black-76 for options on them.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive;

use crate::symbol::Right;
use fyers_api::ist;

/// Interest that futures carry and options are discounted with, a year.
pub(super) const RATE: f64 = 0.065;
/// Yearly volatility of options on indices, and on everything else.
pub(super) const VOLATILITY: (f64, f64) = (0.14, 0.28);
/// Days a year of option pricing.
const YEAR: f64 = 365.0;

/// Time left until the end of a contract's last day, in years.
pub(super) fn years_to(last: NaiveDate, at: DateTime<Utc>) -> f64 {
    let left = ist::instant(last, ist::at(15, 30)) - at;
    left.num_seconds().max(0).to_f64().unwrap_or_default() / (YEAR * 86_400.0)
}

/// What an option's price depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// The underlying's forward price in INR.
    pub(super) forward: f64,
    /// In INR.
    pub(super) strike: f64,
    /// Time left.
    pub(super) years: f64,
    /// A year.
    pub(super) volatility: f64,
    /// Call or put.
    pub(super) right: Right,
}

impl Terms {
    fn discount(self) -> f64 {
        (-RATE * self.years).exp()
    }

    /// `d1`, and how far the forward may move; `None` when nothing is left to happen.
    fn d1(self) -> Option<(f64, f64)> {
        let deviation = self.volatility * self.years.sqrt();
        (deviation > f64::EPSILON).then(|| {
            (((self.forward / self.strike).ln() + deviation * deviation / 2.0) / deviation, deviation)
        })
    }

    /// The value in INR.
    pub(super) fn value(self) -> f64 {
        let Self { forward, strike, right, .. } = self;
        let discount = self.discount();
        let call = match self.d1() {
            None => discount * (forward - strike).max(0.0),
            Some((d1, deviation)) => discount * (forward * normal(d1) - strike * normal(d1 - deviation)),
        };
        match right {
            Right::Call => call,
            Right::Put => call - discount * (forward - strike),
        }
        .max(0.0)
    }
}

/// How an option's price moves, in FYERS' units (docs/fyers-api.md, "Option chain").
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Greeks {
    /// INR for a rupee of the underlying.
    pub delta: f64,
    /// Change of delta for a rupee.
    pub gamma: f64,
    /// INR a day.
    pub theta: f64,
    /// INR for a point of volatility.
    pub vega: f64,
    /// Volatility in percent a year.
    pub iv: f64,
}

impl Greeks {
    pub(super) fn of(terms: Terms) -> Self {
        let Terms { forward, years, volatility, right, .. } = terms;
        let (discount, iv) = (terms.discount(), volatility * 100.0);
        let Some((d1, deviation)) = terms.d1() else {
            return Self { delta: 0.0, gamma: 0.0, theta: 0.0, vega: 0.0, iv };
        };
        let density = (-d1 * d1 / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let carry = (RATE * years).exp();
        let of_forward = match right {
            Right::Call => discount * normal(d1),
            Right::Put => -discount * normal(-d1),
        };
        let decay = discount * forward * density * volatility / (2.0 * years.sqrt());
        Self {
            delta: of_forward * carry,
            gamma: discount * density / (forward * deviation) * carry * carry,
            theta: (RATE * terms.value() - decay - RATE * forward * of_forward) / YEAR,
            vega: discount * forward * density * years.sqrt() / 100.0,
            iv,
        }
    }
}

/// The cumulative normal distribution (Abramowitz and Stegun 26.2.17), good to seven digits.
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(right: Right) -> Terms {
        Terms { forward: 26_100.0, strike: 26_000.0, years: 0.08, volatility: 0.14, right }
    }

    /// The greeks are the price's own derivatives.
    #[test]
    fn greeks_agree_with_the_price() {
        for right in [Right::Call, Right::Put] {
            let at = terms(right);
            let greeks = Greeks::of(at);
            let carry = (RATE * at.years).exp();
            let moved = |spot: f64| Terms { forward: at.forward + spot * carry, ..at }.value();
            let delta = (moved(1.0) - moved(-1.0)) / 2.0;
            let gamma = (moved(10.0) - 2.0 * at.value() + moved(-10.0)) / 100.0;
            let vega = Terms { volatility: 0.145, ..at }.value() - Terms { volatility: 0.135, ..at }.value();
            let day = 1.0 / YEAR;
            // A day later, the spot standing still.
            let later =
                Terms { years: at.years - day, forward: at.forward * (-RATE * day).exp(), ..at }.value();
            assert!((greeks.delta - delta).abs() < 1e-3, "{right:?} {greeks:?} {delta}");
            assert!((greeks.gamma - gamma).abs() < 1e-5, "{right:?} {greeks:?} {gamma}");
            assert!((greeks.vega - vega).abs() < 0.05, "{right:?} {greeks:?} {vega}");
            assert!((greeks.theta - (later - at.value())).abs() < 0.3, "{right:?} {greeks:?}");
        }
    }
}
