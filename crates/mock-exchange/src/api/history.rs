//! Candles as FYERS has them (docs/fyers-api.md, "History").

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{api::values::number, walk::Candle};
use fyers_api::{error::ApiError, ist, operation::parameter};

/// The most candles of one answer.
pub const MOST: usize = 20_000;
const DAY: i64 = 86_400;

/// What a history call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Seconds of a candle.
    pub seconds: i64,
    /// First instant.
    pub from: DateTime<Utc>,
    /// Last instant.
    pub to: DateTime<Utc>,
}

/// Reads the query of a history call.
///
/// # Errors
/// -300 without a symbol; -50 for a resolution or a date that makes no sense, or a range longer than FYERS allows (100
/// days, 366 for days).
pub fn range(query: &str, now: DateTime<Utc>) -> Result<Range, ApiError> {
    let ask = |name: &str| parameter(query, name).unwrap_or_default();
    let symbol = ask("symbol");
    if symbol.is_empty() {
        return Err(ApiError::new(-300, "Invalid symbol provided"));
    }
    let seconds = seconds(&ask("resolution")).ok_or_else(ApiError::invalid_input)?;
    let dates = ask("date_format") == "1";
    let (from, to) = (ask("range_from"), ask("range_to"));
    let from = instant(&from, dates, false).ok_or_else(ApiError::invalid_input)?;
    let to = if to.is_empty() { Some(now) } else { instant(&to, dates, true) }
        .ok_or_else(ApiError::invalid_input)?;
    let longest = if seconds >= DAY { 366 } else { 100 };
    if from > to || to - from > TimeDelta::days(longest + 1) {
        return Err(ApiError::invalid_input());
    }
    Ok(Range { symbol, seconds, from, to })
}

fn seconds(resolution: &str) -> Option<i64> {
    match resolution {
        "D" | "1D" => Some(DAY),
        "5S" | "10S" | "15S" | "30S" | "45S" => resolution.trim_end_matches('S').parse().ok(),
        "1" | "2" | "3" | "5" | "10" | "15" | "20" | "30" | "45" | "60" | "120" | "180" | "240" => {
            resolution.parse::<i64>().ok().map(|minutes| minutes * 60)
        }
        _ => None,
    }
}

fn instant(text: &str, dates: bool, end: bool) -> Option<DateTime<Utc>> {
    if !dates {
        return DateTime::from_timestamp(text.parse().ok()?, 0);
    }
    let midnight = ist::instant(text.parse::<NaiveDate>().ok()?, ist::at(0, 0));
    Some(if end { midnight + TimeDelta::seconds(DAY - 1) } else { midnight })
}

/// The answer with these candles.
pub fn candles(candles: &[Candle]) -> Value {
    let row = |candle: &Candle| {
        json!([
            candle.at.timestamp(),
            number(candle.open),
            number(candle.high),
            number(candle.low),
            number(candle.close),
            candle.volume
        ])
    };
    let s = if candles.is_empty() { "no_data" } else { "ok" };
    json!({"s": s, "candles": candles.iter().map(row).collect::<Vec<_>>(), "message": ""})
}

/// The answer when no candle is known and none is made up.
pub fn none() -> Value {
    json!({"s": "no_data", "candles": [], "message": "No candles are known without FYERS"})
}
