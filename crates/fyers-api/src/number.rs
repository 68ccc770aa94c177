//! The one way FYERS' numbers are read. FYERS prints integral amounts with and without `.0`, and its own SDKs send
//! whatever the user typed, quoted numbers included.

use rust_decimal::Decimal;
use serde_json::Value;

/// An amount by its digits, not by its binary value: `800.1` is exactly 800.1. `None` for anything that is neither
/// a number nor a text with a number in it.
///
/// Exact for 15 significant digits, which is more than an account in INR can hold.
pub fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => parse(&number.to_string()),
        Value::String(text) => parse(text.trim()),
        _ => None,
    }
}

/// A whole number, also as `5.0`, `"5"` or `"5.0"`. `None` when there is a fraction or it does not fit.
pub fn whole(value: &Value) -> Option<i64> {
    let amount = decimal(value)?;
    if amount.fract().is_zero() { i64::try_from(amount.trunc()).ok() } else { None }
}

fn parse(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) { Decimal::from_scientific(text).ok() } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_what_was_printed() {
        for text in ["0", "195", "195.0", "800.1", "-0.05", "9999999999999.99", "1e3", "2.5E-2"] {
            let want = Decimal::from_scientific(text).or_else(|_| text.parse()).ok();
            assert!(want.is_some(), "{text}");
            assert_eq!(decimal(&serde_json::from_str(text).unwrap()), want, "{text}");
            assert_eq!(decimal(&json!(text)), want, "{text} in quotes");
        }
        for none in
            [json!(1e300), json!(""), json!("x"), json!("1,000"), json!(true), json!([1]), Value::Null]
        {
            assert_eq!(decimal(&none), None, "{none}");
        }
    }

    #[test]
    fn whole_numbers_may_have_a_point_and_quotes() {
        for five in [json!(5), json!(5.0), json!("5"), json!("5.0"), json!(" 5 ")] {
            assert_eq!(whole(&five), Some(5), "{five}");
        }
        assert_eq!(whole(&json!(-5)), Some(-5));
        assert_eq!(whole(&json!(i64::MIN)), Some(i64::MIN));
        for none in [json!(5.5), json!("5.5"), json!(true), json!(u64::MAX), json!([5]), Value::Null] {
            assert_eq!(whole(&none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn two_decimals_never_pick_up_noise(paise in -99_999_999_999_999_i64..99_999_999_999_999) {
            let want = Decimal::new(paise, 2);
            let value: Value = serde_json::from_str(&want.to_string()).unwrap();
            prop_assert_eq!(decimal(&value), Some(want));
            prop_assert_eq!(whole(&value), (paise % 100 == 0).then_some(paise / 100));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = whole(&json!(text));
        }
    }
}
