//! GTT orders, good till triggered: one leg, or two of which one ends the other (docs/fyers-api.md, "GTT"). A leg whose trigger the last price reaches becomes an ordinary limit order. They live for a year,
//! over days, and set no money aside.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    Engine,
    command::NewOrder,
    draft::Draft,
    exact, place,
    record::{Origin, Record},
    validate,
};
use fyers_api::{error::ApiError, model::Validity};
use fyers_api::{
    ist,
    model::{OrderRequest, OrderType, Product, Side},
};

type Decision = Result<Vec<Record>, ApiError>;

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
        NewOrder { request, validity: Validity::Day, disclosed: 0 }
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
    pub(super) fn is_past(&self, today: NaiveDate) -> bool {
        let end = ist::date(self.placed_at).checked_add_days(LIFE);
        self.status != GttStatus::Waiting || end.is_none_or(|end| end < today)
    }
}

/// A new GTT order.
pub(super) fn accept(engine: &Engine, order: &NewGtt, at: DateTime<Utc>) -> Decision {
    let above = judge(engine, order)?;
    let id = Draft::new(engine, at).take_id();
    Ok(vec![Record::GttAccepted { id, order: order.clone(), above, at }])
}

/// Whether the first trigger lies above the market; an error when the order is not sound.
fn judge(engine: &Engine, order: &NewGtt) -> Result<bool, ApiError> {
    let instrument = engine.instruments.tradable(&order.symbol)?;
    if order.product == Product::Intraday {
        return Err(ApiError::invalid_input());
    }
    for leg in order.legs() {
        let becomes = order.order(leg);
        validate::form(&becomes)?;
        validate::fits(&becomes, &instrument, None, engine.config.mtf)?;
        validate::trigger(leg.trigger, instrument.tick)?;
    }
    let ltp = engine.market.ltp(&order.symbol).ok_or_else(|| ApiError::no_price(&order.symbol))?;
    let above = order.first.trigger > ltp;
    let apart = order.second.is_none_or(|second| above && second.trigger < ltp);
    if apart { Ok(above) } else { Err(ApiError::invalid_input()) }
}

fn waiting<'a>(engine: &'a Engine, id: &str) -> Result<&'a GttState, ApiError> {
    let gtt = engine.ledger.gtts.get(id).ok_or_else(ApiError::unknown_order)?;
    match gtt.status {
        GttStatus::Waiting => Ok(gtt),
        GttStatus::Triggered => Err(ApiError::already("triggered")),
        GttStatus::Rejected => Err(ApiError::already("rejected")),
        GttStatus::Cancelled => Err(ApiError::already("cancelled")),
    }
}

/// A change to a waiting one.
pub(super) fn modify(engine: &Engine, change: &GttChange, at: DateTime<Utc>) -> Decision {
    let mut order = waiting(engine, &change.id)?.order.clone();
    if change.second.is_some() && order.second.is_none() {
        return Err(ApiError::invalid_input());
    }
    order.first = change.first.unwrap_or(order.first);
    order.second = change.second.or(order.second);
    let above = judge(engine, &order)?;
    Ok(vec![Record::GttModified { id: change.id.clone(), order, above, at }])
}

/// The end of a waiting one.
pub(super) fn cancel(engine: &Engine, id: &str, at: DateTime<Utc>) -> Decision {
    waiting(engine, id)?;
    Ok(vec![Record::GttCancelled { id: id.to_owned(), at }])
}

/// The order that a waiting one becomes at the present price; nothing when no trigger is reached.
pub(super) fn trigger(engine: &Engine, id: &str, at: DateTime<Utc>) -> Decision {
    let gtt = waiting(engine, id)?;
    let ltp = engine.market.ltp(&gtt.order.symbol);
    let Some(leg) = ltp.and_then(|ltp| gtt.reached(ltp)) else { return Ok(vec![]) };
    let placed = place::take(engine, &gtt.order.order(leg), Origin::Gtt, at);
    let refused = match &placed {
        Ok(records) => records.iter().find_map(|record| match record {
            Record::OrderRejected { refusal, .. } => Some(refusal.message.clone()),
            _ => None,
        }),
        Err(refusal) => Some(refusal.message.clone()),
    };
    let mut records = vec![Record::GttTriggered { id: id.to_owned(), refused, at }];
    records.extend(placed.unwrap_or_default());
    Ok(records)
}

impl Engine {
    /// GTT orders whose trigger the last price of this symbol has reached.
    pub fn gtts_due(&self, symbol: &str) -> Vec<String> {
        let Some(ltp) = self.market.ltp(symbol) else { return vec![] };
        let ids = self.ledger.gtts_waiting.get(symbol).into_iter().flatten();
        let due = |id: &&String| self.ledger.gtts.get(*id).is_some_and(|gtt| gtt.reached(ltp).is_some());
        ids.filter(due).cloned().collect()
    }

    /// GTT orders: those that wait, and those that ended today.
    pub fn gtts(&self) -> impl Iterator<Item = &GttState> {
        self.ledger.gtts.values()
    }
}
