//! Market data: a handful of symbols whose prices move only when told.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveTime, Weekday};
use serde_json::{Value, json};

use super::errors::ApiError;
use crate::clock::ist;
use crate::http::{Reply, Request};
use crate::world::World;

/// To the paisa.
pub(crate) fn round2(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// The symbols that exist and their last prices.
#[derive(Debug)]
pub(crate) struct Market {
    prices: BTreeMap<String, f64>,
}

impl Market {
    pub(crate) fn new() -> Self {
        let listed = [
            ("NSE:SBIN-EQ", 801.5),
            ("NSE:RELIANCE-EQ", 1405.0),
            ("NSE:M&M-EQ", 3010.0),
            ("NSE:NIFTY50-INDEX", 26_000.0),
            ("NSE:NIFTY26NOVFUT", 26_050.0),
            ("NSE:NIFTY26NOV26000CE", 210.0),
            ("NSE:NIFTY26NOV26000PE", 190.0),
        ];
        Self { prices: listed.into_iter().map(|(symbol, price)| (symbol.to_owned(), price)).collect() }
    }

    pub(crate) fn price(&self, symbol: &str) -> Option<f64> {
        self.prices.get(symbol).copied()
    }

    /// Lists a symbol or moves its price.
    pub(crate) fn set_price(&mut self, symbol: &str, price: f64) {
        self.prices.insert(symbol.to_owned(), price);
    }

    pub(crate) fn prices(&self) -> &BTreeMap<String, f64> {
        &self.prices
    }
}

/// The exchange's number for a symbol: fixed, and different for different symbols.
pub(super) fn fy_token(symbol: &str) -> String {
    let number = symbol.bytes().fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 90_000);
    format!("1010000000{:05}", number + 1000)
}

/// `GET /data/quotes` (section 3.19).
pub(super) fn quotes(world: &World, request: &Request) -> Reply {
    let symbols = request.query("symbols").unwrap_or_default();
    if symbols.is_empty() {
        return ApiError::InvalidInput.reply();
    }
    quotes_of(world, symbols.split(','))
}

/// `POST /data/quotes`, with the symbols as an array.
pub(super) fn quotes_by_body(world: &World, request: &Request) -> Reply {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    match body["symbols"].as_array() {
        Some(symbols) if !symbols.is_empty() => quotes_of(world, symbols.iter().filter_map(Value::as_str)),
        _ => ApiError::InvalidInput.reply(),
    }
}

fn quotes_of<'a>(world: &World, symbols: impl Iterator<Item = &'a str>) -> Reply {
    let quotes: Vec<Value> = symbols.map(|symbol| quote(world, symbol)).collect();
    if quotes.iter().all(|quote| quote["s"] == "error") {
        return ApiError::InvalidSymbol.reply();
    }
    Reply::ok(&json!({"s": "ok", "code": 200, "d": quotes}))
}

fn quote(world: &World, symbol: &str) -> Value {
    let Some(price) = world.market.price(symbol) else {
        return json!({"n": symbol, "s": "error", "v": {"code": -300, "message": "Invalid symbol provided"}});
    };
    let (exchange, short) = symbol.split_once(':').unwrap_or(("NSE", symbol));
    let midnight = ist(world.now()).date_naive().and_time(NaiveTime::MIN).and_utc().timestamp();
    json!({"n": symbol, "s": "ok", "v": {
        "ch": 0, "chp": 0, "lp": price, "spread": 0.1, "ask": round2(price + 0.1), "bid": price,
        "open_price": price, "high_price": price, "low_price": price, "prev_close_price": price, "atp": price,
        "volume": 12345, "short_name": short, "exchange": exchange, "description": symbol,
        "original_name": symbol, "symbol": symbol, "fyToken": fy_token(symbol), "tt": midnight.to_string(),
    }})
}

/// `GET /data/depth` (section 3.20).
pub(super) fn depth(world: &World, request: &Request) -> Reply {
    let symbol = request.query("symbol").unwrap_or_default();
    let Some(price) = world.market.price(symbol) else {
        return ApiError::InvalidSymbol.reply();
    };
    let level = |step: i32, sign: f64| json!({"price": round2(price + sign * 0.1 * f64::from(step)), "volume": 100, "ord": 1});
    let bids: Vec<Value> = (0..5).map(|step| level(step, -1.0)).collect();
    let ask: Vec<Value> = (1..6).map(|step| level(step, 1.0)).collect();
    let book = json!({
        "totalbuyqty": 500, "totalsellqty": 500, "bids": bids, "ask": ask, "o": price, "h": price, "l": price,
        "c": price, "chp": 0, "tick_Size": 0.1, "ch": 0, "ltq": 1, "ltt": world.now().timestamp(), "ltp": price,
        "v": 12345, "atp": price, "lower_ckt": round2(price * 0.9), "upper_ckt": round2(price * 1.1),
        "expiry": "", "oi": 0, "oiflag": false, "pdoi": 0, "oipercent": 0,
    });
    Reply::ok(&json!({"s": "ok", "d": {symbol: book}, "message": ""}))
}

/// `GET /data/marketStatus` (section 3.18): weekdays 09:15 to 15:30 IST; the simulator keeps no holidays.
pub(super) fn market_status(world: &World) -> Reply {
    let now = ist(world.now());
    let minute = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    let weekday = !matches!(now.weekday(), Weekday::Sat | Weekday::Sun);
    let open = weekday && now.time() >= minute(9, 15) && now.time() < minute(15, 30);
    let status = if open { "OPEN" } else { "CLOSED" };
    let markets: Vec<Value> = [(10, 10), (10, 11), (12, 10)]
        .into_iter()
        .map(|(exchange, segment)| json!({"exchange": exchange, "market_type": "NORMAL", "segment": segment, "status": status}))
        .collect();
    Reply::ok(&json!({"code": 200, "marketStatus": markets, "message": "", "s": "ok"}))
}
