//! What the screen shows: the newest price of every symbol, and the previous day's close. It is memory, not journal: a
//! stream of quotes does not fill the disk. What a caller keeps of it on its own disk comes back as
//! [`PriceOrigin::Last`].

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

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
    seen: FxHashMap<String, Seen>,
}

/// What is known of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    top: PriceUpdate,
    day: Option<Day>,
}

impl Seen {
    fn first(quote: &PriceUpdate) -> Self {
        let mut seen = Self { top: quote.without_empty_levels().into_owned(), day: None };
        seen.note_day(quote, quote.ltp);
        seen
    }

    fn observe(&mut self, quote: &PriceUpdate) {
        let newer = self.top.origin != PriceOrigin::Walk && self.top.at > quote.at;
        if quote.origin == PriceOrigin::Last && newer {
            return;
        }
        self.note_day(quote, self.top.ltp);
        self.top.show(quote);
    }

    fn note_day(&mut self, quote: &PriceUpdate, previous: Decimal) {
        let (date, ltp) = (ist::date(quote.at), quote.ltp);
        let new = Day { date, open: ltp, high: ltp, low: ltp, previous };
        let day = self.day.get_or_insert(new);
        if day.date < date {
            *day = new;
        }
        (day.high, day.low) = (day.high.max(ltp), day.low.min(ltp));
    }

    fn kept(&self) -> KeptPrice {
        let PriceUpdate { symbol, ltp, at, origin, .. } = &self.top;
        let made_up = *origin == PriceOrigin::Walk;
        KeptPrice { symbol: symbol.clone(), last: *ltp, at: *at, made_up, day: self.day }
    }
}

impl Market {
    /// Remembers a price. A real one of before does not cover a newer real one.
    pub fn observe(&mut self, quote: &PriceUpdate) {
        match self.seen.get_mut(&quote.symbol) {
            Some(seen) => seen.observe(quote),
            None => drop(self.seen.insert(quote.symbol.clone(), Seen::first(quote))),
        }
    }

    /// A price from before a restart, with its day. It stands in for what is known from our own trades, and never for
    /// what was seen since.
    pub(crate) fn restore(&mut self, kept: &KeptPrice) {
        let KeptPrice { symbol, last, at, made_up, day } = kept.clone();
        let is_newer = |known: &PriceUpdate| known.origin == PriceOrigin::Live && known.at >= at;
        if self.top(&symbol).is_some_and(is_newer) {
            return;
        }
        let origin = if made_up { PriceOrigin::Walk } else { PriceOrigin::Last };
        let top = PriceUpdate { origin, ..PriceUpdate::last(symbol.clone(), last, at) };
        self.seen.insert(symbol, Seen { top, day });
    }

    /// Every price with its day, as it is kept, by symbol.
    pub(crate) fn kept(&self) -> Vec<KeptPrice> {
        let mut all: Vec<_> = self.seen.values().map(Seen::kept).collect();
        all.sort_unstable_by(|one, other| one.symbol.cmp(&other.symbol));
        all
    }

    /// The price of a symbol with its day, as it is kept.
    pub(crate) fn kept_of(&self, symbol: &str) -> Option<KeptPrice> {
        self.seen.get(symbol).map(Seen::kept)
    }

    /// What bids and offers were shown belongs to its day; the last prices stay.
    pub(crate) fn forget_shown(&mut self) {
        for Seen { top, .. } in self.seen.values_mut() {
            let last = PriceUpdate::last(std::mem::take(&mut top.symbol), top.ltp, top.at);
            *top = PriceUpdate { origin: top.origin, ..last };
        }
    }

    /// Made-up prices are gone, as if they had never been seen.
    pub(crate) fn forget_made_up(&mut self) {
        self.seen.retain(|_, seen| seen.top.origin != PriceOrigin::Walk);
    }

    /// The newest price.
    pub fn top(&self, symbol: &str) -> Option<&PriceUpdate> {
        self.seen.get(symbol).map(|seen| &seen.top)
    }

    /// Last traded price in INR.
    pub fn ltp(&self, symbol: &str) -> Option<Decimal> {
        self.top(symbol).map(|top| top.ltp)
    }

    /// Prices of the symbol's newest day.
    pub fn day(&self, symbol: &str) -> Option<DayPrices> {
        let Day { open, high, low, previous, .. } = self.seen.get(symbol)?.day?;
        Some(DayPrices { open, high, low, previous })
    }

    /// The real price that bands and ticks go by, in INR: the previous close. `None` while no real price is known.
    pub fn reference(&self, symbol: &str) -> Option<Decimal> {
        let real = self.seen.get(symbol).filter(|seen| seen.top.origin != PriceOrigin::Walk)?;
        real.day.map(|day| day.previous)
    }

    /// One of our trades used up part of the quote. After a replay it is also the only price there is.
    pub(crate) fn took(&mut self, terms: Terms<'_>, quantity: i64, price: Decimal, at: DateTime<Utc>) {
        if let Some(seen) = self.seen.get_mut(terms.symbol) {
            seen.top.take(terms.side, quantity);
            return;
        }
        // Any quantity is shown at a last price, so nothing of it is used up.
        let origin = if terms.made_up { PriceOrigin::Walk } else { PriceOrigin::Last };
        self.observe(&PriceUpdate { origin, ..PriceUpdate::last(terms.symbol, price, at) });
    }
}
