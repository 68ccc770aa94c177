//! The waiting orders of one symbol, ordered by price: a price finds those it reaches without looking at the others.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::{order_id::OrderId, order_rows::Standing, price::PriceUpdate};
use fyers_api::model::Side;

/// Where an order stands in its queue: smaller comes first. Prices of queues that run downwards are negated.
type Place = (Decimal, u64);

/// Waiting orders of a symbol, in four queues.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resting {
    /// Highest limit first.
    buys: BTreeMap<Place, OrderId>,
    /// Lowest limit first.
    sells: BTreeMap<Place, OrderId>,
    /// Lowest stop first: the nearest above the market.
    buy_stops: BTreeMap<Place, OrderId>,
    /// Highest stop first.
    sell_stops: BTreeMap<Place, OrderId>,
}

impl Resting {
    pub(crate) fn insert(&mut self, id: OrderId, order: &Standing) {
        self.queue_mut(order).insert(place(order), id);
    }

    pub(crate) fn remove(&mut self, order: &Standing) {
        self.queue_mut(order).remove(&place(order));
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.ids().next().is_none()
    }

    /// Ids of all of them.
    pub fn ids(&self) -> impl Iterator<Item = OrderId> {
        [&self.buys, &self.sells, &self.buy_stops, &self.sell_stops]
            .into_iter()
            .flat_map(BTreeMap::values)
            .copied()
    }

    /// Ids of those that this price fills or releases, in the order in which they trade: limits by price and time, then
    /// stops, the nearest first.
    pub(crate) fn reached(&self, quote: &PriceUpdate) -> impl Iterator<Item = OrderId> {
        let (ask, bid) = (quote.touch(Side::Buy), quote.touch(Side::Sell));
        let queues = [
            (&self.buys, -ask),
            (&self.sells, bid),
            (&self.buy_stops, quote.ltp),
            (&self.sell_stops, -quote.ltp),
        ];
        queues.into_iter().flat_map(|(queue, last)| {
            queue.iter().take_while(move |((price, _), _)| *price <= last).map(|(_, id)| *id)
        })
    }

    fn queue_mut(&mut self, order: &Standing) -> &mut BTreeMap<Place, OrderId> {
        match (order.dormant, order.side) {
            (false, Side::Buy) => &mut self.buys,
            (false, Side::Sell) => &mut self.sells,
            (true, Side::Buy) => &mut self.buy_stops,
            (true, Side::Sell) => &mut self.sell_stops,
        }
    }
}

fn place(order: &Standing) -> Place {
    let price = match (order.dormant, order.limit, order.side) {
        (true, _, Side::Buy) => order.stop,
        (true, _, Side::Sell) => -order.stop,
        (false, Some(limit), Side::Buy) => -limit,
        (false, Some(limit), Side::Sell) => limit,
        // A market order that the market could not fill whole comes before every limit.
        (false, None, _) => Decimal::MIN,
    };
    (price, order.priority)
}
