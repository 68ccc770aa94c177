//! Which bot holds and has done what. The MockExchange has one account, and so has FYERS; whose order a fill belongs to
//! is known here.
//!
//! Orders of bots are known by their ids. What nobody ordered (the square-off, an expiry, an exit of a position) is
//! shared out among those who hold it, so that the bots' positions together are the account's.

mod holding;
mod open_orders;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::{
    ist,
    model::{Position, Product},
    operation::Operation,
};
use mock_exchange::{OrderState, Origin, Record};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    bots::changed::SentChanges,
    keys::{BotName, LimitKind},
    order_journal::{OrderEntry, OrderIntent},
    routing::Venue,
};

use at_fyers::OrderAtFyers;
pub use holding::Holding;
use open_orders::{OpenOrder, OpenOrders};
pub use own_order::OwnOrder;

/// A bot's day.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BotBook {
    /// In the MockExchange.
    #[serde(default)]
    simulated: Vec<Holding>,
    /// Shares that were bought there on days before: the MockExchange has them as holdings, FYERS does not have them.
    #[serde(default)]
    shares: BTreeMap<String, i64>,
    /// At FYERS today, as far as its order book has told.
    #[serde(default)]
    live: Vec<Holding>,
    /// The same as it would be if what others may have closed of it were open still.
    #[serde(skip)]
    doubted: Vec<Holding>,
    /// Symbols in it of which nobody knows how many units one is for.
    #[serde(skip)]
    unmeasured: BTreeSet<String>,
    /// Limits that a person has been told of today. A loss that is among them holds for the day, whatever it is later.
    #[serde(default)]
    told: BTreeSet<LimitKind>,
    /// Orders sent today.
    #[serde(default)]
    orders: u32,
}

/// All bots' books.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BotBooks {
    /// The day (IST) that `orders`, `told` and `live` are of.
    #[serde(default)]
    day: Option<NaiveDate>,
    #[serde(default)]
    bots: BTreeMap<BotName, BotBook>,
    /// What was left behind by bots whose key was removed: a bot that comes again under the name may still believe in it.
    #[serde(default)]
    left_behind: BTreeMap<BotName, BTreeSet<(String, Product)>>,
    #[serde(default)]
    orders: OpenOrders,
    /// GTT orders that wait, and whose they are.
    #[serde(default)]
    gtts: BTreeMap<String, BotName>,
    /// Today's orders at FYERS. They are in the order journal, from where they come back.
    #[serde(skip)]
    at_fyers: BTreeMap<String, OrderAtFyers>,
    /// How they were changed; a note of its own, on disk before a change leaves.
    #[serde(skip)]
    changes: SentChanges,
    /// The stops of orders that FYERS has not answered yet, by their intents.
    #[serde(skip)]
    stops: BTreeMap<i64, Vec<Decimal>>,
    /// Ids of all of them, also of those that could not be read or that FYERS refused.
    #[serde(skip)]
    ids_at_fyers: BTreeSet<String>,
    /// Symbols of all of them, and whose they are: also of those of which nobody knows.
    #[serde(skip)]
    ordered: BTreeSet<(BotName, String)>,
    /// Bots' orders of which nobody knows what became of them, by intent and place.
    #[serde(skip)]
    unknown: BTreeMap<(i64, usize), BotName>,
    /// When bots had positions closed at FYERS: its orders for that are no bot's.
    #[serde(skip)]
    exits: Vec<DateTime<Utc>>,
    /// The account's positions at FYERS, as last read.
    #[serde(skip)]
    account: Vec<Position>,
}

impl BotBooks {
    /// Begins this day (IST), if it is another one.
    pub fn begin(&mut self, day: NaiveDate) {
        if self.day == Some(day) {
            return;
        }
        self.day = Some(day);
        self.changes = SentChanges::of_day(day);
        self.forget_orders();
        for book in self.bots.values_mut() {
            let simulated = std::mem::take(&mut book.simulated);
            let shares = std::mem::take(&mut book.shares);
            *book = BotBook { simulated, shares, ..BotBook::default() };
        }
    }

