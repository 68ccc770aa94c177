//! The MockExchange's account over time as a line. All places are in the units of the picture; the page scales it.

use fyers_api::ist::ist;
use keeper_domain::{equity::EquityCurve, money};
use rust_decimal::{Decimal, prelude::ToPrimitive};

/// The picture's own width and height.
const SIZE: (f64, f64) = (1000.0, 200.0);

/// The line, and what is to be said of it.
pub(super) struct Line {
    /// `x,y x,y …`; empty while there is only one point.
    pub(super) points: String,
    /// The height at which the account began.
    pub(super) base: String,
    pub(super) is_gain: bool,
    pub(super) now: String,
    /// As `+₹1,234.50 (+0.12 %) since 02 Nov`; one point has not changed.
    pub(super) change: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) high: String,
    pub(super) low: String,
}

impl Line {
    /// `None` before anything was traded.
    pub(super) fn of(curve: &EquityCurve) -> Option<Self> {
        let (first, last) = (curve.points.first()?, curve.points.last()?);
        let values: Vec<f64> = curve.points.iter().map(|point| number(point.value)).collect();
        let amounts = || curve.points.iter().map(|point| point.value);
        let (low, high) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        let same_day = ist(first.at).date_naive() == ist(last.at).date_naive();
        let shown = |at| ist(at).format(if same_day { "%H:%M" } else { "%d %b" }).to_string();
        let place = |value: f64| height(value, low, high);
        Some(Self {
            points: if values.len() < 2 { String::new() } else { points(&values, place) },
            base: format!("{:.1}", place(values.first().copied().unwrap_or_default())),
            is_gain: last.value >= first.value,
            now: money::rupees(last.value),
            change: match values.len() {
                1 => "the curve begins in a moment".to_owned(),
                _ => format!("{} since {}", change(first.value, last.value), shown(first.at)),
            },
            from: shown(first.at),
            until: shown(last.at),
            high: amounts().max().map(money::rupees).unwrap_or_default(),
            low: amounts().min().map(money::rupees).unwrap_or_default(),
        })
    }
}

fn number(value: Decimal) -> f64 {
    value.to_f64().unwrap_or_default()
}

/// A flat line lies in the middle.
fn height(value: f64, low: f64, high: f64) -> f64 {
    let (range, edge) = (high - low, 6.0);
    let part = if range > 0.0 { (value - low) / range } else { 0.5 };
    edge + (SIZE.1 - 2.0 * edge) * (1.0 - part)
}

/// Points stand side by side, whatever the time between them: nights and holidays take no room.
fn points(values: &[f64], place: impl Fn(f64) -> f64) -> String {
    let step = SIZE.0 / (values.len() - 1) as f64;
    let point = |(number, value): (usize, &f64)| format!("{:.1},{:.1}", number as f64 * step, place(*value));
    values.iter().enumerate().map(point).collect::<Vec<_>>().join(" ")
}

fn change(first: Decimal, last: Decimal) -> String {
    let gain = last - first;
    let sign = if gain < Decimal::ZERO { "" } else { "+" };
    let percent =
        if first.is_zero() { Decimal::ZERO } else { (gain * Decimal::ONE_HUNDRED / first).round_dp(2) };
    format!("{} ({sign}{percent:.2} %)", money::signed_rupees(gain))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use keeper_domain::equity::EquityPoint;

    use super::*;

    fn curve(values: &[i64], gap: TimeDelta) -> EquityCurve {
        let at = DateTime::parse_from_rfc3339("2026-11-23T09:15:00+05:30").unwrap().to_utc();
        let point = |(number, value): (usize, &i64)| EquityPoint {
            at: at + gap * i32::try_from(number).unwrap(),
            value: Decimal::from(*value),
        };
        EquityCurve { points: values.iter().enumerate().map(point).collect(), without_copied: true }
    }

    #[test]
    fn the_line_goes_from_the_beginning_to_now_within_the_picture() {
        let line = Line::of(&curve(&[1_000_000, 999_000, 1_001_500], TimeDelta::days(1))).unwrap();
        assert_eq!(line.points, "0.0,118.8 500.0,194.0 1000.0,6.0");
        assert_eq!((line.base.as_str(), line.is_gain), ("118.8", true));
        assert_eq!(line.change, "+₹1,500.00 (+0.15 %) since 23 Nov");
        assert_eq!((line.now.as_str(), line.low.as_str()), ("₹10,01,500.00", "₹9,99,000.00"));
    }

    #[test]
    fn one_point_is_no_line_and_a_flat_one_lies_in_the_middle() {
        assert!(Line::of(&EquityCurve::default()).is_none());
        let one = Line::of(&curve(&[5], TimeDelta::zero())).unwrap();
        assert_eq!((one.points.as_str(), one.change.as_str()), ("", "the curve begins in a moment"));
        let flat = Line::of(&curve(&[0, 0], TimeDelta::minutes(5))).unwrap();
        assert_eq!(flat.points, "0.0,100.0 1000.0,100.0");
        assert_eq!(flat.change, "+₹0.00 (+0.00 %) since 09:15");
        let loss = Line::of(&curve(&[200, 150], TimeDelta::minutes(5))).unwrap();
        assert_eq!((loss.change.as_str(), loss.is_gain), ("-₹50.00 (-25.00 %) since 09:15", false));
    }
}
