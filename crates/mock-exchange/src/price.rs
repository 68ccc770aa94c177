//! Prices, and where they come from.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use fyers_api::model::{Offer, SeenPrice, Side};

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
    /// What else buyers show, the best first: prices below the bid.
    pub more_bids: Vec<Level>,
    /// What else sellers show, the best first: prices above the ask.
    pub more_asks: Vec<Level>,
    /// When it was so.
    pub at: DateTime<Utc>,
    /// Where it comes from.
    pub origin: PriceOrigin,
}

/// A price of the order book behind the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// INR.
    pub price: Decimal,
    /// Shown there.
    pub quantity: i64,
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
            more_bids: vec![],
            more_asks: vec![],
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

    /// What FYERS showed at this moment.
    pub fn seen(seen: SeenPrice, at: DateTime<Utc>) -> Self {
        let behind = |offers: &[Offer]| {
            let level = |offer: &Offer| Some(Level { price: offer.price, quantity: offer.quantity? });
            offers.iter().skip(1).filter_map(level).collect()
        };
        let SeenPrice { symbol, last, bids, asks } = seen;
        let (bid, ask) = (bids.first(), asks.first());
        Self {
            bid: bid.map(|offer| offer.price),
            ask: ask.map(|offer| offer.price),
            bid_quantity: bid.and_then(|offer| offer.quantity),
            ask_quantity: ask.and_then(|offer| offer.quantity),
            more_bids: behind(&bids),
            more_asks: behind(&asks),
            ..Self::last(symbol, last, at)
        }
    }

    /// Whether nothing but the last price is known on the side where such an order trades.
    pub fn is_last_only(&self, side: Side) -> bool {
        match side {
            Side::Buy => self.ask.is_none(),
            Side::Sell => self.bid.is_none(),
        }
    }

    /// The same without best prices at which nothing is shown, where something is shown behind them.
    pub(crate) fn without_empty_levels(&self) -> Cow<'_, Self> {
        if self.bid_quantity != Some(0) && self.ask_quantity != Some(0) {
            return Cow::Borrowed(self);
        }
        let mut shown = self.clone();
        shown.drop_empty_levels();
        Cow::Owned(shown)
    }

    fn drop_empty_levels(&mut self) {
        for side in [Side::Buy, Side::Sell] {
            while *self.left_mut(side) == Some(0) && self.advance(side) {}
        }
    }

    /// Shows what another price of the symbol does, in the room that there is.
    pub(crate) fn show(&mut self, other: &Self) {
        let Self { ltp, bid, ask, bid_quantity, ask_quantity, at, origin, .. } = *other;
        (self.ltp, self.bid, self.ask, self.at, self.origin) = (ltp, bid, ask, at, origin);
        (self.bid_quantity, self.ask_quantity) = (bid_quantity, ask_quantity);
        self.more_bids.clone_from(&other.more_bids);
        self.more_asks.clone_from(&other.more_asks);
        self.drop_empty_levels();
    }

    /// An order of this side used this much of what is shown; what is behind comes forward when nothing is left.
    pub(crate) fn take(&mut self, side: Side, quantity: i64) {
        let Some(left) = self.left_mut(side) else { return };
        *left = (*left - quantity).max(0);
        if *left == 0 {
            self.advance(side);
        }
    }

    /// The next price of the order book is the best one now; whether there was one.
    fn advance(&mut self, side: Side) -> bool {
        let (behind, price, quantity) = match side {
            Side::Buy => (&mut self.more_asks, &mut self.ask, &mut self.ask_quantity),
            Side::Sell => (&mut self.more_bids, &mut self.bid, &mut self.bid_quantity),
        };
        if behind.is_empty() {
            return false;
        }
        let next = behind.remove(0);
        (*price, *quantity) = (Some(next.price), Some(next.quantity));
        true
    }

    /// How much is left for an order of this side; `None`: any quantity.
    pub(crate) fn left(&self, side: Side) -> Option<i64> {
        match side {
            Side::Buy => self.ask_quantity,
            Side::Sell => self.bid_quantity,
        }
    }

    /// The same, to be changed.
    pub(crate) fn left_mut(&mut self, side: Side) -> &mut Option<i64> {
        match side {
            Side::Buy => &mut self.ask_quantity,
            Side::Sell => &mut self.bid_quantity,
        }
    }
}
