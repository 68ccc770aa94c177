//! Candles (section 3.21): a sine wave around the present price, the same for every request.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use serde_json::{Value, json};

use crate::broker::ApiError;
use crate::broker::round2;
use crate::clock::ist;
use crate::http::{Request, Response};
use crate::state::World;

/// IST is UTC and five and a half hours.
const IST_SECONDS: i64 = 19_800;
/// The session, in seconds after midnight IST.
const SESSION: (i64, i64) = (33_300, 55_800);

/// What one bar covers.
#[derive(Clone, Copy)]
enum Bar {
    Day,
    Week,
    Month,
    Seconds(i64),
}

impl Bar {
    fn parse(text: &str) -> Option<Self> {
        const MINUTES: [i64; 12] = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 120, 180];
        match text {
            "D" | "1D" => return Some(Self::Day),
            "1W" => return Some(Self::Week),
            "1M" => return Some(Self::Month),
            "5S" | "10S" | "15S" | "30S" | "45S" => {
                return text.trim_end_matches('S').parse().ok().map(Self::Seconds);
            }
            _ => {}
        }
        let minutes = text.parse().ok().filter(|minutes| MINUTES.contains(minutes) || *minutes == 240)?;
        Some(Self::Seconds(minutes * 60))
    }

    /// The longest range of one request, in calendar days.
    fn most_days(self) -> i64 {
        match self {
            Self::Seconds(seconds) if seconds >= 60 => 100,
            Self::Seconds(_) => 45,
            _ => 366,
        }
    }

    /// The openings of the bars of one day, in seconds after midnight IST; midnight UTC for what spans days.
    fn openings(self, day: NaiveDate) -> Vec<i64> {
        let whole = |wanted: bool| if wanted { vec![IST_SECONDS] } else { vec![] };
        match self {
            Self::Day => whole(true),
            Self::Week => whole(day.weekday() == Weekday::Mon),
            Self::Month => whole(day.day() == 1),
            Self::Seconds(step) => {
                (SESSION.0..SESSION.1).step_by(usize::try_from(step).unwrap_or(60)).collect()
            }
        }
    }
}

/// `GET /data/history`.
pub(super) fn history(world: &World, request: &Request) -> Response {
    let field = |name: &str| request.query(name).unwrap_or_default();
    let Some(price) = world.market.price(field("symbol")) else {
        return ApiError::InvalidSymbol.response();
    };
    let dates = field("date_format");
    let (Some(bar), Some(from), Some(to)) = (
        Bar::parse(field("resolution")),
        moment(dates, field("range_from"), false),
        moment(dates, field("range_to"), true),
    ) else {
        return ApiError::InvalidInput.response();
    };
    if to < from || to - from > TimeDelta::days(bar.most_days()) {
        return ApiError::InvalidInput.response();
    }
    let interest = request.query("oi_flag") == Some("1");
    let candles = candles(bar, price, (from, to.min(world.now())), interest);
    let status = if candles.is_empty() { "no_data" } else { "ok" };
    Response::ok(&json!({"s": status, "candles": candles}))
}

/// The moment that a limit of the range means; a date as the end means its last second in India.
fn moment(date_format: &str, text: &str, end: bool) -> Option<DateTime<Utc>> {
    match date_format {
        "0" => DateTime::from_timestamp(text.parse().ok()?, 0),
        "1" => {
            let day = text.parse::<NaiveDate>().ok()?;
            let second = if end { 86_399 } else { 0 };
            Some(day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(second - IST_SECONDS))
        }
        _ => None,
    }
}

fn candles(bar: Bar, price: f64, (from, to): (DateTime<Utc>, DateTime<Utc>), interest: bool) -> Vec<Value> {
    let (first, last) = (ist(from).date_naive(), ist(to).date_naive());
    let days = first.iter_days().take_while(|day| *day <= last);
    let traded = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    traded
        .flat_map(|day| {
            let midnight = day.and_time(NaiveTime::MIN).and_utc().timestamp() - IST_SECONDS;
            bar.openings(day).into_iter().map(move |second| midnight + second)
        })
        .filter(|opening| (from.timestamp()..=to.timestamp()).contains(opening))
        .map(|opening| candle(opening, price, interest))
        .collect()
}

/// One bar: its time gives its place on the wave.
fn candle(opening: i64, price: f64, interest: bool) -> Value {
    let place = f64::from(i32::try_from(opening / 60 % 10_000).unwrap_or_default()) / 300.0;
    let (open, close) = (price * (1.0 + place.sin() / 100.0), price * (1.0 + (place + 0.2).sin() / 100.0));
    let (high, low) = (open.max(close) * 1.001, open.min(close) * 0.999);
    let volume = 1_000 + opening / 60 % 500;
    let mut row = vec![
        json!(opening),
        json!(round2(open)),
        json!(round2(high)),
        json!(round2(low)),
        json!(round2(close)),
        json!(volume),
    ];
    if interest {
        row.push(json!(0));
    }
    Value::Array(row)
}
