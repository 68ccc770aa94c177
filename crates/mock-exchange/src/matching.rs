//! Who trades with whom: one order against the market's best price.
//!
//! An order that arrives takes the price that is shown. One that was already waiting trades at its own limit,
//! for the market came to it. Our own orders never trade with each other, as the exchange prevents for one
//! client. The quantity shown is shared by all our orders, best price first, then the oldest.
//!
//! Cost: a price of a symbol looks at the waiting orders of that symbol and at no others; a new order looks
//! at none.

use std::cmp::Reverse;

use rust_decimal::Decimal;

use crate::{command::PriceUpdate, ledger::Ledger, order::OrderState};
use fyers_api::model::Side;

/// What a price does to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Its stop is reached now.
    pub(super) triggers: bool,
    /// How much trades, perhaps nothing.
    pub(super) quantity: i64,
    /// At what price, in INR.
    pub(super) price: Decimal,
}

/// What the market's best price does to an order, `None` when nothing. Uses up what is shown.
pub(super) fn attempt(order: &OrderState, top: &mut PriceUpdate, arrives: bool) -> Option<Step> {
    let triggers = order.is_dormant();
    if triggers && !stop_reached(order, top.ltp) {
        return None;
    }
    let price = fill_price(order, top.touch(order.side()), arrives || triggers);
    let left = top.left_mut(order.side());
    let shown = left.unwrap_or(i64::MAX).max(0);
    let quantity = price.map_or(0, |_| order.remaining().min(shown));
    *left = left.map(|left| left - quantity);
    let price = price.unwrap_or_default();
    (triggers || quantity > 0).then_some(Step { triggers, quantity, price })
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

/// Waiting orders of a symbol in the order in which they trade: those whose stop is not reached come last.
pub(super) fn queue<'a>(ledger: &'a Ledger, symbol: &str) -> Vec<&'a OrderState> {
    let ids = ledger.open.get(symbol).into_iter().flatten();
    let mut orders: Vec<_> = ids.filter_map(|id| ledger.orders.get(id)).collect();
    orders.sort_by_key(|order| (order.is_dormant(), keenness(order), order.id.as_str()));
    orders
}

/// Smaller is keener: market orders first, then the highest bid or the lowest offer.
fn keenness(order: &OrderState) -> Reverse<Decimal> {
    Reverse(match (order.limit(), order.side()) {
        (None, _) => Decimal::MAX,
        (Some(limit), Side::Buy) => limit,
        (Some(limit), Side::Sell) => -limit,
    })
}
