//! Single values of FYERS' rows: numbers, times, and what a symbol says.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

use crate::symbol::segment_of;
use fyers_api::{codes, ist, model::Exchange};

/// Money leaves as the broker writes it: a JSON number.
pub(crate) fn number(value: Decimal) -> Value {
    json!(value.round_dp(4).to_f64().unwrap_or_default())
}

/// A change in percent of what it was before.
pub(crate) fn percent(change: Decimal, of: Decimal) -> Decimal {
    if of.is_zero() { Decimal::ZERO } else { (change / of * Decimal::ONE_HUNDRED).round_dp(2) }
}

pub(crate) fn moment(at: DateTime<Utc>) -> String {
    ist::ist(at).format("%d-%b-%Y %H:%M:%S").to_string()
}

/// The number of a symbol's exchange; NSE's for a symbol that names none.
pub(crate) fn exchange(symbol: &str) -> i64 {
    codes::exchange_number(Exchange::of_symbol(symbol).unwrap_or(Exchange::Nse))
}

pub(crate) fn segment(symbol: &str) -> i64 {
    codes::segment_number(segment_of(symbol))
}

pub(crate) fn short_name(symbol: &str) -> &str {
    symbol.split_once(':').map_or(symbol, |(_, name)| name)
}

/// FYERS' number of a symbol; made up here, but always the same.
pub(crate) fn token(symbol: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = symbol.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    // Nine digits: real ones are shorter, and thousands of symbols do not meet.
    format!("{}{}000000{}", exchange(symbol), segment(symbol), hash % 900_000_000 + 100_000_000)
}
