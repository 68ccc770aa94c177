//! Quotes and depth as FYERS has them (docs/fyers-api.md, "Quotes").

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::{
    api::values::{number, percent, short_name, token},
    book::Book,
    market::DayPrices,
    price::{PriceOrigin, PriceUpdate},
    risk,
};
use fyers_api::{ist, model::Side};

/// A price with everything that is known around it.
#[derive(Debug, Clone)]
pub struct Quoted {
    /// The price.
    pub price: PriceUpdate,
    /// Its day.
    pub day: DayPrices,
    /// Shares traded today.
    pub volume: i64,
}

/// An element of the answer for a name of which there is no price.
pub fn unknown(name: &str, why: &str) -> Value {
    json!({"n": name, "s": "error", "v": {"code": -300, "message": why, "errmsg": why}, "simulated": true})
}

fn origin(price: &PriceUpdate) -> &'static str {
    match price.origin {
        PriceOrigin::Live => "live",
        PriceOrigin::Last => "last",
        PriceOrigin::Walk => "walk",
    }
}

/// An element of `GET /data/quotes`. `origin` and `as_of` say where the price comes from and when it was so.
pub fn quote(quoted: &Quoted) -> Value {
    let Quoted { price, day, volume } = quoted;
    let change = price.ltp - day.previous;
    let (bid, ask) = (price.touch(Side::Sell), price.touch(Side::Buy));
    let typical = ((day.high + day.low + price.ltp) / Decimal::from(3)).round_dp(2);
    let midnight = ist::instant(ist::date(price.at), ist::at(0, 0)).timestamp().to_string();
    let (symbol, short) = (&price.symbol, short_name(&price.symbol));
    let v = json!({"ch": number(change), "chp": number(percent(change, day.previous)), "lp": number(price.ltp),
        "spread": number(ask - bid), "ask": number(ask), "bid": number(bid), "open_price": number(day.open),
        "high_price": number(day.high), "low_price": number(day.low), "prev_close_price": number(day.previous),
        "atp": number(typical), "volume": volume, "short_name": short,
        "exchange": symbol.split(':').next(), "description": symbol, "original_name": symbol, "symbol": symbol,
        "fyToken": token(symbol), "tt": midnight});
    json!({"n": symbol, "s": "ok", "v": v, "simulated": true, "origin": origin(price),
        "as_of": price.at.to_rfc3339()})
}

/// `GET /data/quotes`: one element for each name asked.
pub fn quotes(elements: &[Value]) -> Value {
    json!({"s": "ok", "code": 200, "message": "", "d": elements})
}

/// `GET /data/depth`: what is known of the best prices, and no book behind them.
pub fn depth(book: &Book, quoted: &Quoted) -> Value {
    let Quoted { price, day, volume } = quoted;
    let instrument = book.known(&price.symbol, Some(price.ltp)).ok();
    let tick = instrument.as_ref().map_or(Decimal::ZERO, |one| one.tick);
    let (lower, upper) =
        instrument.and_then(|one| risk::band(book, &one)).unwrap_or_else(|| around(day.previous));
    let level = |price: Decimal, quantity: Option<i64>| json!({"price": number(price), "volume": quantity.unwrap_or(0), "ord": i32::from(quantity.is_some())});
    let side = |touch: Decimal, quantity: Option<i64>| {
        let first = level(touch, quantity);
        let none = json!({"price": 0, "volume": 0, "ord": 0});
        json!([first, none, none, none, none])
    };
    let change = price.ltp - day.previous;
    let row = json!({"totalbuyqty": price.bid_quantity.unwrap_or(0), "totalsellqty": price.ask_quantity.unwrap_or(0),
        "bids": side(price.touch(Side::Sell), price.bid_quantity), "ask": side(price.touch(Side::Buy), price.ask_quantity),
        "o": number(day.open), "h": number(day.high), "l": number(day.low), "c": number(day.previous),
        "chp": number(percent(change, day.previous)), "tick_Size": number(tick), "ch": number(change), "ltq": 0,
        "ltt": price.at.timestamp(), "ltp": number(price.ltp), "v": volume, "atp": number(price.ltp),
        "lower_ckt": number(lower), "upper_ckt": number(upper), "expiry": "", "oi": 0, "oiflag": false, "pdoi": 0,
        "oipercent": 0});
    let mut body = json!({"s": "ok", "d": {}, "message": ""});
    body["d"][&price.symbol] = row;
    body["origin"] = json!(origin(price));
    body
}

/// A fifth around a price, for what has no band of its own.
fn around(price: Decimal) -> (Decimal, Decimal) {
    (price * Decimal::new(8, 1), price * Decimal::new(12, 1))
}
