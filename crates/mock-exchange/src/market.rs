//! What the screen shows: the newest price of every symbol, and the previous day's close. It is memory, not journal: a
//! stream of quotes does not fill the disk. What a caller keeps of it on its own disk comes back as
//! [`PriceOrigin::Last`].

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    exact,
    price::{PriceOrigin, PriceUpdate},
};
use fyers_api::{ist, model::Side};

/// The day of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    date: NaiveDate,
    #[serde(with = "exact")]
    open: Decimal,
    #[serde(with = "exact")]
    high: Decimal,
    #[serde(with = "exact")]
    low: Decimal,
    /// Last price of the day before; the day's first price where that is not known.
    #[serde(with = "exact")]
    previous: Decimal,
}

/// First, highest, lowest and previous price of a symbol's day, in INR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayPrices {
    /// First.
    pub open: Decimal,
    /// Highest.
    pub high: Decimal,
    /// Lowest.
    pub low: Decimal,
    /// Close of the day before.
    pub previous: Decimal,
}

/// The newest price of every symbol.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Market {
    tops: BTreeMap<String, PriceUpdate>,
    days: BTreeMap<String, Day>,
}

impl Market {
    /// Remembers a price. A made-up one never covers a real one of the same day or later.
    pub fn observe(&mut self, quote: &PriceUpdate) {
        let known = self.tops.get(&quote.symbol);
        let covered = known.is_some_and(|known| quote.origin == PriceOrigin::Last && known.at > quote.at);
        if covered {
            return;
        }
        self.note_day(quote, known.map(|known| known.ltp));
        self.tops.insert(quote.symbol.clone(), quote.clone());
    }

    /// A price from before a restart, with its day.
    pub(crate) fn restore(&mut self, quote: PriceUpdate, day: Option<Day>) {
        if let Some(day) = day {
            self.days.insert(quote.symbol.clone(), day);
        }
        self.tops.insert(quote.symbol.clone(), quote);
    }

    /// Every price with its day.
    pub(crate) fn with_days(&self) -> impl Iterator<Item = (&PriceUpdate, Option<Day>)> {
        self.tops.values().map(|top| (top, self.days.get(&top.symbol).copied()))
    }

    fn note_day(&mut self, quote: &PriceUpdate, before: Option<Decimal>) {
        let (date, ltp) = (ist::date(quote.at), quote.ltp);
        let previous = before.unwrap_or(ltp);
        let new = Day { date, open: ltp, high: ltp, low: ltp, previous };
        let day = self.days.entry(quote.symbol.clone()).or_insert(new);
        if day.date < date {
            *day = new;
        }
        (day.high, day.low) = (day.high.max(ltp), day.low.min(ltp));
    }

    /// The newest price.
    pub fn top(&self, symbol: &str) -> Option<&PriceUpdate> {
        self.tops.get(symbol)
    }

    /// Last traded price in INR.
    pub fn ltp(&self, symbol: &str) -> Option<Decimal> {
        self.top(symbol).map(|top| top.ltp)
    }

    /// Prices of the symbol's newest day.
    pub fn day(&self, symbol: &str) -> Option<DayPrices> {
        let Day { open, high, low, previous, .. } = *self.days.get(symbol)?;
        Some(DayPrices { open, high, low, previous })
    }

    /// The real price that bands and ticks go by, in INR: the previous close. `None` while no real price is known.
    pub fn reference(&self, symbol: &str) -> Option<Decimal> {
        let real = self.top(symbol).is_some_and(|top| top.origin != PriceOrigin::Walk);
        real.then(|| self.days.get(symbol).map(|day| day.previous)).flatten()
    }

    /// Every price, for a caller that keeps them over a restart.
    pub fn prices(&self) -> impl Iterator<Item = &PriceUpdate> {
        self.tops.values()
    }

    /// One of our trades used up part of the quote. After a replay it is also the only price there is.
    pub(crate) fn took(
        &mut self,
        symbol: &str,
        side: Side,
        quantity: i64,
        price: Decimal,
        at: DateTime<Utc>,
    ) {
        if !self.tops.contains_key(symbol) {
            self.observe(&PriceUpdate { origin: PriceOrigin::Last, ..PriceUpdate::last(symbol, price, at) });
        }
        if let Some(left) = self.tops.get_mut(symbol).and_then(|top| top.left_mut(side).as_mut()) {
            *left = (*left - quantity).max(0);
        }
    }
}
