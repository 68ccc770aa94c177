//! Who trades with whom: one order against the market's best price.
//!
//! An order that arrives takes the price that is shown. One that was already waiting trades at its own limit,
//! for the market came to it. Our own orders never trade with each other, as the exchange prevents for one
//! client. The quantity shown is shared by all our orders, best price first, then the oldest; what is shown behind the
//! best price is used once that is used up.

use rust_decimal::Decimal;

use crate::{order::OrderState, price::PriceUpdate};
use fyers_api::model::Side;

/// What a price does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its stop is reached now.
    pub(crate) triggers: bool,
    /// How much trades, perhaps nothing.
    pub(crate) quantity: i64,
    /// At what price, in INR.
    pub(crate) price: Decimal,
}

/// What the market's best price does to an order, `None` when nothing.
///
/// `slip` is added to the price of a market order (in INR, against it) where nothing but the last price is known.
pub(crate) fn attempt(order: &OrderState, top: &PriceUpdate, arrives: bool, slip: Decimal) -> Option<Step> {
    let triggers = order.is_dormant();
    if triggers && !stop_reached(order, top.ltp) {
        return None;
    }
    let touch = market_price(top, order.side(), if order.limit().is_none() { slip } else { Decimal::ZERO });
    let price = fill_price(order, touch, arrives || triggers);
    let shown = top.left(order.side()).unwrap_or(i64::MAX).max(0);
    let quantity = price.map_or(0, |_| order.remaining().min(shown));
    let price = price.unwrap_or_default();
    (triggers || quantity > 0).then_some(Step { triggers, quantity, price })
}

/// The price at which a market order of this side trades, in INR: the best one, and a step beyond the last price where
/// that is all that is known.
pub(crate) fn market_price(top: &PriceUpdate, side: Side, slip: Decimal) -> Decimal {
    let touch = top.touch(side);
    let slipped = touch + slip * Decimal::from(side.sign());
    if top.is_last_only(side) && slipped > Decimal::ZERO { slipped } else { touch }
}

fn stop_reached(order: &OrderState, ltp: Decimal) -> bool {
    let stop = order.order.request.stop_price;
    match order.side() {
        Side::Buy => ltp >= stop,
        Side::Sell => ltp <= stop,
    }
}

/// The price of a fill, never worse than the limit; `None` when the market has not come that far.
fn fill_price(order: &OrderState, touch: Decimal, arrives: bool) -> Option<Decimal> {
    let Some(limit) = order.limit() else { return Some(touch) };
    let reached = match order.side() {
        Side::Buy => touch <= limit,
        Side::Sell => touch >= limit,
    };
    reached.then_some(if arrives { touch } else { limit })
}
