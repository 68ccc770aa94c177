//! The option chain of an underlying (section 3.22).

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc, Weekday};
use serde_json::{Value, json};

use crate::broker::ApiError;
use crate::broker::{fy_token, round2};
use crate::clock::ist;
use crate::http::{Request, Response};
use crate::state::World;

/// The most strikes on either side.
const MOST_STRIKES: i32 = 50;

/// `GET /data/options-chain-v3`.
pub(super) fn option_chain(world: &World, request: &Request) -> Response {
    let symbol = request.query("symbol").unwrap_or_default();
    let Some(price) = world.market.price(symbol) else {
        return ApiError::InvalidSymbol.response();
    };
    let count = request.query("strikecount").map_or(Ok(10), str::parse::<i32>);
    let Some(count) = count.ok().filter(|count| (1..=MOST_STRIKES).contains(count)) else {
        return ApiError::InvalidInput.response();
    };
    let expiries = expiries(world.now());
    let asked = request.query("timestamp").unwrap_or_default();
    let Some((expiry, _)) =
        expiries.iter().find(|(day, _)| asked.is_empty() || epoch(*day).to_string() == asked)
    else {
        return ApiError::InvalidInput.response();
    };
    let greeks = request.query("greeks") == Some("1");
    let rows = rows(symbol, price, *expiry, count, greeks);
    let dates: Vec<Value> = expiries
        .iter()
        .map(|(day, flag)| {
            json!({"date": day.format("%d-%m-%Y").to_string(),
        "expiry": epoch(*day).to_string(), "expiry_flag": flag})
        })
        .collect();
    Response::ok(&json!({"code": 200, "data": {"callOi": 1000, "expiryData": dates, "indiavixData": vix(),
        "optionsChain": rows, "putOi": 900}, "message": "", "s": "ok"}))
}

/// The next four Tuesdays; the last of a month is monthly.
fn expiries(now: DateTime<Utc>) -> Vec<(NaiveDate, &'static str)> {
    let today = ist(now).date_naive();
    let tuesdays = today.iter_days().filter(|day| day.weekday() == Weekday::Tue);
    let flag = |day: NaiveDate| if is_monthly(day) { "M" } else { "W" };
    tuesdays.take(4).map(|day| (day, flag(day))).collect()
}

fn is_monthly(day: NaiveDate) -> bool {
    (day + Days::new(7)).month() != day.month()
}

/// How a contract's symbol writes its expiry: `26NOV` for the month's last, `26N17` for others.
fn code(day: NaiveDate) -> String {
    if is_monthly(day) {
        return day.format("%y%b").to_string().to_uppercase();
    }
    let letter = match day.month() {
        10 => "O".to_owned(),
        11 => "N".to_owned(),
        12 => "D".to_owned(),
        month => month.to_string(),
    };
    format!("{}{letter}{:02}", day.format("%y"), day.day())
}

/// Half past three in India.
fn epoch(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::from_hms_opt(10, 0, 0).unwrap_or_default()).and_utc().timestamp()
}

fn vix() -> Value {
    json!({"ask": 0, "bid": 0, "description": "INDIAVIX-INDEX", "ex_symbol": "INDIAVIX", "exchange": "NSE",
        "fyToken": fy_token("NSE:INDIAVIX-INDEX"), "ltp": 12.5, "ltpch": 0, "ltpchp": 0, "option_type": "",
        "strike_price": -1, "symbol": "NSE:INDIAVIX-INDEX"})
}

/// The underlying, then a call and a put for every strike.
fn rows(symbol: &str, price: f64, expiry: NaiveDate, count: i32, greeks: bool) -> Vec<Value> {
    let (exchange, name) = symbol.split_once(':').unwrap_or(("NSE", symbol));
    let name = name.split('-').next().unwrap_or(name);
    let underlying = match name {
        "NIFTY50" => "NIFTY",
        "NIFTYBANK" => "BANKNIFTY",
        other => other,
    };
    let step = if price > 5_000.0 { 50.0 } else { 10.0 };
    let middle = (price / step).round() * step;
    let mut rows =
        vec![json!({"ask": round2(price + 0.1), "bid": price, "description": symbol, "ex_symbol": name,
        "exchange": exchange, "fp": price, "fpch": 0, "fpchp": 0, "fyToken": fy_token(symbol), "ltp": price,
        "ltpch": 0, "ltpchp": 0, "option_type": "", "strike_price": -1, "symbol": symbol})];
    for place in -count..=count {
        let strike = middle + f64::from(place) * step;
        for side in ["CE", "PE"] {
            let inner = if side == "CE" { price - strike } else { strike - price };
            let ltp = round2(inner.max(0.0) + price * 0.01);
            let contract = format!("{exchange}:{underlying}{}{strike}{side}", code(expiry));
            rows.push(option(&contract, side, strike, ltp, greeks));
        }
    }
    rows
}

fn option(contract: &str, side: &str, strike: f64, ltp: f64, greeks: bool) -> Value {
    let mut row = json!({"ask": round2(ltp + 0.05), "bid": ltp, "fyToken": fy_token(contract), "ltp": ltp, "ltpch": 0,
        "ltpchp": 0, "oi": 100, "oich": 0, "oichp": 0, "option_type": side, "prev_oi": 100, "strike_price": strike,
        "symbol": contract, "volume": 10});
    if greeks {
        row["greeks"] = json!({"delta": 0.5, "gamma": 0.01, "theta": -1.2, "vega": 3.4, "iv": 12.5});
    }
    row
}
