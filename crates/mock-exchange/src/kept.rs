//! Candles that FYERS told while it could be asked: closed ones do not change, so they are as good afterwards. Bounded:
//! some series, some thousand candles each; the series that was asked for longest ago makes room.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::history::{self as api, Range, Resolution};
use fyers_api::{ist, operation::parameter};

/// How many series are kept.
pub const MOST_SERIES: usize = 32;
/// How many candles of each.
const MOST_CANDLES: usize = 3_000;
/// Columns of a candle, open interest included.
const COLUMNS: usize = 7;

/// What a series is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SeriesKey {
    symbol: String,
    /// As it was asked for, `1D` as `D`.
    resolution: String,
    continuous: bool,
}

/// The candles of a symbol in one resolution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandleSeries {
    of: SeriesKey,
    /// When FYERS was last asked for it.
    seen: DateTime<Utc>,
    /// What FYERS said after the epoch, by epoch.
    candles: BTreeMap<i64, Vec<f64>>,
}

/// All that are kept, each in a place of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeptCandles {
    series: Vec<CandleSeries>,
}

impl KeptCandles {
    /// Takes in what FYERS answered to a history call; the place of the series that changed, if one did.
    pub fn learn(&mut self, query: &str, answer: &Value, now: DateTime<Utc>) -> Option<usize> {
        let range = api::range(query, now).ok()?;
        let rows = answer["candles"].as_array().filter(|rows| !rows.is_empty())?;
        let closed: Vec<_> = rows.iter().filter_map(|row| closed(row, range.resolution, now)).collect();
        let place = self.place(&key(query, &range), now);
        let series = self.series.get_mut(place)?;
        let before = series.candles.len();
        let mut changed = false;
        for (epoch, values) in closed {
            changed |= series.candles.insert(epoch, values.clone()) != Some(values);
        }
        while series.candles.len() > MOST_CANDLES {
            series.candles.pop_first();
        }
        changed |= series.candles.len() != before;
        series.seen = now;
        changed.then_some(place)
    }

    /// A series from before a restart.
    pub fn restore(&mut self, series: CandleSeries) {
        if self.series.len() < MOST_SERIES {
            self.series.push(series);
        }
    }

    /// The series in a place.
    pub fn series(&self, place: usize) -> Option<&CandleSeries> {
        self.series.get(place)
    }

    /// The answer to a history call by what is kept, which says how old that is.
    pub(crate) fn answer(&self, query: &str, range: &Range) -> Value {
        let key = key(query, range);
        let Some(series) = self.series.iter().find(|series| series.of == key) else {
            return api::none(
                "FYERS cannot be asked, and no candles of this symbol in this resolution were seen before",
            );
        };
        let span = range.from.timestamp()..=range.to.timestamp();
        let width = if range.interest { COLUMNS } else { COLUMNS - 1 };
        let row = |(epoch, values): (&i64, &Vec<f64>)| {
            let values = values.iter().take(width - 1).map(|value| json!(value));
            Value::Array(std::iter::once(json!(epoch)).chain(values).collect())
        };
        let rows: Vec<Value> = series.candles.range(span).map(row).collect();
        let since = ist::ist(series.seen).format("%d %b %H:%M IST");
        if rows.is_empty() {
            return api::none(&format!(
                "No candles of this range were seen before FYERS was last asked, {since}"
            ));
        }
        let words = format!("Candles as FYERS told them until {since}; newer ones are not known");
        json!({"s": "ok", "candles": rows, "message": words})
    }

    /// Where a series is, or is to be from now on.
    fn place(&mut self, key: &SeriesKey, now: DateTime<Utc>) -> usize {
        if let Some(place) = self.series.iter().position(|series| series.of == *key) {
            return place;
        }
        let new = CandleSeries { of: key.clone(), seen: now, candles: BTreeMap::new() };
        if self.series.len() < MOST_SERIES {
            self.series.push(new);
            return self.series.len() - 1;
        }
        let oldest = self.series.iter().enumerate().min_by_key(|(_, series)| series.seen);
        let place = oldest.map_or(0, |(place, _)| place);
        if let Some(series) = self.series.get_mut(place) {
            *series = new;
        }
        place
    }
}