    /// Counts orders that a bot sends.
    pub fn sent(&mut self, bot: &BotName, orders: u32) {
        let book = self.bots.entry(bot.clone()).or_default();
        book.orders = book.orders.saturating_add(orders);
    }

    /// An order that was counted has never left.
    pub fn unsent(&mut self, intent: &OrderIntent) {
        let orders = u32::try_from(intent.legs.len()).unwrap_or(u32::MAX);
        if let Some(book) = intent.bot.as_ref().and_then(|bot| self.bots.get_mut(bot)) {
            book.orders = book.orders.saturating_sub(orders);
        }
    }

    /// A key is gone: what its bot still holds is the owner's.
    pub fn inherit(&mut self, bot: &BotName) {
        let left: Vec<_> = self.left(bot).into_iter().map(|one| (one.symbol, one.product)).collect();
        if !left.is_empty() {
            self.left_behind.entry(bot.clone()).or_default().extend(left);
        }
        self.orders.inherit(bot);
        self.gtts.values_mut().filter(|owner| *owner == bot).for_each(|owner| *owner = BotName::owner());
        let Some(book) = self.bots.remove(bot) else { return };
        let owner = self.bots.entry(BotName::owner()).or_default();
        for holding in book.simulated {
            merge(&mut owner.simulated, &holding);
        }
        for holding in book.live {
            merge(&mut owner.live, &holding);
        }
        for (symbol, quantity) in book.shares {
            *owner.shares.entry(symbol).or_default() += quantity;
        }
    }

    /// Books what has happened in the MockExchange. `by` is the bot whose request brought it; `None`: no request.
    pub fn record(&mut self, records: &[Record], by: Option<&BotName>) {
        let mut of_gtt = None;
        for record in records {
            match record {
                Record::OrderAccepted { id, order, origin, reserve, link, multiplier, at, .. } => {
                    let parent = link.as_ref().and_then(|link| self.orders.get(&link.parent)?.bot.clone());
                    let bot = match origin {
                        Origin::Bot => by.cloned().or_else(|| Some(BotName::owner())),
                        Origin::Gtt => of_gtt.take().or_else(|| Some(BotName::owner())),
                        Origin::Leg => parent.or_else(|| Some(BotName::owner())),
                        Origin::Exit | Origin::SquareOff | Origin::Expiry => None,
                    };
                    let waiting = OrderState::waiting(id, order, *origin, *reserve, *at);
                    let waiting = OrderState { multiplier: *multiplier, ..waiting };
                    self.orders.insert(id, OpenOrder::of(&waiting, bot));
                }
                Record::OrderModified { id, quantity, limit_price, stop_price, .. } => {
                    self.orders.modify(id, *quantity, (*limit_price, *stop_price));
                }
                Record::Traded { id, quantity, price, .. } => self.traded(id, *quantity, *price, by),
                Record::GttAccepted { id, .. } => {
                    self.gtts.insert(id.clone(), by.cloned().unwrap_or_default());
                }
                Record::GttTriggered { id, refused, .. } => {
                    let owner = self.gtts.remove(id);
                    of_gtt = owner.filter(|_| refused.is_none());
                }
                Record::GttCancelled { id, .. } => {
                    self.gtts.remove(id);
                }
                Record::DayOpened { .. } => self.open_day(),
                Record::PositionConverted { symbol, side, quantity, from, to, .. } => {
                    self.convert(symbol, (*from, *to), side.sign() * quantity, by);
                }
                Record::OrderCancelled { .. }
                | Record::OrderExpired { .. }
                | Record::OrderRejected { .. }
                | Record::OrderTriggered { .. }
                | Record::AccountSeeded { .. }
                | Record::GttModified { .. }
                | Record::SquaredOff { .. } => {}
            }
        }
        // Not before the end: an order that has filled may be the parent of the exit legs that follow.
        self.orders.forget_ended(records);
    }

    fn open_day(&mut self) {
        self.orders.clear();
        for book in self.bots.values_mut() {
            let of_the_day = std::mem::take(&mut book.simulated);
            for bought in of_the_day.iter().filter(|one| one.product == Product::Cnc) {
                *book.shares.entry(bought.symbol.clone()).or_default() += bought.net();
            }
            // Who has sold more has sold shares of the account's copy.
            book.shares.retain(|_, held| *held > 0);
            book.simulated = of_the_day.into_iter().filter_map(Holding::over_night).collect();
        }
    }

