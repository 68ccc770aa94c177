//! The book: everything the journal says. Only [`Ledger::apply`] changes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};
use indexmap::IndexMap;
use rust_decimal::Decimal;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::{
    account::{Account, PositionKey, Turnover},
    chunks::Chunks,
    config::{Config, Leverage},
    gtt::{GttState, GttStatus},
    new_order::NewOrder,
    order_id::OrderId,
    order_rows::{DayOrders, Row, Standing},
    record::{Origin, Record},
    resting::Resting,
    sessions::Segment,
    trades::Fill,
};
use fyers_api::model::{OrderStatus, OrderType, Product};

/// A sum of money today, and before today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Today, in INR.
    pub today: Decimal,
    /// On all days before, in INR.
    pub before: Decimal,
}

impl Tally {
    /// Since the beginning, in INR.
    pub fn total(&self) -> Decimal {
        self.today + self.before
    }

    pub(crate) fn close_day(&mut self) {
        *self = Self { today: Decimal::ZERO, before: self.total() };
    }
}

/// The book. Equal books have the same future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    pub(crate) leverage: Leverage,
    /// Whether the account began as a copy of one at the broker.
    pub seeded: bool,
    /// The open trading day (IST); `None` before the first.
    pub day: Option<NaiveDate>,
    /// Segments in which INTRADAY is over for the day.
    pub squared_off: BTreeSet<Segment>,
    /// Cash after all trades and charges, in INR; holdings and positions are not in it.
    pub cash: Decimal,
    /// Today's orders by id, which is by age.
    pub orders: DayOrders,
    /// Waiting orders by symbol: a price touches those of its own symbol that it reaches, and no others.
    pub open: FxHashMap<String, Resting>,
    /// GTT orders by id: those that wait, whatever their age, and those that ended today.
    pub gtts: BTreeMap<String, GttState>,
    /// Ids of waiting GTT orders by symbol.
    pub gtts_waiting: BTreeMap<String, BTreeSet<String>>,
    /// The first order of today with a tag.
    pub tags: BTreeMap<Arc<str>, OrderId>,
    /// Positions, found by hash and listed by key: new ones come in with `insert_sorted`.
    pub accounts: IndexMap<PositionKey, Account, FxBuildHasher>,
    /// Settled delivery by symbol, at cost.
    pub holdings: BTreeMap<String, Turnover>,
    /// Shares that came with the copy of the account at the broker, at cost, whatever was sold of them since.
    pub copied: BTreeMap<String, Turnover>,
    /// Today's fills.
    pub(crate) fills: Chunks<Fill>,
    /// Realised profit before charges.
    pub realized: Tally,
    /// Charges paid.
    pub charges: Tally,
    /// Sum of all margins, in INR.
    pub blocked: Decimal,
    /// Sum of all positions' signed costs, in INR.
    pub cost: Decimal,
    /// Number of the day's next order.
    pub next_order: u64,
    /// Time priority of the next order that gets one.
    pub(crate) next_priority: u64,
}

impl Ledger {
    /// An account with its capital and no day open.
    pub fn new(config: &Config) -> Self {
        Self {
            leverage: config.leverage,
            seeded: false,
            day: None,
            squared_off: BTreeSet::new(),
            cash: config.capital,
            orders: DayOrders::default(),
            open: FxHashMap::default(),
            gtts: BTreeMap::new(),
            gtts_waiting: BTreeMap::new(),
            tags: BTreeMap::new(),
            accounts: IndexMap::default(),
            holdings: BTreeMap::new(),
            copied: BTreeMap::new(),
            fills: Chunks::default(),
            realized: Tally::default(),
            charges: Tally::default(),
            blocked: Decimal::ZERO,
            cost: Decimal::ZERO,
            next_order: 1,
            next_priority: 1,
        }
    }

    /// Free for new orders, in INR.
    pub(crate) fn available(&self) -> Decimal {
        self.cash + self.cost - self.blocked
    }

