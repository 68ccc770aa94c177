//! Records in the making: ids, trade numbers and the market as the records so far have left it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    Engine,
    command::{NewOrder, PriceUpdate},
    instrument::Kind,
    matching::{Step, attempt},
    order::OrderState,
    record::{Origin, Record},
};

/// Records that are being decided on.
pub(super) struct Draft<'a> {
    engine: &'a Engine,
    at: DateTime<Utc>,
    next_order: u64,
    next_trade: u64,
    /// Prices of which the records so far have used a part.
    tops: BTreeMap<String, PriceUpdate>,
    /// What is decided.
    pub(super) records: Vec<Record>,
    /// How many orders were looked at: the cost of deciding.
    #[cfg(test)]
    pub(super) looked_at: usize,
}

impl<'a> Draft<'a> {
    /// Nothing decided yet.
    pub(super) fn new(engine: &'a Engine, at: DateTime<Utc>) -> Self {
        let next_trade = engine.ledger.trades.len() as u64 + 1;
        let (next_order, tops, records) = (engine.ledger.next_order, BTreeMap::new(), Vec::new());
        Self {
            engine,
            at,
            next_order,
            next_trade,
            tops,
            records,
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// Sees this price instead of the one the engine remembers.
    pub(super) fn see(&mut self, quote: &PriceUpdate) {
        self.tops.insert(quote.symbol.clone(), quote.clone());
    }

    /// An id never used: `MOCK`, the trading day, and a number that starts at 1 each day.
    pub(super) fn take_id(&mut self) -> String {
        let day = self.engine.ledger.day.unwrap_or_default();
        let id = format!("MOCK{}{:08}", day.format("%y%m%d"), self.next_order);
        self.next_order += 1;
        id
    }

    /// Takes an order into the book.
    pub(super) fn accept(&mut self, order: &NewOrder, origin: Origin, reserve: Decimal) -> OrderState {
        let (id, at, order_copy) = (self.take_id(), self.at, order.clone());
        let state = OrderState::waiting(&id, order, origin, reserve, at);
        self.records.push(Record::OrderAccepted { id, order: order_copy, origin, reserve, at });
        state
    }

    /// Lets the market's price work on an order.
    pub(super) fn expose(&mut self, order: &mut OrderState, arrives: bool) {
        #[cfg(test)]
        {
            self.looked_at += 1;
        }
        let Some(top) = self.top_mut(order.symbol()) else { return };
        let Some(step) = attempt(order, top, arrives) else { return };
        self.carry_out(order, step);
    }

    fn top_mut(&mut self, symbol: &str) -> Option<&mut PriceUpdate> {
        if !self.tops.contains_key(symbol) {
            let known = self.engine.market.top(symbol)?.clone();
            self.tops.insert(symbol.to_owned(), known);
        }
        self.tops.get_mut(symbol)
    }

    fn carry_out(&mut self, order: &mut OrderState, step: Step) {
        if step.triggers {
            self.records.push(Record::OrderTriggered { id: order.id.clone(), at: self.at });
        }
        if step.quantity > 0 {
            self.fill(order, step.quantity, step.price);
        }
    }

    /// A fill, whatever the market shows.
    pub(super) fn fill(&mut self, order: &mut OrderState, quantity: i64, price: Decimal) {
        let value = price * Decimal::from(quantity);
        let kind = Kind::of(order.symbol());
        let rates = self.engine.config.charges;
        let charges = rates.of_fill(kind, order.product(), order.side(), order.filled_value, value);
        order.filled += quantity;
        order.filled_value += value;
        let (id, number, at) = (order.id.clone(), self.next_trade, self.at);
        self.records.push(Record::Traded { id, number, quantity, price, charges, at });
        self.next_trade += 1;
    }

    /// Cancels what is left of an order.
    pub(super) fn cancel(&mut self, id: &str, message: &str) {
        let (id, message, at) = (id.to_owned(), message.to_owned(), self.at);
        self.records.push(Record::OrderCancelled { id, message, at });
    }
}