fn key(query: &str, range: &Range) -> SeriesKey {
    let resolution = match range.resolution {
        Resolution::Day => "D".to_owned(),
        _ => parameter(query, "resolution").unwrap_or_default(),
    };
    SeriesKey { symbol: range.symbol.clone(), resolution, continuous: range.continuous }
}

/// A candle of FYERS' that will not change any more, without its epoch.
fn closed(row: &Value, resolution: Resolution, now: DateTime<Utc>) -> Option<(i64, Vec<f64>)> {
    let row = row.as_array()?;
    let epoch = row.first()?.as_i64()?;
    let begun = DateTime::from_timestamp(epoch, 0)?;
    let over = match resolution {
        Resolution::Seconds(seconds) => begun + TimeDelta::seconds(seconds) <= now,
        days => begun < days.epoch(ist::date(now)),
    };
    let values: Option<Vec<f64>> = row.iter().skip(1).take(COLUMNS - 1).map(Value::as_f64).collect();
    Some((epoch, values.filter(|values| over && values.len() >= COLUMNS - 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str =
        "symbol=NSE:SBIN-EQ&resolution=5&date_format=1&range_from=2026-11-23&range_to=2026-11-23&cont_flag=1";

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn told(first: i64, count: i64) -> Value {
        let row = |n: i64| json!([first + n * 300, 800.0 + n as f64, 802.5, 799, 801.1, 1_200]);
        json!({"s": "ok", "candles": (0..count).map(row).collect::<Vec<_>>()})
    }

    fn ask(kept: &KeptCandles, query: &str) -> Value {
        kept.answer(query, &api::range(query, at("2026-11-23T06:00:00Z")).unwrap())
    }

    #[test]
    fn closed_candles_come_back_as_fyers_told_them_and_say_how_old_they_are() {
        let (mut kept, now) = (KeptCandles::default(), at("2026-11-23T04:12:00Z"));
        let first = at("2026-11-23T03:45:00Z").timestamp();
        assert_eq!(kept.learn(QUERY, &told(first, 6), now), Some(0));
        assert_eq!(kept.learn(QUERY, &told(first, 6), now), None, "nothing new needs no disk");
        let mut again = KeptCandles::default();
        let text = serde_json::to_string(kept.series(0).unwrap()).unwrap();
        again.restore(serde_json::from_str(&text).unwrap());
        for kept in [&kept, &again] {
            let body = ask(kept, QUERY);
            let rows = body["candles"].as_array().unwrap();
            assert_eq!(rows.len(), 5, "the sixth was still open: {body}");
            assert_eq!(rows[4], json!([first + 1_200, 804.0, 802.5, 799.0, 801.1, 1_200.0]));
            assert!(body["message"].as_str().unwrap().contains("23 Nov 09:42 IST"), "{body}");
        }
        for other in
            [QUERY.replace("SBIN", "INFY"), QUERY.replace("=5&", "=15&"), QUERY.replace("cont_flag=1", "")]
        {
            let body = ask(&kept, &other);
            assert_eq!((&body["s"], &body["candles"]), (&json!("no_data"), &json!([])));
            assert!(body["message"].as_str().unwrap().contains("FYERS cannot be asked"), "{body}");
        }
    }

    #[test]
    fn room_is_bounded_and_the_series_nobody_asks_for_makes_it() {
        let (mut kept, mut now) = (KeptCandles::default(), at("2026-11-23T04:12:00Z"));
        let first = at("2026-11-23T03:45:00Z").timestamp();
        let of = |n: usize| QUERY.replace("SBIN", &format!("S{n}"));
        for n in 0..MOST_SERIES {
            assert_eq!(kept.learn(&of(n), &told(first, 2), now), Some(n));
            now += TimeDelta::seconds(1);
        }
        kept.learn(&of(0), &told(first, 3), now);
        assert_eq!(kept.learn(&of(99), &told(first, 2), now), Some(1), "the second is the oldest now");
        let many = told(first - 10_000 * 300, 10_000);
        kept.learn(&of(0), &many, now);
        assert_eq!(kept.series(0).unwrap().candles.len(), MOST_CANDLES);
        assert_eq!(kept.learn(QUERY, &json!({"s": "error", "code": -50}), now), None);
        assert_eq!(kept.learn("symbol=x", &told(first, 2), now), None);
    }
}
