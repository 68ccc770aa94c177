//! What the MockExchange's account was worth over time: a point every few minutes of today, one for each day before.

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::ist;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Days that are kept.
const DAYS: usize = 250;
/// Between two points of today.
const GAP: TimeDelta = TimeDelta::minutes(5);

/// The account at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// When.
    pub at: DateTime<Utc>,
    /// Simulated cash, and what simulated orders hold at its last price, in INR.
    pub value: Decimal,
}

/// The account over time, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EquityCurve {
    /// The points.
    pub points: Vec<EquityPoint>,
    /// Whether shares that were copied from FYERS are in none of them, as they were in those of older versions.
    #[serde(default)]
    pub without_copied: bool,
}

impl EquityCurve {
    /// Points in which copied shares are counted cannot be gone on with: the curve begins anew. `has_copied`: the account
    /// came with shares.
    pub fn leave_copied_out(&mut self, has_copied: bool) {
        if has_copied && !self.without_copied {
            self.points.clear();
        }
        self.without_copied = true;
    }

    /// Whether something was traded once: there is more than the beginning.
    pub fn has_begun(&self) -> bool {
        self.points.len() > 1
    }

    /// What the account is worth while nothing was traded in it: the beginning, until something is.
    pub fn begin(&mut self, at: DateTime<Utc>, value: Decimal) {
        if !self.has_begun() {
            self.points = vec![EquityPoint { at, value: value.round_dp(2) }];
        }
    }

    /// Adds what the account is worth now; false when that is no news. Of days that are over only the last point stays,
    /// and the very first one, which is where the account began.
    pub fn add(&mut self, at: DateTime<Utc>, value: Decimal) -> bool {
        let value = value.round_dp(2);
        match self.points.last() {
            // The beginning is as old as the latest look: it holds up nothing.
            Some(last) if self.has_begun() && last.at + GAP > at => return false,
            // The first trade begins the curve, whatever it has changed.
            Some(last) if self.has_begun() && last.value == value && ist::date(last.at) == ist::date(at) => {
                return false;
            }
            _ => {}
        }
        self.points.push(EquityPoint { at, value });
        self.thin();
        true
    }

    fn thin(&mut self) {
        let today = self.points.last().map(|point| ist::date(point.at));
        let dates: Vec<_> = self.points.iter().map(|point| ist::date(point.at)).collect();
        let mut place = 0;
        self.points.retain(|_| {
            let date = dates[place];
            let is_last = dates.get(place + 1).is_none_or(|next| *next != date);
            place += 1;
            place == 1 || is_last || Some(date) == today
        });
        let days = dates.iter().collect::<std::collections::BTreeSet<_>>().len();
        let surplus = days.saturating_sub(DAYS).min(self.points.len());
        self.points.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        // 09:15 IST on a Monday.
        DateTime::parse_from_rfc3339("2026-11-23T09:15:00+05:30").unwrap().to_utc()
            + TimeDelta::minutes(minutes)
    }

    fn values(curve: &EquityCurve) -> Vec<String> {
        curve.points.iter().map(|point| point.value.to_string()).collect()
    }

    #[test]
    fn a_point_is_added_every_few_minutes_when_something_has_changed() {
        let mut curve = EquityCurve::default();
        assert!(curve.add(at(0), Decimal::from(100)));
        assert!(curve.add(at(1), Decimal::from(101)), "the first trade is seen at once");
        assert!(!curve.add(at(5), Decimal::from(102)), "too soon");
        assert!(!curve.add(at(10), Decimal::from(101)), "no news");
        assert!(curve.add(at(20), Decimal::new(1_015_049, 4)));
        assert_eq!(values(&curve), ["100", "101", "101.50"]);
    }

    /// The account may become a copy of the one at FYERS before its first order.
    #[test]
    fn the_beginning_is_what_there_was_before_the_first_order() {
        let mut curve = EquityCurve::default();
        curve.begin(at(0), Decimal::from(1_000_000));
        curve.begin(at(10), Decimal::from(250_000));
        curve.add(at(20), Decimal::from(249_000));
        assert_eq!(values(&curve), ["250000", "249000"]);
        curve.begin(at(30), Decimal::from(7));
        assert_eq!(values(&curve), ["250000", "249000"], "it has begun");
    }

    #[test]
    fn a_curve_in_which_copied_shares_are_counted_begins_anew_once() {
        let older = || -> EquityCurve {
            let points = serde_json::json!([{"at": at(0), "value": "900"}, {"at": at(10), "value": "950"}]);
            serde_json::from_value(serde_json::json!({ "points": points })).unwrap()
        };
        let mut curve = older();
        curve.leave_copied_out(false);
        assert_eq!(values(&curve), ["900", "950"], "there were none in it");
        let mut curve = older();
        curve.leave_copied_out(true);
        assert_eq!(values(&curve), [""; 0]);
        curve.begin(at(20), Decimal::from(500));
        let mut kept: EquityCurve = serde_json::from_str(&serde_json::to_string(&curve).unwrap()).unwrap();
        kept.leave_copied_out(true);
        assert_eq!(values(&kept), ["500"]);
    }

    #[test]
    fn a_trade_that_has_changed_nothing_begins_the_curve_too() {
        let mut curve = EquityCurve::default();
        curve.begin(at(0), Decimal::from(100));
        assert!(!curve.has_begun());
        assert!(curve.add(at(1), Decimal::from(100)) && curve.has_begun());
        assert!(!curve.add(at(9), Decimal::from(100)), "no news");
    }

    #[test]
    fn of_a_day_that_is_over_the_last_point_stays_and_the_beginning_of_all() {
        let mut curve = EquityCurve::default();
        for day in 0..3 {
            for minute in [0, 10, 20] {
                curve.add(at(day * 1_440 + minute), Decimal::from(day * 100 + minute));
            }
        }
        assert_eq!(values(&curve), ["0", "20", "120", "200", "210", "220"]);
        for day in 3..400 {
            curve.add(at(day * 1_440), Decimal::from(day));
        }
        assert!(curve.points.len() <= DAYS + 1, "{}", curve.points.len());
        assert_eq!(curve.points.last().map(|point| point.value), Some(Decimal::from(399)));
    }
}
