//! The numbers of a topic, in the order of the contract.

use chrono::{DateTime, Utc};

use super::topic::TopicKind;
use crate::broker::Ticker;

/// Half the spread, and the distance between two levels of the book; the REST depth uses the same.
const LEVEL: f64 = 0.1;
/// Orders of one level, in shares.
const LEVEL_SIZE: i32 = 100;

/// All values of a symbol for a kind of topic; prices in paise.
pub(crate) fn values(kind: TopicKind, ticker: &Ticker, now: DateTime<Utc>) -> Vec<i32> {
    match kind {
        TopicKind::Scrip => scrip(ticker, now),
        TopicKind::Index => index(ticker, now),
        TopicKind::Depth => depth(ticker.price),
    }
}

/// A price in units of the snapshot's multiplier and precision: 1 and 2.
fn paise(price: f64) -> i32 {
    // The cast saturates; prices above 21 million rupees do not occur.
    (price * 100.0).round() as i32
}

fn seconds(at: DateTime<Utc>) -> i32 {
    i32::try_from(at.timestamp()).unwrap_or(i32::MAX)
}

fn scrip(ticker: &Ticker, now: DateTime<Utc>) -> Vec<i32> {
    let volume = i32::try_from(ticker.volume).unwrap_or(i32::MAX);
    let (bid, ask) = (ticker.price, ticker.price + LEVEL);
    let traded = ticker.changed_at.unwrap_or(now);
    vec![
        paise(ticker.price),
        volume,
        seconds(traded),
        seconds(now),
        LEVEL_SIZE,
        LEVEL_SIZE,
        paise(bid),
        paise(ask),
        1,
        5 * LEVEL_SIZE,
        5 * LEVEL_SIZE,
        paise(ticker.price),
        0,
        paise(ticker.low),
        paise(ticker.high),
        paise(ticker.prev_close * 1.5),
        paise(ticker.prev_close * 0.5),
        paise(ticker.prev_close * 0.9),
        paise(ticker.prev_close * 1.1),
        paise(ticker.open),
        paise(ticker.prev_close),
    ]
}

fn index(ticker: &Ticker, now: DateTime<Utc>) -> Vec<i32> {
    let prices = [ticker.high, ticker.low, ticker.open].map(paise);
    let mut values = vec![paise(ticker.price), paise(ticker.prev_close), seconds(now)];
    values.extend(prices);
    values
}

fn depth(price: f64) -> Vec<i32> {
    let bids = (0..5).map(|level| paise(price - LEVEL * f64::from(level)));
    let asks = (1..6).map(|level| paise(price + LEVEL * f64::from(level)));
    bids.chain(asks).chain([LEVEL_SIZE; 10]).chain([1; 10]).collect()
}
