//! T19: candles of every resolution without FYERS.

use serde_json::json;

use super::api::*;
use super::*;
use crate::exchange::Prices;

fn history(floor: &mut Floor, symbol: &str, resolution: &str, range: (&str, &str), more: &str) -> Value {
    let (from, to) = range;
    let query = format!(
        "symbol={symbol}&resolution={resolution}&date_format=1&range_from={from}&range_to={to}{more}"
    );
    floor.get("/history", &query)
}

fn rows(body: &Value) -> Vec<Vec<f64>> {
    assert_eq!(body["s"], "ok", "{body}");
    serde_json::from_value(body["candles"].clone()).unwrap()
}

fn walking() -> Floor {
    let mut floor = Floor::open();
    floor.prices = Prices::Walk;
    floor
}

/// Epochs and volumes are whole, prices are compared as they are.
fn merged(rows: &[Vec<f64>]) -> [f64; 5] {
    let of = |column: usize| rows.iter().map(move |row| row[column]);
    [
        rows[0][1],
        of(2).fold(f64::MIN, f64::max),
        of(3).fold(f64::MAX, f64::min),
        rows[rows.len() - 1][4],
        of(5).sum(),
    ]
}

#[test]
fn longer_candles_are_made_of_shorter_ones() {
    let mut floor = walking();
    let week = ("2026-11-16", "2026-11-20");
    for symbol in
        [SBIN, "NSE:NIFTY50-INDEX", "NSE:NIFTY26DECFUT", "NSE:NIFTY26DEC26000CE", "MCX:GOLD26DECFUT"]
    {
        let mut of = |resolution: &str| rows(&history(&mut floor, symbol, resolution, week, ""));
        let whole = of("1W");
        assert_eq!(whole.len(), 1, "{symbol}");
        for (resolution, count) in
            [("1D", 5), ("D", 5), ("240", 0), ("45", 0), ("15", 0), ("1", 0), ("30S", 0)]
        {
            let candles = of(resolution);
            assert_eq!(merged(&candles), merged(&whole), "{symbol} {resolution}");
            assert!(count == 0 || candles.len() == count, "{symbol} {resolution} {}", candles.len());
            assert!(candles.windows(2).all(|pair| pair[0][0] < pair[1][0]), "in order, none twice");
        }
    }
    let november = rows(&history(&mut floor, SBIN, "1M", ("2026-10-01", "2026-11-25"), ""));
    let epochs: Vec<_> = november.iter().map(|row| row[0]).collect();
    assert_eq!(epochs, [1_790_812_800.0, 1_793_491_200.0], "midnight UTC of the first");
}

#[test]
fn dates_and_epochs_open_interest_and_continuous_futures() {
    let mut floor = walking();
    let day = ("2026-11-20", "2026-11-20");
    let by_date = history(&mut floor, SBIN, "5", day, "");
    let query = "symbol=NSE:SBIN-EQ&resolution=5&date_format=0&range_from=1795113000&range_to=1795199399";
    assert_eq!(floor.get("/history", query)["candles"], by_date["candles"]);
    let future = "NSE:NIFTY26DECFUT";
    let with_interest = rows(&history(&mut floor, future, "D", day, "&oi_flag=1"));
    assert_eq!(with_interest[0].len(), 7);
    assert!(with_interest[0][6] > 0.0);
    assert_eq!(rows(&history(&mut floor, SBIN, "D", day, "&oi_flag=1"))[0][6], 0.0, "a share has none");
    let continuous = rows(&history(&mut floor, future, "D", day, "&cont_flag=1"));
    let november = rows(&history(&mut floor, "NSE:NIFTY26NOVFUT", "D", day, ""));
    assert_eq!(continuous, november, "that day November was the nearest");
    assert_ne!(continuous[0][4], with_interest[0][4]);
}

#[test]
fn an_empty_answer_says_why_and_a_long_one_is_whole_or_refused() {
    let mut floor = walking();
    let holiday = history(&mut floor, SBIN, "5", ("2026-11-24", "2026-11-24"), "");
    assert_eq!((&holiday["s"], &holiday["candles"]), (&json!("no_data"), &json!([])));
    assert!(holiday["message"].as_str().unwrap().contains("Nothing was traded"), "{holiday}");
    let minutes = rows(&history(&mut floor, SBIN, "1", ("2026-08-17", "2026-11-25"), ""));
    assert!(minutes.len() > 20_000, "100 days of minutes are not cut: {}", minutes.len());
    let refused = history(&mut floor, SBIN, "5S", ("2026-08-17", "2026-11-25"), "");
    assert_eq!(refused["code"], -50);
    assert!(refused["message"].as_str().unwrap().contains("more than 40000 candles"), "{refused}");
    for (resolution, from) in
        [("1", "2026-08-01"), ("D", "2025-11-01"), ("7", "2026-11-25"), ("1S", "2026-11-25")]
    {
        let refused = history(&mut floor, SBIN, resolution, (from, "2026-11-25"), "");
        assert_eq!(refused["code"], -50, "{resolution} {from}");
    }
    floor.prices = Prices::Last;
    let still = history(&mut floor, SBIN, "5", ("2026-11-23", "2026-11-25"), "");
    assert!(still["message"].as_str().unwrap().contains("FYERS cannot be asked"), "{still}");
}