    /// Books one fact. A record that does not fit this ledger changes nothing.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::DayOpened { date } => self.open_day(*date),
            Record::AccountSeeded { cash, holdings, .. } => self.begin_with(*cash, holdings),
            Record::SquaredOff { segment: Some(segment), .. } => {
                self.squared_off.insert(*segment);
            }
            Record::SquaredOff { segment: None, .. } => {
                self.squared_off.extend(Segment::ALL);
            }
            Record::OrderAccepted { id, order, origin, reserve, link, made_up, multiplier, at } => {
                self.enter((id, order, *at), |row| {
                    (row.origin, row.reserve, row.made_up) = (*origin, *reserve, *made_up);
                    row.multiplier = u32::try_from(*multiplier).unwrap_or(1);
                    if link.is_some() {
                        row.with_rare(|rare| rare.link.clone_from(link));
                    }
                });
            }
            Record::OrderRejected { id, order, refusal, at } => {
                self.enter((id, order, *at), |row| {
                    row.status = OrderStatus::Rejected;
                    row.with_rare(|rare| rare.message.clone_from(&refusal.message));
                });
            }
            Record::OrderTriggered { id, at } => {
                let priority = self.priority_for(id);
                self.with_order(id, *at, |order| (order.triggered, order.priority) = (true, priority));
            }
            Record::OrderModified { id, at, .. } => {
                let priority = self.priority_for(id);
                self.with_order(id, *at, |row| {
                    let before = terms(row);
                    row.modify(record);
                    if row.quantity > before.1 || terms(row).0 != before.0 {
                        row.priority = priority;
                    }
                });
            }
            Record::OrderCancelled { id, message, at } => self.with_order(id, *at, |row| {
                row.status = OrderStatus::Cancelled;
                row.with_rare(|rare| rare.message.clone_from(message));
            }),
            Record::OrderExpired { id, at } => {
                self.with_order(id, *at, |order| order.status = OrderStatus::Expired);
            }
            Record::Traded { id, number, quantity, price, charges, at } => {
                self.book(id, *number, Turnover { quantity: *quantity, value: *price }, *charges, *at);
            }
            Record::GttAccepted { .. }
            | Record::GttModified { .. }
            | Record::GttCancelled { .. }
            | Record::GttTriggered { .. } => self.apply_gtt(record),
            Record::PositionConverted { symbol, from, to, quantity, .. } => {
                self.convert(symbol, *from, *to, *quantity);
            }
        }
    }

    /// The next number for an order that waits; a record that does not fit uses none up.
    fn priority_for(&mut self, id: &str) -> u64 {
        let waits = |id| self.orders.status(id) == Some(OrderStatus::Pending);
        if OrderId::of(id).is_some_and(waits) { self.take_priority() } else { self.next_priority }
    }

    fn take_priority(&mut self) -> u64 {
        self.next_priority += 1;
        self.next_priority - 1
    }

    fn enter(&mut self, (id, order, at): (&str, &NewOrder, DateTime<Utc>), with: impl FnOnce(&mut Row)) {
        let Some(id) = OrderId::of(id) else { return };
        let priority = self.take_priority();
        self.next_order += 1;
        let tag = order.request.tag.as_deref().map(|tag| self.shared(tag));
        // A rejected order did nothing, so its tag is free for another try.
        let mut counts = false;
        let entered = self.orders.insert((id, order, tag.clone()), at, |row| {
            with(row);
            row.priority = priority;
            counts = row.status == OrderStatus::Pending && row.origin == Origin::Bot;
        });
        let Some(standing) = entered else { return };
        if let Some(tag) = tag.filter(|_| counts) {
            self.tags.entry(tag).or_insert(id);
        }
        let symbol = &order.request.symbol;
        if standing.waits {
            self.queue(symbol).insert(id, &standing);
        }
        self.block(symbol, &standing, None, None);
    }

    /// A tag in one place, however many orders have it.
    fn shared(&self, tag: &str) -> Arc<str> {
        self.tags.get_key_value(tag).map_or_else(|| Arc::from(tag), |(known, _)| Arc::clone(known))
    }

    fn queue(&mut self, symbol: &str) -> &mut Resting {
        if !self.open.contains_key(symbol) {
            self.open.insert(symbol.to_owned(), Resting::default());
        }
        self.open.get_mut(symbol).unwrap_or_else(|| unreachable!("it is there now"))
    }

    /// Changes a waiting order.
    fn with_order(&mut self, id: &str, at: DateTime<Utc>, change: impl FnOnce(&mut Row)) {
        if let Some(id) = OrderId::of(id) {
            self.change_order(id, at, None, change);
        }
    }

    /// Changes a waiting order, and keeps index and margins in step with it. `fill`: what the change is, with the price
    /// as its value.
    fn change_order(
        &mut self,
        id: OrderId,
        at: DateTime<Utc>,
        fill: Option<Turnover>,
        change: impl FnOnce(&mut Row),
    ) {
        let changed = self.orders.change(id, |row| {
            change(row);
            row.changed_at = at;
        });
        let Some((symbol, before, after)) = changed else { return };
        let queue = self.queue(&symbol);
        queue.remove(&before);
        if after.waits {
            queue.insert(id, &after);
        } else if queue.is_empty() {
            self.open.remove(&*symbol);
        }
        self.block(&symbol, &after, before.blocks, fill);
    }

    /// What an order's position hears of it: what it blocks no more, what it blocks now, and a fill.
    fn block(&mut self, symbol: &str, order: &Standing, before: Option<Turnover>, fill: Option<Turnover>) {
        if before.is_none() && order.blocks.is_none() && fill.is_none() {
            return;
        }
        self.with_account(symbol, order.product, |account| {
            account.multiplier = order.multiplier;
            let open = account.open_mut(order.side);
            before.iter().for_each(|part| open.add(-part.quantity, -part.value));
            order.blocks.iter().for_each(|part| open.add(part.quantity, part.value));
            if let Some(Turnover { quantity, value: price }) = fill {
                account.trade(order.side, quantity, price);
            }
        });
    }

    fn apply_gtt(&mut self, record: &Record) {
        match record {
            Record::GttAccepted { id, order, above, made_up, at } => {
                self.next_order += 1;
                let (status, message) = (GttStatus::Waiting, String::new());
                let (id, order) = (id.clone(), order.clone());
                self.gtts_waiting.entry(order.symbol.clone()).or_default().insert(id.clone());
                let (above, made_up, placed_at) = (*above, *made_up, *at);
                let state = GttState { id: id.clone(), order, above, status, message, made_up, placed_at };
                self.gtts.insert(id, state);
            }
            Record::GttModified { id, order, above, .. } => self.with_gtt(id, |gtt| {
                gtt.order.clone_from(order);
                gtt.above = *above;
            }),
            Record::GttCancelled { id, .. } => self.with_gtt(id, |gtt| gtt.status = GttStatus::Cancelled),
            Record::GttTriggered { id, refused, .. } => self.with_gtt(id, |gtt| {
                let refused = refused.clone();
                gtt.status = if refused.is_some() { GttStatus::Rejected } else { GttStatus::Triggered };
                gtt.message = refused.unwrap_or_default();
            }),
            _ => {}
        }
    }

    /// Changes a waiting GTT order, and keeps the index in step with it.
    fn with_gtt(&mut self, id: &str, change: impl FnOnce(&mut GttState)) {
        let Some(gtt) = self.gtts.get_mut(id).filter(|gtt| gtt.status == GttStatus::Waiting) else { return };
        change(gtt);
        let (over, symbol) = (gtt.status != GttStatus::Waiting, gtt.order.symbol.clone());
        if over {
            self.forget_waiting_gtt(&symbol, id);
        }
    }

    fn forget_waiting_gtt(&mut self, symbol: &str, id: &str) {
        if let Some(ids) = self.gtts_waiting.get_mut(symbol) {
            ids.remove(id);
            if ids.is_empty() {
                self.gtts_waiting.remove(symbol);
            }
        }
    }

    /// What is over, or a year old, is gone the next day.
    pub(crate) fn clear_past_gtts(&mut self, today: NaiveDate) {
        let past: Vec<_> = self.gtts.values().filter(|gtt| gtt.is_past(today)).cloned().collect();
        for gtt in past {
            self.forget_waiting_gtt(&gtt.order.symbol, &gtt.id);
            self.gtts.remove(&gtt.id);
        }
    }

    /// Changes a position, and keeps the sums in step with it.
    pub(crate) fn with_account(&mut self, symbol: &str, product: Product, change: impl FnOnce(&mut Account)) {
        let key = (symbol, product);
        let place = self.accounts.get_index_of(&key).unwrap_or_else(|| {
            self.accounts.insert_sorted(PositionKey::new(symbol, product), Account::new(symbol, product)).0
        });
        let account = &mut self.accounts[place];
        let before = (account.margin(self.leverage), account.cost, account.realized);
        change(account);
        self.blocked += account.margin(self.leverage) - before.0;
        self.cost += account.cost - before.1;
        self.realized.today += account.realized - before.2;
    }

    /// Books a fill; `fill.value` is the price.
    fn book(&mut self, id: &str, number: u64, fill: Turnover, charges: Decimal, at: DateTime<Utc>) {
        let Turnover { quantity, value: price } = fill;
        let fits = |row: &&Row| quantity <= row.remaining();
        let Some(order) = self.orders.waiting(id).filter(fits) else { return };
        let (order_id, sibling) = (order.id, order.link().and_then(|link| link.sibling.clone()));
        let (value, units) =
            (price * Decimal::from(quantity), order.side.sign() * i64::from(order.multiplier));
        self.change_order(order_id, at, Some(fill), |row| {
            row.filled += quantity;
            row.filled_value += value;
            if row.remaining() == 0 {
                row.status = OrderStatus::Traded;
            }
        });
        if let Some(sibling) = sibling {
            self.with_order(&sibling, at, |other| reduce(other, quantity));
        }
        self.cash -= value * Decimal::from(units) + charges;
        self.charges.today += charges;
        self.fills.push(Fill { order: order_id, number, quantity, price, charges, at });
    }
}

/// Prices and type, and the quantity: a change of the former or more of the latter costs an order its place.
fn terms(row: &Row) -> ((OrderType, Decimal, Decimal), i64) {
    ((row.order_type, row.limit_price, row.stop_price), row.quantity)
}

/// The other of two exit legs has traded this much.
fn reduce(leg: &mut Row, quantity: i64) {
    leg.quantity -= quantity.min(leg.remaining());
    if leg.remaining() == 0 {
        leg.status = if leg.filled > 0 { OrderStatus::Traded } else { OrderStatus::Cancelled };
    }
}
