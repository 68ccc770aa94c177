//! GTT orders, good till triggered, as data: one leg, or two of which one ends the other (docs/fyers-api.md, "GTT").
//! A leg whose trigger the last price reaches becomes an ordinary limit order. They live for a year, over days, and block
//! no money.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{exact, new_order::NewOrder};
use fyers_api::{
    ist,
    model::{OrderRequest, OrderType, Product, Side, Validity},
};

/// The longest life, in days.
const LIFE: Days = Days::new(365);

/// One leg: at this price, send that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttLeg {
    /// INR.
    #[serde(with = "exact")]
    pub trigger: Decimal,
    /// Limit price in INR of the order it becomes.
    #[serde(with = "exact")]
    pub limit: Decimal,
    /// Above zero.
    pub quantity: i64,
}

/// A GTT order as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGtt {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Buy or sell, the same for both legs.
    pub side: Side,
    /// Any but INTRADAY.
    pub product: Product,
    /// With two legs, the one above the market.
    pub first: GttLeg,
    /// The one below the market: one cancels the other.
    pub second: Option<GttLeg>,
    /// The bot's mark.
    pub tag: Option<String>,
}

impl NewGtt {
    /// The order that a leg becomes.
    pub fn order(&self, leg: GttLeg) -> NewOrder {
        let request = OrderRequest {
            symbol: self.symbol.clone(),
            quantity: leg.quantity,
            side: self.side,
            order_type: OrderType::Limit,
            product: self.product,
            limit_price: leg.limit,
            stop_price: Decimal::ZERO,
            tag: self.tag.clone(),
        };
        NewOrder { request, validity: Validity::Day, disclosed: 0, legs: None }
    }

    /// One leg or two.
    pub fn legs(&self) -> impl Iterator<Item = GttLeg> {
        [Some(self.first), self.second].into_iter().flatten()
    }
}

/// A change to a waiting GTT order; a leg that is not named stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GttChange {
    /// Which.
    pub id: String,
    /// The first leg anew.
    pub first: Option<GttLeg>,
    /// The second leg anew; there must be one.
    pub second: Option<GttLeg>,
}

/// Where a GTT order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GttStatus {
    /// Neither trigger was reached.
    Waiting,
    /// A leg became an order.
    Triggered,
    /// A leg was reached and its order refused.
    Rejected,
    /// The bot took it back, or its year is over.
    Cancelled,
}

/// One GTT order in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GttState {
    /// Begins with `MOCK`.
    pub id: String,
    /// As last modified.
    pub order: NewGtt,
    /// Whether the first trigger lay above the market when it was set.
    pub above: bool,
    /// Where it stands.
    pub status: GttStatus,
    /// Why it was rejected, or empty.
    pub message: String,
    /// Whether the symbol's price was made up when it was taken: only then do made-up prices trigger it.
    pub made_up: bool,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
}

impl GttState {
    /// The leg that this last price triggers.
    pub fn reached(&self, ltp: Decimal) -> Option<GttLeg> {
        let first = self.order.first;
        let is_first = if self.above { ltp >= first.trigger } else { ltp <= first.trigger };
        let second = self.order.second.filter(|second| ltp <= second.trigger);
        if is_first { Some(first) } else { second }
    }

    /// Whether it is of no more interest on this day: over, or a year old.
    pub(crate) fn is_past(&self, today: NaiveDate) -> bool {
        let end = ist::date(self.placed_at).checked_add_days(LIFE);
        self.status != GttStatus::Waiting || end.is_none_or(|end| end < today)
    }
}
