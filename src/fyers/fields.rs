//! Typed lookups in a JSON object. A miss names the field and never shows what was there instead, which is
//! why serde's own derive is not used: its errors quote the value.

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

/// The field that is missing or has the wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Miss(pub(super) &'static str);

/// A JSON object to look things up in.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(&'a Map<String, Value>);

impl<'a> Row<'a> {
    pub(super) fn new(fields: &'a Map<String, Value>) -> Self {
        Self(fields)
    }

    /// `null` is the same as absent: FYERS uses both.
    fn present(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text that must be there; it may be empty.
    pub(super) fn text(self, name: &'static str) -> Result<&'a str, Miss> {
        self.present(name).and_then(Value::as_str).ok_or(Miss(name))
    }

    /// A text that must be there and say something.
    pub(super) fn word(self, name: &'static str) -> Result<&'a str, Miss> {
        self.text(name).and_then(|text| if text.is_empty() { Err(Miss(name)) } else { Ok(text) })
    }

    /// A text, empty when absent.
    pub(super) fn text_or_empty(self, name: &'static str) -> Result<&'a str, Miss> {
        self.present(name).map_or(Ok(""), |_| self.text(name))
    }

    /// An id: FYERS sends texts, its documents show numbers.
    pub(super) fn id(self, name: &'static str) -> Result<String, Miss> {
        match self.present(name) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
            Some(Value::Number(number)) if number.is_u64() => Ok(number.to_string()),
            _ => Err(Miss(name)),
        }
    }

    /// A whole number that must be there.
    pub(super) fn int(self, name: &'static str) -> Result<i64, Miss> {
        self.present(name).and_then(whole).ok_or(Miss(name))
    }

    /// A whole number, zero when absent.
    pub(super) fn int_or_zero(self, name: &'static str) -> Result<i64, Miss> {
        self.present(name).map_or(Ok(0), |_| self.int(name))
    }

    /// An amount in INR that must be there.
    pub(super) fn money(self, name: &'static str) -> Result<Decimal, Miss> {
        self.present(name).and_then(Value::as_number).and_then(decimal).ok_or(Miss(name))
    }

    /// An amount in INR, zero when absent.
    pub(super) fn money_or_zero(self, name: &'static str) -> Result<Decimal, Miss> {
        self.present(name).map_or(Ok(Decimal::ZERO), |_| self.money(name))
    }

    /// An object that must be there.
    pub(super) fn row(self, name: &'static str) -> Result<Row<'a>, Miss> {
        self.present(name).and_then(Value::as_object).map(Row).ok_or(Miss(name))
    }

    /// A list of objects that must be there; it may be empty.
    pub(super) fn rows(self, name: &'static str) -> Result<Vec<Row<'a>>, Miss> {
        let list = self.present(name).and_then(Value::as_array).ok_or(Miss(name))?;
        list.iter().map(|item| item.as_object().map(Row).ok_or(Miss(name))).collect()
    }
}

/// A whole number, also when it was printed as `5.0`.
fn whole(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    number.as_i64().or_else(|| {
        let amount = decimal(number)?;
        if amount.fract().is_zero() { i64::try_from(amount).ok() } else { None }
    })
}

/// A number by its text, not by its binary value: `800.1` is exactly 800.1. Exact for 15 significant digits,
/// which is more than an account in INR can hold.
pub(super) fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    if text.contains(['e', 'E']) { Decimal::from_scientific(&text).ok() } else { text.parse().ok() }
}

/// Whether a text can be a token: something, in visible ASCII, fit for a header.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn with<T>(value: &Value, look: impl Fn(Row<'_>) -> T) -> T {
        look(Row::new(value.as_object().unwrap()))
    }

    #[test]
    fn amounts_are_what_was_printed() {
        for text in ["0", "195", "195.0", "800.1", "-0.05", "9999999999999.99", "1e3", "2.5E-2"] {
            let value: Value = serde_json::from_str(&format!("{{\"x\":{text}}}")).unwrap();
            let want = Decimal::from_scientific(text).or_else(|_| text.parse()).unwrap();
            assert_eq!(with(&value, |row| row.money("x")), Ok(want), "{text}");
        }
        assert_eq!(with(&json!({"x": 1e300}), |row| row.money("x")), Err(Miss("x")));
        assert_eq!(with(&json!({"x": "1"}), |row| row.money("x")), Err(Miss("x")));
    }

    #[test]
    fn whole_numbers_may_wear_a_point() {
        assert_eq!(with(&json!({"x": 5.0}), |row| row.int("x")), Ok(5));
        assert_eq!(with(&json!({"x": -5}), |row| row.int("x")), Ok(-5));
        for bad in [json!(5.5), json!("5"), json!(true), json!(u64::MAX), json!([5]), Value::Null] {
            assert_eq!(with(&json!({ "x": bad }), |row| row.int("x")), Err(Miss("x")));
        }
    }

    #[test]
    fn absent_and_null_are_the_same_and_a_wrong_type_is_neither() {
        for absent in [json!({}), json!({"x": null})] {
            assert_eq!(with(&absent, |row| row.text_or_empty("x").map(str::to_owned)), Ok(String::new()));
            assert_eq!(with(&absent, |row| row.int_or_zero("x")), Ok(0));
            assert_eq!(with(&absent, |row| row.money_or_zero("x")), Ok(Decimal::ZERO));
            assert!(with(&absent, |row| row.rows("x").is_err() && row.row("x").is_err()));
        }
        let wrong = json!({"x": {}});
        assert!(with(&wrong, |row| row.text_or_empty("x").is_err() && row.int_or_zero("x").is_err()));
        assert!(with(&wrong, |row| row.money_or_zero("x").is_err() && row.id("x").is_err()));
    }

    proptest! {
        #[test]
        fn two_decimals_never_pick_up_noise(paise in -99_999_999_999_999_i64..99_999_999_999_999) {
            let want = Decimal::new(paise, 2);
            let value: Value = serde_json::from_str(&format!("{{\"x\":{want}}}")).unwrap();
            prop_assert_eq!(with(&value, |row| row.money("x")), Ok(want));
        }
    }
}
