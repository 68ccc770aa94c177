//! What the screen shows: the newest price of every symbol. It is memory, not journal: a price that moved
//! nothing is forgotten with the process, so that a stream of quotes does not fill the disk.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::command::PriceUpdate;
use fyers_api::model::Side;

/// The newest price of every symbol.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Market {
    tops: BTreeMap<String, PriceUpdate>,
}

impl Market {
    /// Remembers a price.
    pub fn observe(&mut self, quote: &PriceUpdate) {
        self.tops.insert(quote.symbol.clone(), quote.clone());
    }

    /// All of them.
    pub(super) fn tops(&self) -> impl Iterator<Item = &PriceUpdate> {
        self.tops.values()
    }

    /// The newest price.
    pub fn top(&self, symbol: &str) -> Option<&PriceUpdate> {
        self.tops.get(symbol)
    }

    /// Last traded price in INR.
    pub fn ltp(&self, symbol: &str) -> Option<Decimal> {
        self.top(symbol).map(|top| top.ltp)
    }

    /// One of our trades used up part of the quote. After a replay it is also the only price there is.
    pub(super) fn took(
        &mut self,
        symbol: &str,
        side: Side,
        quantity: i64,
        price: Decimal,
        at: DateTime<Utc>,
    ) {
        let new = || PriceUpdate::last(symbol, price, at);
        let top = self.tops.entry(symbol.to_owned()).or_insert_with(new);
        if let Some(left) = top.left_mut(side) {
            *left = (*left - quantity).max(0);
        }
    }
}
