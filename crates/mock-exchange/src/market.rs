//! What the screen shows: the newest price of every symbol, and the previous day's close. It is memory, not journal: a
//! stream of quotes does not fill the disk. What a caller keeps of it on its own disk comes back as
//! [`PriceOrigin::Last`].

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    kept_price::{Day, KeptPrice},
    price::{PriceOrigin, PriceUpdate},
};
use fyers_api::{ist, model::Side};

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
        self.tops.insert(quote.symbol.clone(), quote.clone());
    }

    /// A price from before a restart, with its day.
    pub(crate) fn restore(&mut self, kept: &KeptPrice) {
        let origin = if kept.made_up { PriceOrigin::Walk } else { PriceOrigin::Last };
        self.observe(&PriceUpdate { origin, ..PriceUpdate::last(kept.symbol.clone(), kept.last, kept.at) });
        let is_newest = |day: &Day| self.days.get(&kept.symbol).is_none_or(|known| known.date <= day.date);
        if let Some(day) = kept.day.filter(is_newest) {
            self.days.insert(kept.symbol.clone(), day);
        }
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
        if let Some(top) = self.tops.get_mut(symbol) {
            top.take(side, quantity);
        }
    }
}
