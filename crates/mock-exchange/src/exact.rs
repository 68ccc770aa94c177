//! Money as text. The crate's `Decimal` is a JSON number elsewhere, which passes through binary floating
//! point; a journal that is replayed must come back to the last paisa.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// For `#[serde(with = "exact")]`: writes a decimal as a string.
pub(super) fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// For `#[serde(with = "exact")]`: reads a decimal from a string.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    // Not the offending text: a journal is nobody's error message.
    String::deserialize(deserializer)?.parse().map_err(|_| D::Error::custom("not a decimal number"))
}
