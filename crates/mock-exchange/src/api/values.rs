//! Single values of FYERS' rows: numbers, times, and what a symbol says.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde_json::{Value, json};

use crate::symbol::segment_of;
use fyers_api::ist;

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

pub(crate) fn exchange(symbol: &str) -> u8 {
    match symbol.split(':').next() {
        Some("MCX") => 11,
        Some("BSE") => 12,
        _ => 10,
    }
}

pub(crate) fn segment(symbol: &str) -> u8 {
    segment_of(symbol).code()
}

pub(crate) fn short_name(symbol: &str) -> &str {
    symbol.split_once(':').map_or(symbol, |(_, name)| name)
}

/// FYERS' number of a symbol; made up here, but always the same.
pub(crate) fn token(symbol: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = symbol.bytes().fold(0xcbf2_9ce4_8422_2325, fold);
    format!("{}{}000000{}", exchange(symbol), segment(symbol), hash % 90_000 + 10_000)
}