    fn traded(&mut self, id: &str, quantity: i64, price: Decimal, by: Option<&BotName>) {
        let Some(order) = self.orders.fill(id, quantity) else { return };
        let signed = order.sign * quantity;
        match &order.bot {
            Some(bot) => self.fill_order(bot, &order, signed, price),
            None => {
                let shares = self.shares(&order.symbol, order.product, signed, by);
                for (bot, share) in shares {
                    self.fill_order(&bot, &order, share, price);
                }
            }
        }
    }

    fn fill(&mut self, bot: &BotName, symbol: &str, product: Product, quantity: i64, price: Decimal) {
        let book = self.bots.entry(bot.clone()).or_default();
        holding(&mut book.simulated, symbol, product).fill(quantity, price);
    }

    fn fill_order(&mut self, bot: &BotName, order: &OpenOrder, quantity: i64, price: Decimal) {
        let book = self.bots.entry(bot.clone()).or_default();
        let holding = holding(&mut book.simulated, &order.symbol, order.product);
        holding.multiplier = order.multiplier;
        holding.fill(quantity, price);
    }

    /// Whose positions an order of nobody's closes: first those of who asked for it, then the others'.
    fn shares(
        &self,
        symbol: &str,
        product: Product,
        quantity: i64,
        by: Option<&BotName>,
    ) -> Vec<(BotName, i64)> {
        let net = |bot: &BotName| {
            let book = self.bots.get(bot)?;
            book.simulated.iter().find(|one| one.symbol == symbol && one.product == product).map(Holding::net)
        };
        let first = by.into_iter();
        let others = self.bots.keys().filter(|bot| Some(*bot) != by);
        let (mut left, mut shares) = (quantity, vec![]);
        for bot in first.chain(others) {
            let open = net(bot).unwrap_or_default();
            let share = if open.signum() == -left.signum() { left.abs().min(open.abs()) } else { 0 };
            if share != 0 {
                shares.push((bot.clone(), share * quantity.signum()));
                left -= share * quantity.signum();
            }
        }
        if left != 0 {
            shares.push((by.cloned().unwrap_or_default(), left));
        }
        shares
    }

    fn convert(&mut self, symbol: &str, (from, to): (Product, Product), quantity: i64, by: Option<&BotName>) {
        for (bot, share) in self.shares(symbol, from, -quantity, by) {
            let held = self.bots.get(&bot).into_iter().flat_map(|book| &book.simulated);
            let held = held.into_iter().find(|one| one.symbol == symbol && one.product == from);
            let (price, multiplier) = held.map_or((Decimal::ZERO, 1), |one| (one.average(), one.multiplier));
            self.fill(&bot, symbol, from, share, price);
            let book = self.bots.entry(bot.clone()).or_default();
            holding(&mut book.simulated, symbol, to).multiplier = multiplier;
            self.fill(&bot, symbol, to, -share, price);
        }
    }

    /// Learns from the MockExchange what waits there; whose it is, is written in these books.
    pub fn recall_waiting(&mut self, waiting: impl Iterator<Item = OrderState>) {
        self.orders.recall(waiting);
    }

    /// Brings the positions in line with the account's: what nobody is known to hold, or too much of, is the owner's.
    pub fn balance(&mut self, account: &[Position]) {
        let mut apart: BTreeMap<(String, Product), (i64, Decimal)> = BTreeMap::new();
        for position in account {
            apart.insert((position.symbol.clone(), position.product), (position.net, position.average));
        }
        for held in self.bots.values().flat_map(|book| &book.simulated) {
            let one = apart.entry((held.symbol.clone(), held.product)).or_insert((0, held.average()));
            one.0 -= held.net();
        }
        for ((symbol, product), (net, average)) in apart.into_iter().filter(|(_, (net, _))| *net != 0) {
            self.fill(&BotName::owner(), &symbol, product, net, average);
        }
    }

