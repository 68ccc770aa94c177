//! The listed symbols, their prices and their FYERS tokens.

use std::collections::BTreeMap;

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
pub(crate) fn fy_token(symbol: &str) -> String {
    let number = symbol.bytes().fold(7_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 90_000);
    format!("1010000000{:05}", number + 1000)
}
