//! The orders of a day in little room: a row of fixed size each, in the order of their ids, with symbols as numbers and
//! what few orders have beside it. [`OrderState`] is what such a row says.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::{
    chunks::Chunks,
    new_order::{ExitLegs, NewOrder},
    order::OrderState,
    order_id::OrderId,
    record::{LegLink, Origin},
};
use fyers_api::model::{OrderRequest, OrderStatus, OrderType, Product, Side, Validity};

/// Today's orders by id, which is by age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayOrders {
    rows: Chunks<Row>,
    symbols: Names,
}

/// Words as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Names {
    known: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
}

/// What an order trades, and whether the symbol's price was made up when it was taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) symbol: &'a str,
    pub(crate) product: Product,
    pub(crate) side: Side,
    pub(crate) made_up: bool,
    pub(crate) multiplier: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    id: OrderId,
    quantity: i64,
    filled: i64,
    priority: u64,
    limit_price: Decimal,
    stop_price: Decimal,
    filled_value: Decimal,
    reserve: Decimal,
    placed_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    tag: Option<Arc<str>>,
    rare: Option<Box<Rare>>,
    symbol: u32,
    multiplier: u32,
    side: Side,
    order_type: OrderType,
    product: Product,
    validity: Validity,
    origin: Origin,
    status: OrderStatus,
    triggered: bool,
    made_up: bool,
}

/// What few orders have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Rare {
    disclosed: i64,
    legs: Option<ExitLegs>,
    link: Option<LegLink>,
    message: String,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let (name, number) = (Arc::<str>::from(name), u32::try_from(self.known.len()).unwrap_or(u32::MAX));
        self.known.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    fn name(&self, number: u32) -> &str {
        self.known.get(number as usize).map_or("", AsRef::as_ref)
    }
}

impl DayOrders {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The order with this id.
    pub fn get(&self, id: &str) -> Option<OrderState> {
        self.by_id(OrderId::of(id)?)
    }

    /// The order with this id.
    pub fn by_id(&self, id: OrderId) -> Option<OrderState> {
        Some(self.state(self.row(id)?))
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = OrderState> {
        self.rows.iter().map(|row| self.state(row))
    }

    /// Those after this one, oldest first; all of them after none.
    pub(crate) fn after(&self, id: Option<OrderId>) -> impl Iterator<Item = (OrderId, OrderState)> {
        let from = id.map_or(0, |id| self.rows.partition_point(|row| row.id <= id));
        self.rows.iter_from(from).map(|row| (row.id, self.state(row)))
    }

    /// Where an order stands.
    pub(crate) fn status(&self, id: OrderId) -> Option<OrderStatus> {
        self.row(id).map(|row| row.status)
    }

    /// What an order trades.
    pub(crate) fn terms(&self, id: OrderId) -> Option<Terms<'_>> {
        let Row { symbol, product, side, made_up, multiplier, .. } = *self.row(id)?;
        let (symbol, multiplier) = (self.symbols.name(symbol), i64::from(multiplier));
        Some(Terms { symbol, product, side, made_up, multiplier })
    }

    /// A new order. Ids grow; one that does not fit is not taken.
    pub(crate) fn insert(&mut self, id: OrderId, order: &OrderState, tag: Option<Arc<str>>) -> bool {
        let grows = self.rows.last().is_none_or(|last| last.id < id);
        if grows {
            let symbol = self.symbols.number(order.symbol());
            self.rows.push(Row { tag, ..packed(id, order, symbol) });
        }
        grows
    }

    /// Another state of an order that is there.
    pub(crate) fn replace(&mut self, id: OrderId, order: &OrderState) {
        if let Some(row) = self.place(id).and_then(|at| self.rows.get_mut(at)) {
            *row = Row { tag: row.tag.take(), ..packed(id, order, row.symbol) };
        }
    }

    /// Mostly the ids of a day have no gaps.
    fn place(&self, id: OrderId) -> Option<usize> {
        let is_there = |at: &usize| self.rows.get(*at).is_some_and(|row| row.id == id);
        let guess = self.rows.get(0).and_then(|first| id.after(first.id)).filter(is_there);
        guess.or_else(|| Some(self.rows.partition_point(|row| row.id < id)).filter(is_there))
    }

    fn row(&self, id: OrderId) -> Option<&Row> {
        self.rows.get(self.place(id)?)
    }

    fn state(&self, row: &Row) -> OrderState {
        let rare = row.rare.as_deref().cloned().unwrap_or_default();
        let request = OrderRequest {
            symbol: self.symbols.name(row.symbol).to_owned(),
            quantity: row.quantity,
            side: row.side,
            order_type: row.order_type,
            product: row.product,
            limit_price: row.limit_price,
            stop_price: row.stop_price,
            tag: row.tag.as_deref().map(str::to_owned),
        };
        let Rare { disclosed, legs, link, message } = rare;
        OrderState {
            id: row.id.to_string(),
            order: NewOrder { request, validity: row.validity, disclosed, legs },
            origin: row.origin,
            status: row.status,
            filled: row.filled,
            filled_value: row.filled_value,
            triggered: row.triggered,
            reserve: row.reserve,
            placed_at: row.placed_at,
            changed_at: row.changed_at,
            message,
            link,
            made_up: row.made_up,
            multiplier: i64::from(row.multiplier),
            priority: row.priority,
        }
    }
}

/// Without its tag, which the caller shares with others.
fn packed(id: OrderId, order: &OrderState, symbol: u32) -> Row {
    let OrderState { order: NewOrder { request, validity, disclosed, legs }, link, message, .. } = order;
    let rare = Rare { disclosed: *disclosed, legs: *legs, link: link.clone(), message: message.clone() };
    Row {
        id,
        quantity: request.quantity,
        filled: order.filled,
        priority: order.priority,
        limit_price: request.limit_price,
        stop_price: request.stop_price,
        filled_value: order.filled_value,
        reserve: order.reserve,
        placed_at: order.placed_at,
        changed_at: order.changed_at,
        tag: None,
        rare: (rare != Rare::default()).then(|| Box::new(rare)),
        symbol,
        multiplier: u32::try_from(order.multiplier).unwrap_or(1),
        side: request.side,
        order_type: request.order_type,
        product: request.product,
        validity: *validity,
        origin: order.origin,
        status: order.status,
        triggered: order.triggered,
        made_up: order.made_up,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 702 bytes an order before there were rows.
    #[test]
    fn a_row_is_small() {
        assert!(size_of::<Row>() <= 168, "{} bytes", size_of::<Row>());
    }
}
