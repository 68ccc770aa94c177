//! The form that adds a key: what was entered, and what is asked for by it.

use keeper_domain::{mode::Mode, money::written};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::keys::KeyWish;

/// The form as a browser sends it: a field that is left empty is an empty text.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::http) struct Wanted {
    pub(super) token: String,
    pub(super) name: String,
    pub(super) mode: Mode,
    #[serde(default)]
    pub(super) read_only: Option<String>,
    #[serde(default)]
    pub(super) max_order_value: String,
    #[serde(default)]
    pub(super) max_orders_per_day: String,
    #[serde(default)]
    pub(super) max_loss: String,
}

/// An empty form. The mode is the one of `key add` without `--mode`.
impl Default for Wanted {
    fn default() -> Self {
        let empty = String::new;
        Self {
            token: empty(),
            name: empty(),
            mode: Mode::Live,
            read_only: None,
            max_order_value: empty(),
            max_orders_per_day: empty(),
            max_loss: empty(),
        }
    }
}

impl Wanted {
    /// What is asked for.
    ///
    /// # Errors
    /// A number is none, in words.
    pub(super) fn wish(&self) -> Result<KeyWish, String> {
        Ok(KeyWish {
            name: self.name.trim().to_owned(),
            mode: Some(self.mode),
            read_only: self.read_only.is_some(),
            max_order_value: amount(&self.max_order_value, "the largest order")?,
            max_orders_per_day: orders(&self.max_orders_per_day)?,
            max_loss: amount(&self.max_loss, "the largest loss")?,
        })
    }
}

fn amount(text: &str, what: &str) -> Result<Option<Decimal>, String> {
    let filled = Some(text.trim()).filter(|text| !text.is_empty());
    let told = |why| format!("{what} is {why}; leave it empty for no limit");
    filled.map(|text| written(text).map_err(told)).transpose()
}

fn orders(text: &str) -> Result<Option<u32>, String> {
    let plain = text.trim().replace(',', "");
    let filled = Some(plain).filter(|text| !text.is_empty());
    let told = |_| "the orders a day are no whole number; leave them empty for no limit".to_owned();
    filled.map(|text| text.parse().map_err(told)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them_and_an_empty_field_is_no_limit() {
        let form = Wanted {
            name: " scalper ".into(),
            max_order_value: "₹1,00,000".into(),
            max_orders_per_day: "1,000".into(),
            ..Wanted::default()
        };
        let wish = form.wish().unwrap();
        assert_eq!((wish.name.as_str(), wish.max_order_value), ("scalper", Some(Decimal::from(100_000))));
        assert_eq!((wish.max_orders_per_day, wish.max_loss), (Some(1_000), None));
        let wrong = Wanted { max_loss: "ten".into(), ..form };
        assert!(wrong.wish().unwrap_err().starts_with("the largest loss is no amount"));
    }
}
