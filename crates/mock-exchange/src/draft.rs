//! Records in the making: ids, trade numbers and the market as the records so far have left it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::{
    book::Book,
    legs,
    matching::{Step, attempt},
    new_order::NewOrder,
    order::OrderState,
    order_id::OrderId,
    price::PriceUpdate,
    record::{LegLink, Origin, Record},
    symbol::Kind,
};

/// Records that are being decided on.
pub(crate) struct Draft<'a> {
    pub(crate) book: &'a Book,
    at: DateTime<Utc>,
    next_order: u64,
    next_trade: u64,
    /// Prices of which the records so far have used a part.
    tops: FxHashMap<String, PriceUpdate>,
    /// Orders that a record so far has ended, or whose other leg has traded: nothing more happens to them here.
    over: BTreeSet<String>,
    /// What is decided.
    pub(crate) records: Vec<Record>,
    /// How many orders were looked at: the cost of deciding.
    #[cfg(test)]
    pub(crate) looked_at: usize,
}

impl<'a> Draft<'a> {
    /// Nothing decided yet.
    pub(crate) fn new(book: &'a Book, at: DateTime<Utc>) -> Self {
        Self {
            book,
            at,
            next_order: book.ledger.next_order,
            next_trade: book.ledger.fills.len() as u64 + 1,
            tops: FxHashMap::default(),
            over: BTreeSet::new(),
            records: vec![],
            #[cfg(test)]
            looked_at: 0,
        }
    }

    /// What is decided from here on happens at this time.
    pub(crate) fn set_time(&mut self, at: DateTime<Utc>) {
        self.at = at;
    }

    /// Sees this price instead of the one the book remembers.
    pub(crate) fn see(&mut self, quote: &PriceUpdate) {
        self.tops.insert(quote.symbol.clone(), quote.clone());
    }

    /// An id never used: `MOCK`, the trading day, and a number that starts at 1 each day.
    pub(crate) fn take_id(&mut self) -> String {
        let day = self.book.ledger.day.unwrap_or_default();
        self.next_order += 1;
        OrderId::new(day, self.next_order - 1).to_string()
    }

    /// Takes an order into the book.
    pub(crate) fn accept(&mut self, order: &NewOrder, origin: Origin, reserve: Decimal) -> OrderState {
        let id = self.take_id();
        self.accept_as(id, order, (origin, None), reserve)
    }

    /// Takes an order with this id into the book.
    pub(crate) fn accept_as(
        &mut self,
        id: String,
        order: &NewOrder,
        (origin, link): (Origin, Option<LegLink>),
        reserve: Decimal,
    ) -> OrderState {
        let (at, request) = (self.at, &order.request);
        let made_up = self.book.is_made_up(&request.symbol);
        let multiplier = self.book.multiplier(&request.symbol, request.product);
        let state = OrderState::waiting(&id, order, origin, reserve, at);
        let (order, of) = (order.clone(), link.clone());
        let accepted =
            Record::OrderAccepted { id, order, origin, reserve, link: of, made_up, multiplier, at };
        self.records.push(accepted);
        OrderState { link, made_up, multiplier, ..state }
    }

    /// Lets the market's price work on an order, while its market is open.
    pub(crate) fn expose(&mut self, order: &mut OrderState, arrives: bool) {
        #[cfg(test)]
        {
            self.looked_at += 1;
        }
        if self.over.contains(&order.id) || !self.book.is_open(order.symbol(), self.at) {
            return;
        }
        let slip = if order.limit().is_none() { self.book.slip(order.symbol()) } else { Decimal::ZERO };
        let mut arrives = arrives;
        // Each turn uses up one price of the order book.
        while let Some(top) = self.top(order.symbol())
            && let Some(step) = attempt(order, top, arrives, slip)
        {
            // A last price alone is never used up, and is not copied.
            if top.left(order.side()).is_some() {
                self.use_up(order, step.quantity);
            }
            self.carry_out(order, step);
            arrives |= step.triggers;
            if order.remaining() == 0 || step.quantity == 0 {
                return;
            }
        }
    }

    fn top(&self, symbol: &str) -> Option<&PriceUpdate> {
        self.tops.get(symbol).or_else(|| self.book.market.top(symbol))
    }

    fn use_up(&mut self, order: &OrderState, quantity: i64) {
        let symbol = order.symbol();
        if let Some(known) = self.book.market.top(symbol).filter(|_| !self.tops.contains_key(symbol)) {
            self.see(known);
        }
        if let Some(top) = self.tops.get_mut(symbol) {
            top.take(order.side(), quantity);
        }
    }

    fn carry_out(&mut self, order: &mut OrderState, step: Step) {
        if step.triggers {
            order.triggered = true;
            self.records.push(Record::OrderTriggered { id: order.id.clone(), at: self.at });
        }
        if step.quantity > 0 {
            self.fill(order, step.quantity, step.price);
        }
    }

    /// A fill, whatever the market shows; exit legs follow it.
    pub(crate) fn fill(&mut self, order: &mut OrderState, quantity: i64, price: Decimal) {
        let (value, units) = (price * Decimal::from(quantity), Decimal::from(order.multiplier));
        let kind = Kind::of(order.symbol());
        let rates = self.book.config.charges;
        let (before, now) = (order.filled_value * units, value * units);
        let charges = rates.of_fill(kind, order.product(), order.side(), before, now);
        order.filled += quantity;
        order.filled_value += value;
        let (id, number, at) = (order.id.clone(), self.next_trade, self.at);
        self.records.push(Record::Traded { id, number, quantity, price, charges, at });
        self.next_trade += 1;
        self.over.extend(order.link.iter().filter_map(|link| link.sibling.clone()));
        if order.order.legs.is_some() {
            self.send_legs(order, quantity, price);
        }
    }

    fn send_legs(&mut self, order: &OrderState, quantity: i64, price: Decimal) {
        let tick = self.book.tick(order.symbol()).unwrap_or(Decimal::ONE);
        let legs = legs::of_fill(order, (quantity, price), tick, || self.take_id());
        for leg in legs {
            self.accept_as(leg.id, &leg.order, (Origin::Leg, Some(leg.link)), leg.reserve);
        }
    }

    /// Cancels what is left of an order, and its other leg.
    pub(crate) fn cancel(&mut self, order: &OrderState, message: &str) {
        let sibling = order.link.as_ref().and_then(|link| link.sibling.as_ref());
        for id in [Some(&order.id), sibling].into_iter().flatten() {
            if self.over.insert(id.clone()) {
                let (id, message, at) = (id.clone(), message.to_owned(), self.at);
                self.records.push(Record::OrderCancelled { id, message, at });
            }
        }
    }
}