    /// Keeps what only memory knew of the day, when the rest was read again.
    pub fn keep_day_of(&mut self, known: Self) {
        (self.day, self.at_fyers, self.ids_at_fyers) = (known.day, known.at_fyers, known.ids_at_fyers);
        (self.ordered, self.changes, self.stops) = (known.ordered, known.changes, known.stops);
        (self.exits, self.account, self.unknown) = (known.exits, known.account, known.unknown);
        for (bot, before) in known.bots {
            let book = self.bots.entry(bot).or_default();
            (book.live, book.orders) = (before.live, before.orders);
            (book.doubted, book.unmeasured) = (before.doubted, before.unmeasured);
            book.told.extend(before.told);
        }
    }

    /// Learns from the order journal and the open intents what bots have sent today.
    pub fn recall(&mut self, day: NaiveDate, entries: &[OrderEntry], open: &[OrderIntent]) {
        self.begin(day);
        self.forget_orders();
        self.bots.values_mut().for_each(|book| book.orders = 0);
        for entry in entries.iter().filter(|entry| entry.sent_on() == day) {
            let Some(bot) = &entry.bot else { continue };
            // What FYERS has refused with the token was handled as if it came anew, and is listed once more.
            let is_sent = entry.venue != Venue::None && !entry.is_refused_with_the_token();
            if is_sent && entry.quantity.is_some() {
                self.sent(bot, 1);
            }
            if entry.venue == Venue::Fyers {
                self.placed(entry);
            }
        }
        for intent in open.iter().filter(|intent| ist::date(intent.at) == day) {
            self.leaves(intent);
            if let Some(bot) = &intent.bot {
                self.sent(bot, u32::try_from(intent.legs.len()).unwrap_or(u32::MAX));
            }
        }
    }

    /// What a bot holds in the MockExchange.
    pub fn simulated(&self, bot: &BotName) -> Vec<Position> {
        let held = self.bots.get(bot).into_iter().flat_map(|book| &book.simulated);
        held.filter(|one| one.net() != 0).map(Holding::position).collect()
    }

    /// What a bot may believe it holds that was only simulated: its positions, and shares of days before.
    pub fn left(&self, bot: &BotName) -> Vec<Position> {
        let Some(book) = self.bots.get(bot) else { return vec![] };
        let mut all = book.simulated.clone();
        for (symbol, quantity) in &book.shares {
            holding(&mut all, symbol, Product::Cnc).fill(*quantity, Decimal::ZERO);
        }
        all.iter().filter(|one| one.net() != 0).map(Holding::position).collect()
    }

    /// What no order of a bot may close at FYERS: what is left of its own, and what a bot of its name has left to the owner.
    pub fn not_at_fyers(&self, bot: &BotName) -> Vec<Position> {
        let mut all = self.left(bot);
        if let Some(behind) = self.left_behind.get(bot).filter(|_| !bot.is_owner()) {
            let owners = self.left(&BotName::owner());
            all.extend(owners.into_iter().filter(|one| behind.contains(&(one.symbol.clone(), one.product))));
        }
        all
    }

    /// Whose GTT order this is there.
    pub fn owner_of_gtt(&self, id: &str) -> Option<&BotName> {
        self.gtts.get(id)
    }

    /// Whose order this is in the MockExchange.
    pub fn owner_of(&self, id: &str) -> Option<&BotName> {
        self.orders.get(id)?.bot.as_ref()
    }
}

/// Whether an operation places orders that are counted.
pub fn counts(operation: Operation) -> bool {
    matches!(operation, Operation::Place | Operation::PlaceMany | Operation::PlaceGtt | Operation::LiveOrder)
}

fn holding<'a>(holdings: &'a mut Vec<Holding>, symbol: &str, product: Product) -> &'a mut Holding {
    let at = holdings.iter().position(|one| one.symbol == symbol && one.product == product);
    let at = at.unwrap_or_else(|| {
        holdings.push(Holding::new(symbol, product));
        holdings.len() - 1
    });
    &mut holdings[at]
}

fn merge(into: &mut Vec<Holding>, more: &Holding) {
    holding(into, &more.symbol, more.product).add(more);
}

mod at_fyers;
mod own;
mod own_order;
#[cfg(test)]
mod tests;
mod whose_fills;
