//! Prices, and where they come from.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use fyers_api::model::Side;

/// Where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PriceOrigin {
    /// Made up.
    Walk,
    /// Real, from an earlier session or before a restart.
    Last,
    /// Real, seen in this run.
    Live,
}

/// What the market shows of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceUpdate {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Last traded price in INR.
    pub ltp: Decimal,
    /// Best price somebody buys at, in INR; `None`: the last price stands for it.
    pub bid: Option<Decimal>,
    /// Best price somebody sells at, in INR; `None`: the last price stands for it.
    pub ask: Option<Decimal>,
    /// How much can be sold at the bid; `None`: any quantity.
    pub bid_quantity: Option<i64>,
    /// How much can be bought at the ask; `None`: any quantity.
    pub ask_quantity: Option<i64>,
    /// When it was so.
    pub at: DateTime<Utc>,
    /// Where it comes from.
    pub origin: PriceOrigin,
}

impl PriceUpdate {
    /// A real last price alone: both sides trade at it, any quantity.
    pub fn last(symbol: impl Into<String>, ltp: Decimal, at: DateTime<Utc>) -> Self {
        let symbol = symbol.into();
        Self {
            symbol,
            ltp,
            bid: None,
            ask: None,
            bid_quantity: None,
            ask_quantity: None,
            at,
            origin: PriceOrigin::Live,
        }
    }

    /// A made-up price.
    pub fn walk(symbol: impl Into<String>, ltp: Decimal, at: DateTime<Utc>) -> Self {
        Self { origin: PriceOrigin::Walk, ..Self::last(symbol, ltp, at) }
    }

    /// The price at which an order of this side trades at once.
    pub fn touch(&self, side: Side) -> Decimal {
        match side {
            Side::Buy => self.ask.unwrap_or(self.ltp),
            Side::Sell => self.bid.unwrap_or(self.ltp),
        }
    }

    /// How much is left for an order of this side.
    pub(crate) fn left_mut(&mut self, side: Side) -> &mut Option<i64> {
        match side {
            Side::Buy => &mut self.ask_quantity,
            Side::Sell => &mut self.bid_quantity,
        }
    }
}
