//! The orders of a day in little room: a row of fixed size each, in the order of their ids, with symbols as numbers and
//! what few orders have beside it. [`OrderState`] is what such a row says.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::{
    account::Turnover,
    chunks::Chunks,
    new_order::{ExitLegs, NewOrder},
    order::{OrderState, has_limit, has_stop},
    order_id::OrderId,
    record::{LegLink, Origin, Record},
};
use fyers_api::model::{OrderRequest, OrderStatus, OrderType, Product, Side, Validity};

/// Today's orders by id, which is by age.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayOrders {
    rows: Chunks<Row>,
    symbols: Names,
    /// Those that were rejected as they came.
    rejected: u64,
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

/// An order. [`OrderState`] is its long form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: OrderId,
    pub(crate) quantity: i64,
    pub(crate) filled: i64,
    pub(crate) priority: u64,
    pub(crate) limit_price: Decimal,
    pub(crate) stop_price: Decimal,
    pub(crate) filled_value: Decimal,
    pub(crate) reserve: Decimal,
    placed_at: DateTime<Utc>,
    pub(crate) changed_at: DateTime<Utc>,
    tag: Option<Arc<str>>,
    rare: Option<Box<Rare>>,
    symbol: u32,
    pub(crate) multiplier: u32,
    pub(crate) side: Side,
    pub(crate) order_type: OrderType,
    pub(crate) product: Product,
    validity: Validity,
    pub(crate) origin: Origin,
    pub(crate) status: OrderStatus,
    pub(crate) triggered: bool,
    pub(crate) made_up: bool,
}

/// What few orders have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Rare {
    pub(crate) disclosed: i64,
    legs: Option<ExitLegs>,
    pub(crate) link: Option<LegLink>,
    pub(crate) message: String,
}

/// What an order's place in its queue and the margin of its position go by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) waits: bool,
    /// Whether it still waits for its stop.
    pub(crate) dormant: bool,
    pub(crate) side: Side,
    pub(crate) product: Product,
    pub(crate) limit: Option<Decimal>,
    pub(crate) stop: Decimal,
    pub(crate) priority: u64,
    pub(crate) multiplier: i64,
    /// What it blocks while it waits, at its reserve price; of two exit legs only one counts.
    pub(crate) blocks: Option<Turnover>,
}

impl Rare {
    fn is_nothing(&self) -> bool {
        let Self { disclosed, legs, link, message } = self;
        *disclosed == 0 && legs.is_none() && link.is_none() && message.is_empty()
    }
}

impl Row {
    /// An order that waits. Its tag is shared with others that have the same.
    fn waiting(id: OrderId, order: &NewOrder, symbol: u32, tag: Option<Arc<str>>, at: DateTime<Utc>) -> Self {
        let NewOrder { request, validity, disclosed, legs } = order;
        let mut row = Self {
            id,
            quantity: request.quantity,
            filled: 0,
            priority: 0,
            limit_price: request.limit_price,
            stop_price: request.stop_price,
            filled_value: Decimal::ZERO,
            reserve: Decimal::ZERO,
            placed_at: at,
            changed_at: at,
            tag,
            rare: None,
            symbol,
            multiplier: 1,
            side: request.side,
            order_type: request.order_type,
            product: request.product,
            validity: *validity,
            origin: Origin::Bot,
            status: OrderStatus::Pending,
            triggered: false,
            made_up: false,
        };
        row.with_rare(|rare| (rare.disclosed, rare.legs) = (*disclosed, *legs));
        row
    }

    /// Changes what few orders have, and keeps no room for what is not there.
    pub(crate) fn with_rare(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.rare.take().map_or_else(Rare::default, |rare| *rare);
        change(&mut rare);
        self.rare = (!rare.is_nothing()).then(|| Box::new(rare));
    }

    /// What it belongs to, when it is an exit leg.
    pub(crate) fn link(&self) -> Option<&LegLink> {
        self.rare.as_ref()?.link.as_ref()
    }

    /// Not filled, whether it still can be or not.
    pub(crate) fn remaining(&self) -> i64 {
        self.quantity - self.filled
    }

    fn standing(&self) -> Standing {
        let (waits, multiplier) = (self.status == OrderStatus::Pending, i64::from(self.multiplier));
        let blocked = || {
            let quantity = self.remaining();
            Turnover { quantity, value: self.reserve * Decimal::from(quantity * multiplier) }
        };
        Standing {
            waits,
            dormant: has_stop(self.order_type) && !self.triggered,
            side: self.side,
            product: self.product,
            limit: has_limit(self.order_type).then_some(self.limit_price),
            stop: self.stop_price,
            priority: self.priority,
            multiplier,
            blocks: (waits && self.link().is_none_or(|link| link.counts)).then(blocked),
        }
    }

    /// Takes over the values of an `OrderModified`.
    pub(crate) fn modify(&mut self, record: &Record) {
        let Record::OrderModified {
            order_type,
            quantity,
            limit_price,
            stop_price,
            disclosed,
            triggered,
            reserve,
            ..
        } = record
        else {
            return;
        };
        (self.order_type, self.quantity) = (*order_type, *quantity);
        (self.limit_price, self.stop_price) = (*limit_price, *stop_price);
        (self.triggered, self.reserve) = (*triggered, *reserve);
        self.with_rare(|rare| rare.disclosed = *disclosed);
    }
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

    /// How many were rejected as they came.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected
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

    /// A new order, as `with` completes it. Ids grow; one that does not fit is not taken.
    pub(crate) fn insert(
        &mut self,
        (id, order, tag): (OrderId, &NewOrder, Option<Arc<str>>),
        at: DateTime<Utc>,
        with: impl FnOnce(&mut Row),
    ) -> Option<Standing> {
        let grows = self.rows.last().is_none_or(|last| last.id < id);
        grows.then(|| {
            let symbol = self.symbols.number(&order.request.symbol);
            let mut row = Row::waiting(id, order, symbol, tag, at);
            with(&mut row);
            let standing = row.standing();
            self.rejected += u64::from(row.status == OrderStatus::Rejected);
            self.rows.push(row);
            standing
        })
    }

    /// The order with this id, if it waits.
    pub(crate) fn waiting(&self, id: &str) -> Option<&Row> {
        self.row(OrderId::of(id)?).filter(|row| row.status == OrderStatus::Pending)
    }

    /// Changes an order that waits: its symbol, and how it stood before and stands now.
    pub(crate) fn change(
        &mut self,
        id: OrderId,
        change: impl FnOnce(&mut Row),
    ) -> Option<(Arc<str>, Standing, Standing)> {
        let place = self.place(id)?;
        let row = self.rows.get_mut(place).filter(|row| row.status == OrderStatus::Pending)?;
        let before = row.standing();
        change(row);
        Some((Arc::clone(self.symbols.known.get(row.symbol as usize)?), before, row.standing()))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 702 bytes an order before there were rows.
    #[test]
    fn a_row_is_small() {
        assert!(size_of::<Row>() <= 168, "{} bytes", size_of::<Row>());
    }
}
