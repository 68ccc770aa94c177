//! Prices of the exchange as FYERS' data socket has them.

use chrono::{DateTime, Utc};
use fyers_api::{
    hsm::{ABSENT, DEPTH_FIELDS, FeedSnapshot, Topic, TopicKind, index_name, raw, segment_name},
    model::Side,
};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::api::{
    quotes::Quoted,
    values::{short_name, token},
};

/// Prices are told in paise.
const PRECISION: u8 = 2;

/// The token that the exchange has for a symbol: made up, but always the same.
pub fn fy_token(symbol: &str) -> String {
    token(symbol)
}

/// `POST /data/symbol-token`: tokens of those symbols that `is_known`.
pub(crate) fn symbol_tokens(symbols: &[String], is_known: impl Fn(&str) -> bool) -> Value {
    let (known, unknown): (Vec<&String>, Vec<&String>) = symbols.iter().partition(|symbol| is_known(symbol));
    let valid: Map<String, Value> =
        known.into_iter().map(|symbol| (symbol.clone(), json!(token(symbol)))).collect();
    json!({"s": "ok", "code": 200, "message": "", "validSymbol": valid, "invalidSymbol": unknown})
}

/// Everything about a symbol. What the exchange does not know is absent.
pub fn snapshot(quoted: &Quoted, kind: TopicKind) -> FeedSnapshot {
    let symbol = quoted.price.symbol.as_str();
    let token = token(symbol);
    let segment = token.get(..4).and_then(segment_name).unwrap_or_default().to_owned();
    let number = Topic::of_fy_token(kind, &token).map(|topic| topic.token).unwrap_or_default();
    let values = match kind {
        TopicKind::Scrip => scrip(quoted),
        TopicKind::Index => index(quoted),
        TopicKind::Depth => depth(quoted),
    };
    FeedSnapshot {
        topic: 0,
        name: String::new(),
        values,
        multiplier: 1,
        precision: PRECISION,
        exchange: segment,
        token: index_name(symbol).map_or(number, str::to_owned),
        symbol: short_name(symbol).to_owned(),
    }
}

fn paise(price: Decimal) -> i32 {
    raw(price, 1, PRECISION).unwrap_or(ABSENT)
}

fn count(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn seconds(at: DateTime<Utc>) -> i32 {
    count(at.timestamp())
}

fn quantity(known: Option<i64>) -> i32 {
    known.map_or(ABSENT, count)
}

fn scrip(quoted: &Quoted) -> Vec<i32> {
    let Quoted { price, day, volume } = quoted;
    let typical = ((day.high + day.low + price.ltp) / Decimal::from(3)).round_dp(2);
    vec![
        paise(price.ltp),
        count(*volume),
        seconds(price.at),
        seconds(price.at),
        quantity(price.bid_quantity),
        quantity(price.ask_quantity),
        paise(price.touch(Side::Sell)),
        paise(price.touch(Side::Buy)),
        ABSENT,
        quantity(price.bid_quantity),
        quantity(price.ask_quantity),
        paise(typical),
        ABSENT,
        paise(day.low),
        paise(day.high),
        ABSENT,
        ABSENT,
        ABSENT,
        ABSENT,
        paise(day.open),
        paise(day.previous),
    ]
}

fn index(quoted: &Quoted) -> Vec<i32> {
    let Quoted { price, day, .. } = quoted;
    let prices = [day.high, day.low, day.open].map(paise);
    [vec![paise(price.ltp), paise(day.previous), seconds(price.at)], prices.into()].concat()
}

/// The best price of both sides, and no book behind it.
fn depth(quoted: &Quoted) -> Vec<i32> {
    let price = &quoted.price;
    let mut values = vec![0; DEPTH_FIELDS];
    let known = [
        (0, paise(price.touch(Side::Sell))),
        (5, paise(price.touch(Side::Buy))),
        (10, count(price.bid_quantity.unwrap_or(0))),
        (15, count(price.ask_quantity.unwrap_or(0))),
        (20, i32::from(price.bid_quantity.is_some())),
        (25, i32::from(price.ask_quantity.is_some())),
    ];
    known.into_iter().for_each(|(at, value)| values[at] = value);
    values
}
