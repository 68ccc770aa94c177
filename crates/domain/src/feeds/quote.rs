//! The last known values of one item.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use fyers_api::{
    hsm::{ABSENT, FeedSnapshot, SCRIP_FIELDS, TopicKind, price},
    model::{Offer, SeenPrice},
};
use mock_exchange::PriceOrigin;
use rust_decimal::Decimal;

use super::directory::Item;

/// Values as the data socket has them, where they come from and how old they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedQuote {
    /// Of what.
    pub item: Item,
    /// The values; its topic number means nothing here.
    pub snapshot: FeedSnapshot,
    /// Whether FYERS told them in this session.
    pub origin: PriceOrigin,
    /// When they came.
    pub at: DateTime<Utc>,
    texts: Texts,
}

/// What the values are in words, by kind of message: written when the first bot needs it, for all of them. A copy and a
/// changed quote begin without any.
#[derive(Debug, Default)]
struct Texts([OnceLock<Arc<str>>; 3]);

impl Clone for Texts {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Texts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Texts {}

/// A price of FYERS as the MockExchange is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPrice {
    /// The price.
    pub seen: SeenPrice,
    /// When it came.
    pub at: DateTime<Utc>,
}

impl FeedQuote {
    /// These values.
    pub fn new(item: Item, snapshot: FeedSnapshot, origin: PriceOrigin, at: DateTime<Utc>) -> Self {
        Self { item, snapshot, origin, at, texts: Texts::default() }
    }

    /// The values in words of this kind, 0 to 2: those that were written before, or new ones.
    pub(super) fn text(&self, kind: usize, write: impl FnOnce() -> String) -> Arc<str> {
        match self.texts.0.get(kind) {
            Some(text) => Arc::clone(text.get_or_init(|| write().into())),
            None => write().into(),
        }
    }

    /// The values are from somewhere else; from where they were.
    pub fn set_origin(&mut self, origin: PriceOrigin) -> PriceOrigin {
        self.texts = Texts::default();
        std::mem::replace(&mut self.origin, origin)
    }

    /// Whether an update leads from these values to those: their prices mean the same.
    pub(super) fn is_continued_by(&self, next: &Self) -> bool {
        let scale = |quote: &Self| (quote.snapshot.multiplier, quote.snapshot.precision, quote.origin);
        scale(self) == scale(next)
    }

    /// New values from the first on; absent ones stay. True when something changed.
    pub fn update(&mut self, values: &[i32], at: DateTime<Utc>) -> bool {
        let mut is_other = false;
        for (known, new) in self.snapshot.values.iter_mut().zip(values).filter(|(_, new)| **new != ABSENT) {
            is_other |= known != new;
            *known = *new;
        }
        self.at = at;
        self.texts = Texts::default();
        is_other
    }

    /// A value that is a price, in INR.
    pub fn price(&self, field: usize) -> Option<Decimal> {
        price(*self.snapshot.values.get(field)?, self.snapshot.multiplier, self.snapshot.precision)
    }

    /// A value that is a number.
    pub fn number(&self, field: usize) -> Option<i32> {
        self.snapshot.values.get(field).copied().filter(|value| *value != ABSENT)
    }

    /// What the MockExchange learns of it: nothing of depth alone, of a made-up price, or before the symbol is known.
    pub fn observed(&self) -> Option<ObservedPrice> {
        if self.origin == PriceOrigin::Walk || !self.item.has_symbol() {
            return None;
        }
        let last = self.ltp().filter(|ltp| *ltp > Decimal::ZERO)?;
        let (bids, asks) = (self.best("bid_price", "bid_size"), self.best("ask_price", "ask_size"));
        let seen = SeenPrice { symbol: self.item.symbol.to_string(), last, bids, asks };
        Some(ObservedPrice { seen, at: self.at })
    }

    /// The best offer of one side, when there is one.
    fn best(&self, price: &str, size: &str) -> Vec<Offer> {
        if self.item.kind != TopicKind::Scrip {
            return vec![];
        }
        let price = self.price(scrip_field(price)).filter(|price| *price > Decimal::ZERO);
        let quantity = self.number(scrip_field(size)).map(i64::from);
        price.map(|price| Offer { price, quantity }).into_iter().collect()
    }

    /// The last traded price in INR; depth has none.
    pub fn ltp(&self) -> Option<Decimal> {
        if self.item.kind == TopicKind::Depth { None } else { self.price(0) }
    }
}

/// Where a scrip's field is.
pub fn scrip_field(name: &str) -> usize {
    SCRIP_FIELDS.iter().position(|field| *field == name).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(symbol: &str, origin: PriceOrigin) -> FeedQuote {
        let mut values = vec![ABSENT; SCRIP_FIELDS.len()];
        for (field, value) in [("ltp", 80_150), ("bid_price", 80_140), ("bid_size", 7), ("ask_price", 0)] {
            values[scrip_field(field)] = value;
        }
        let snapshot = FeedSnapshot {
            topic: 0,
            name: String::new(),
            values,
            multiplier: 1,
            precision: 2,
            exchange: String::new(),
            token: String::new(),
            symbol: String::new(),
        };
        FeedQuote::new(Item::quote(symbol), snapshot, origin, DateTime::default())
    }

    #[test]
    fn the_exchange_learns_real_prices_with_the_best_offers() {
        let seen = quote("NSE:SBIN-EQ", PriceOrigin::Live).observed().unwrap().seen;
        assert_eq!((seen.symbol.as_str(), seen.last), ("NSE:SBIN-EQ", Decimal::new(80_150, 2)));
        assert_eq!(seen.bids, [Offer { price: Decimal::new(80_140, 2), quantity: Some(7) }]);
        assert_eq!(seen.asks, [], "a price of zero is none");
        assert!(quote("NSE:NIFTY50-INDEX", PriceOrigin::Live).observed().unwrap().seen.bids.is_empty());
        assert_eq!(quote("NSE:SBIN-EQ", PriceOrigin::Walk).observed(), None);
        assert_eq!(quote("nse_cm|3045", PriceOrigin::Live).observed(), None);
        let depth = FeedQuote { item: Item::depth("NSE:SBIN-EQ").unwrap(), ..quote("", PriceOrigin::Live) };
        assert_eq!(depth.observed(), None);
    }

    #[test]
    fn a_text_is_written_once_for_the_same_values_and_never_for_others() {
        let mut quote = quote("NSE:SBIN-EQ", PriceOrigin::Live);
        let text = |quote: &FeedQuote, words: &str| quote.text(1, || words.to_owned()).to_string();
        assert_eq!(["a", "b"].map(|words| text(&quote, words)), ["a", "a"]);
        assert_eq!(text(&quote.clone(), "copy"), "copy");
        quote.update(&[80_160], DateTime::default());
        assert_eq!(text(&quote, "c"), "c");
        quote.set_origin(PriceOrigin::Last);
        assert_eq!(text(&quote, "d"), "d");
    }
}
