//! Market data: a handful of symbols whose prices change only by a control call.

use chrono::{Datelike, NaiveTime, Weekday};
use serde_json::{Value, json};

use crate::broker::{ApiError, fy_token, round2};
use crate::clock::ist;
use crate::http::{Request, Response};
use crate::state::World;

/// `GET /data/quotes` (section 3.19).
pub(super) fn quotes(world: &World, request: &Request) -> Response {
    let symbols = request.query("symbols").unwrap_or_default();
    if symbols.is_empty() {
        return ApiError::InvalidInput.response();
    }
    quotes_of(world, symbols.split(','))
}

/// `POST /data/quotes`, with the symbols as an array.
pub(super) fn quotes_by_body(world: &World, request: &Request) -> Response {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    match body["symbols"].as_array() {
        Some(symbols) if !symbols.is_empty() => quotes_of(world, symbols.iter().filter_map(Value::as_str)),
        _ => ApiError::InvalidInput.response(),
    }
}

fn quotes_of<'a>(world: &World, symbols: impl Iterator<Item = &'a str>) -> Response {
    let quotes: Vec<Value> = symbols.map(|symbol| quote(world, symbol)).collect();
    if quotes.iter().all(|quote| quote["s"] == "error") {
        return ApiError::InvalidSymbol.response();
    }
    Response::ok(&json!({"s": "ok", "code": 200, "d": quotes}))
}

fn quote(world: &World, symbol: &str) -> Value {
    let Some(ticker) = world.market.ticker(symbol) else {
        return json!({"n": symbol, "s": "error", "v": {"code": -300, "message": "Invalid symbol provided"}});
    };
    let (price, change) = (ticker.price, round2(ticker.price - ticker.prev_close));
    let (exchange, short) = symbol.split_once(':').unwrap_or(("NSE", symbol));
    let midnight = ist(world.now()).date_naive().and_time(NaiveTime::MIN).and_utc().timestamp();
    json!({"n": symbol, "s": "ok", "v": {
        "ch": change, "chp": round2(change / ticker.prev_close * 100.0), "lp": price, "spread": 0.1,
        "ask": round2(price + 0.1), "bid": price,
        "open_price": ticker.open, "high_price": ticker.high, "low_price": ticker.low,
        "prev_close_price": ticker.prev_close, "atp": price,
        "volume": ticker.volume, "short_name": short, "exchange": exchange, "description": symbol,
        "original_name": symbol, "symbol": symbol, "fyToken": fy_token(symbol), "tt": midnight.to_string(),
    }})
}

/// `GET /data/depth` (section 3.20).
pub(super) fn depth(world: &World, request: &Request) -> Response {
    let symbol = request.query("symbol").unwrap_or_default();
    let Some(ticker) = world.market.ticker(symbol) else {
        return ApiError::InvalidSymbol.response();
    };
    let (price, change) = (ticker.price, round2(ticker.price - ticker.prev_close));
    let level = |step: i32, sign: f64| json!({"price": round2(price + sign * 0.1 * f64::from(step)), "volume": 100, "ord": 1});
    let bids: Vec<Value> = (0..5).map(|step| level(step, -1.0)).collect();
    let ask: Vec<Value> = (1..6).map(|step| level(step, 1.0)).collect();
    let book = json!({
        "totalbuyqty": 500, "totalsellqty": 500, "bids": bids, "ask": ask, "o": ticker.open, "h": ticker.high,
        "l": ticker.low, "c": ticker.prev_close, "chp": round2(change / ticker.prev_close * 100.0),
        "tick_Size": 0.1, "ch": change, "ltq": 1, "ltt": world.now().timestamp(), "ltp": price,
        "v": ticker.volume, "atp": price, "lower_ckt": round2(ticker.prev_close * 0.9),
        "upper_ckt": round2(ticker.prev_close * 1.1),
        "expiry": "", "oi": 0, "oiflag": false, "pdoi": 0, "oipercent": 0,
    });
    Response::ok(&json!({"s": "ok", "d": {symbol: book}, "message": ""}))
}

/// `GET /data/marketStatus` (section 3.18): weekdays 09:15 to 15:30 IST; the simulator keeps no holidays.
pub(super) fn market_status(world: &World) -> Response {
    let now = ist(world.now());
    let minute = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    let weekday = !matches!(now.weekday(), Weekday::Sat | Weekday::Sun);
    let open = weekday && now.time() >= minute(9, 15) && now.time() < minute(15, 30);
    let status = if open { "OPEN" } else { "CLOSED" };
    let markets: Vec<Value> = [(10, 10), (10, 11), (12, 10)]
        .into_iter()
        .map(|(exchange, segment)| json!({"exchange": exchange, "market_type": "NORMAL", "segment": segment, "status": status}))
        .collect();
    Response::ok(&json!({"code": 200, "marketStatus": markets, "message": "", "s": "ok"}))
}
