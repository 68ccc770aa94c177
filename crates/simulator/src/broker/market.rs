//! The listed symbols and their prices.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// Volume a symbol starts the day with.
const FIRST_VOLUME: i64 = 12_345;

/// To the paisa.
pub(crate) fn round2(amount: f64) -> f64 {
    // Adding zero turns -0.0 into 0.0.
    (amount * 100.0).round() / 100.0 + 0.0
}

/// The trading day of one symbol. Its price before the first change is also open, high, low and previous close.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ticker {
    pub(crate) price: f64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) prev_close: f64,
    pub(crate) volume: i64,
    /// When the price last changed, by the simulated clock; `None` before the first change.
    pub(crate) changed_at: Option<DateTime<Utc>>,
}

impl Ticker {
    fn listed(price: f64) -> Self {
        let (open, high, low, prev_close) = (price, price, price, price);
        Self { price, open, high, low, prev_close, volume: FIRST_VOLUME, changed_at: None }
    }

    fn trade(&mut self, price: f64, now: DateTime<Utc>) {
        self.price = price;
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.volume += 1;
        self.changed_at = Some(now);
    }
}

/// The symbols that exist.
#[derive(Debug)]
pub(crate) struct Market {
    tickers: BTreeMap<String, Ticker>,
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
        let ticker = |(symbol, price): (&str, f64)| (symbol.to_owned(), Ticker::listed(price));
        Self { tickers: listed.into_iter().map(ticker).collect() }
    }

    pub(crate) fn price(&self, symbol: &str) -> Option<f64> {
        self.ticker(symbol).map(|ticker| ticker.price)
    }

    pub(crate) fn ticker(&self, symbol: &str) -> Option<&Ticker> {
        self.tickers.get(symbol)
    }

    /// Every listed symbol, in alphabetical order.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &str> {
        self.tickers.keys().map(String::as_str)
    }

    /// Lists a symbol or moves its price.
    pub(crate) fn set_price(&mut self, symbol: &str, price: f64, now: DateTime<Utc>) {
        match self.tickers.get_mut(symbol) {
            Some(ticker) => ticker.trade(price, now),
            None => drop(self.tickers.insert(symbol.to_owned(), Ticker::listed(price))),
        }
    }

    /// Last prices by symbol.
    pub(crate) fn prices(&self) -> BTreeMap<String, f64> {
        self.tickers.iter().map(|(symbol, ticker)| (symbol.clone(), ticker.price)).collect()
    }
}
