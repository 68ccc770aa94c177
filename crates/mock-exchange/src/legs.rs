//! Exit legs: a stop and a target that follow a fill, of which one cancels the other.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::{
    new_order::{ExitLegs, NewOrder},
    order::OrderState,
    record::LegLink,
};
use fyers_api::model::{OrderRequest, OrderType, Side, Validity};

/// A leg to be taken into the book.
pub(crate) struct NewLeg {
    pub(crate) id: String,
    pub(crate) order: NewOrder,
    pub(crate) link: LegLink,
    pub(crate) reserve: Decimal,
}

/// The legs that close this much, bought or sold at this price; none for an order without.
pub(crate) fn of_fill(
    parent: &OrderState,
    (quantity, price): (i64, Decimal),
    tick: Decimal,
    mut next_id: impl FnMut() -> String,
) -> Vec<NewLeg> {
    let Some(legs) = parent.order.legs else { return vec![] };
    let (stop, target) = prices(&legs, parent.side(), price, tick);
    let wanted = [(stop, OrderType::Stop), (target, OrderType::Limit)];
    let new: Vec<_> =
        wanted.into_iter().filter_map(|(price, kind)| price.map(|price| (next_id(), price, kind))).collect();
    let all: Vec<String> = new.iter().map(|(id, ..)| id.clone()).collect();
    let leg = |(id, price, kind): (String, Decimal, OrderType)| {
        let sibling = all.iter().find(|other| **other != id).cloned();
        let counts = kind == OrderType::Stop || sibling.is_none();
        let link = LegLink { parent: parent.id.clone(), sibling, counts };
        NewLeg { order: order(parent, quantity, price, kind), id, link, reserve: price }
    };
    new.into_iter().map(leg).collect()
}

fn order(parent: &OrderState, quantity: i64, price: Decimal, order_type: OrderType) -> NewOrder {
    let side = match parent.side() {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    };
    let (limit_price, stop_price) =
        if order_type == OrderType::Stop { (Decimal::ZERO, price) } else { (price, Decimal::ZERO) };
    let request =
        OrderRequest { side, quantity, order_type, limit_price, stop_price, ..parent.order.request.clone() };
    NewOrder { request, validity: Validity::Day, disclosed: 0, legs: None }
}

/// Stop and target in INR on ticks, at least a tick from the price and above zero.
fn prices(legs: &ExitLegs, side: Side, price: Decimal, tick: Decimal) -> (Option<Decimal>, Option<Decimal>) {
    let distance = |given: Decimal| {
        let inr = if legs.percent { price * given / Decimal::ONE_HUNDRED } else { given };
        (inr / tick).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).max(Decimal::ONE)
            * tick
    };
    let toward = Decimal::from(side.sign());
    let stop = legs.stop_loss.map(|given| (price - toward * distance(given)).max(tick));
    let target = legs.take_profit.map(|given| (price + toward * distance(given)).max(tick));
    (stop, target)
}
