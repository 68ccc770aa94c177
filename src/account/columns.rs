//! Amounts of an answer for people: as [`keeper_domain::money`] writes them, and said where one is not known.

use keeper_domain::money;
use rust_decimal::Decimal;

/// What stands where something is not known.
const NOT_KNOWN: &str = "not known";

/// An amount where the head of a column says that it is in rupees: `1,23,456.50`.
pub fn amount(value: Option<f64>) -> String {
    shown(value, money::grouped)
}

/// `₹1,23,456.50`, `-₹50.00`.
pub fn rupees(value: Option<f64>) -> String {
    shown(value, money::rupees)
}

fn shown(value: Option<f64>, written: fn(Decimal) -> String) -> String {
    value.and_then(|value| Decimal::try_from(value).ok()).map_or_else(|| NOT_KNOWN.to_owned(), written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_as_everywhere_and_what_is_none_is_not_zero() {
        let shown = [0.0, -0.001, 12.5, -999.999, 100_000.0, 12_345_678.9].map(|value| amount(Some(value)));
        assert_eq!(shown, ["0.00", "0.00", "12.50", "-1,000.00", "1,00,000.00", "1,23,45,678.90"]);
        assert_eq!((rupees(Some(-50.0)), rupees(Some(1e5))), ("-₹50.00".into(), "₹1,00,000.00".into()));
        assert_eq!([None, Some(f64::NAN), Some(1e300)].map(amount), ["not known"; 3]);
    }
}
