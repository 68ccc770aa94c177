//! What the screen shows: the newest price of every symbol, and the previous day's close. It is memory, not journal: a
//! stream of quotes does not fill the disk. What a caller keeps of it on its own disk comes back as
//! [`PriceOrigin::Last`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    kept_price::{Day, KeptPrice},
    order_rows::Terms,
    price::{PriceOrigin, PriceUpdate},
};
use fyers_api::ist;

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
    /// Remembers a price. A real one of before does not cover a newer real one.
    pub fn observe(&mut self, quote: &PriceUpdate) {
        let known = self.tops.get(&quote.symbol);
        let newer = |known: &PriceUpdate| known.origin != PriceOrigin::Walk && known.at > quote.at;
        let covered = quote.origin == PriceOrigin::Last && known.is_some_and(newer);
        if covered {
            return;
        }
        self.note_day(quote, known.map(|known| known.ltp));
        self.tops.insert(quote.symbol.clone(), quote.without_empty_levels());
    }

    /// A price from before a restart, with its day. It stands in for what is known from our own trades, and never for
    /// what was seen since.
    pub(crate) fn restore(&mut self, kept: &KeptPrice) {
        let KeptPrice { symbol, last, at, made_up, day } = kept.clone();
        let is_newer = |known: &PriceUpdate| known.origin == PriceOrigin::Live && known.at >= at;
        if self.tops.get(&symbol).is_some_and(is_newer) {
            return;
        }
        let origin = if made_up { PriceOrigin::Walk } else { PriceOrigin::Last };
        match day {
            Some(day) => drop(self.days.insert(symbol.clone(), day)),
            None => drop(self.days.remove(&symbol)),
        }
        self.tops.insert(symbol.clone(), PriceUpdate { origin, ..PriceUpdate::last(symbol, last, at) });
    }

    /// Every price with its day, as it is kept.
    pub(crate) fn kept(&self) -> impl Iterator<Item = KeptPrice> {
        self.tops.keys().filter_map(|symbol| self.kept_of(symbol))
    }

    /// The price of a symbol with its day, as it is kept.
    pub(crate) fn kept_of(&self, symbol: &str) -> Option<KeptPrice> {
        let PriceUpdate { symbol, ltp, at, origin, .. } = self.tops.get(symbol)?;
        let (made_up, day) = (*origin == PriceOrigin::Walk, self.days.get(symbol).copied());
        Some(KeptPrice { symbol: symbol.clone(), last: *ltp, at: *at, made_up, day })
    }

    /// What bids and offers were shown belongs to its day; the last prices stay.
    pub(crate) fn forget_shown(&mut self) {
        for top in self.tops.values_mut() {
            let last = PriceUpdate::last(std::mem::take(&mut top.symbol), top.ltp, top.at);
            *top = PriceUpdate { origin: top.origin, ..last };
        }
    }

    /// Made-up prices are gone, as if they had never been seen.
    pub(crate) fn forget_made_up(&mut self) {
        self.tops.retain(|_, top| top.origin != PriceOrigin::Walk);
        self.days.retain(|symbol, _| self.tops.contains_key(symbol));
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

    /// One of our trades used up part of the quote. After a replay it is also the only price there is.
    pub(crate) fn took(&mut self, terms: Terms<'_>, quantity: i64, price: Decimal, at: DateTime<Utc>) {
        let symbol = terms.symbol;
        if !self.tops.contains_key(symbol) {
            let origin = if terms.made_up { PriceOrigin::Walk } else { PriceOrigin::Last };
            self.observe(&PriceUpdate { origin, ..PriceUpdate::last(symbol, price, at) });
        }
        if let Some(top) = self.tops.get_mut(symbol) {
            top.take(terms.side, quantity);
        }
    }
}
