//! Candles as FYERS has them (docs/fyers-api.md, "History").

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{api::values::number, walk::Candle};
use fyers_api::{error::ApiError, ist, operation::parameter};

/// The most candles of one answer: 100 days of minutes are some 26,000.
pub const MOST: usize = 40_000;
const DAY: i64 = 86_400;

/// What one candle covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// So many seconds of a session.
    Seconds(i64),
    /// A day.
    Day,
    /// From Monday on.
    Week,
    /// From the first on.
    Month,
}

impl Resolution {
    fn read(text: &str) -> Option<Self> {
        match text {
            "D" | "1D" => Some(Self::Day),
            "1W" => Some(Self::Week),
            "1M" => Some(Self::Month),
            "5S" | "10S" | "15S" | "30S" | "45S" => {
                text.trim_end_matches('S').parse().ok().map(Self::Seconds)
            }
            "1" | "2" | "3" | "5" | "10" | "15" | "20" | "30" | "45" | "60" | "120" | "180" | "240" => {
                text.parse::<i64>().ok().map(|minutes| Self::Seconds(minutes * 60))
            }
            _ => None,
        }
    }

    /// The longest range of one call, in days.
    fn most_days(self) -> i64 {
        if matches!(self, Self::Seconds(_)) { 100 } else { 366 }
    }

    /// The epoch of the candle in which a day lies: FYERS dates what covers days at midnight UTC.
    pub fn epoch(self, date: NaiveDate) -> DateTime<Utc> {
        let first = match self {
            Self::Seconds(_) | Self::Day => date,
            Self::Week => date - Days::new(u64::from(date.weekday().num_days_from_monday())),
            Self::Month => date.with_day(1).unwrap_or(date),
        };
        first.and_time(NaiveTime::MIN).and_utc()
    }
}

/// What a history call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// What a candle covers.
    pub resolution: Resolution,
    /// First instant.
    pub from: DateTime<Utc>,
    /// Last instant.
    pub to: DateTime<Utc>,
    /// Whether a future's candles go on before it was the nearest one (`cont_flag`).
    pub continuous: bool,
    /// Whether open interest is wanted (`oi_flag`).
    pub interest: bool,
}

/// Reads the query of a history call.
///
/// # Errors
/// -300 without a symbol; -50 for a resolution or a date that makes no sense, or a range longer than FYERS allows (100
/// days, 366 for days).
pub fn range(query: &str, now: DateTime<Utc>) -> Result<Range, ApiError> {
    let value = |name: &str| parameter(query, name).unwrap_or_default();
    let flag = |name: &str| matches!(value(name).as_str(), "1" | "true" | "True");
    let symbol = value("symbol");
    if symbol.is_empty() {
        return Err(ApiError::new(-300, "Invalid symbol provided"));
    }
    let resolution = Resolution::read(&value("resolution")).ok_or_else(ApiError::invalid_input)?;
    let dates = value("date_format") == "1";
    let (from, to) = (value("range_from"), value("range_to"));
    let from = instant(&from, dates, false).ok_or_else(ApiError::invalid_input)?;
    let to = if to.is_empty() { Some(now) } else { instant(&to, dates, true) }
        .ok_or_else(ApiError::invalid_input)?;
    if from > to || to - from > TimeDelta::days(resolution.most_days() + 1) {
        return Err(ApiError::invalid_input());
    }
    let (continuous, interest) = (flag("cont_flag"), flag("oi_flag"));
    Ok(Range { symbol, resolution, from, to, continuous, interest })
}

fn instant(text: &str, dates: bool, end: bool) -> Option<DateTime<Utc>> {
    if !dates {
        return DateTime::from_timestamp(text.parse().ok()?, 0);
    }
    let midnight = ist::instant(text.parse::<NaiveDate>().ok()?, ist::at(0, 0));
    Some(if end { midnight + TimeDelta::seconds(DAY - 1) } else { midnight })
}

/// The answer with these candles, and their open interest when that is wanted.
pub fn candles(candles: &[(Candle, Option<i64>)]) -> Value {
    let row = |(candle, interest): &(Candle, Option<i64>)| {
        let mut row = vec![
            json!(candle.at.timestamp()),
            number(candle.open),
            number(candle.high),
            number(candle.low),
            number(candle.close),
            json!(candle.volume),
        ];
        row.extend(interest.map(|interest| json!(interest)));
        Value::Array(row)
    };
    if candles.is_empty() {
        return none("Nothing was traded in this range");
    }
    json!({"s": "ok", "candles": candles.iter().map(row).collect::<Vec<_>>(), "message": ""})
}

/// The answer without candles, which says why.
pub fn none(why: &str) -> Value {
    json!({"s": "no_data", "candles": [], "message": why})
}
