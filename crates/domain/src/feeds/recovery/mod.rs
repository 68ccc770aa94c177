//! What happened to orders while FYERS' order socket was away. FYERS does not tell it afterwards, so the day's books are
//! read once when the socket is back, and what bots have not been told is told: each change of state once, in order.
//!
//! While the books are on their way, what the new connection tells is held back, for it comes after what is missing. A
//! state of the book is missing when it is neither the last that bots were told nor among those that are held. States that
//! had been overtaken when the books were read are gone: two changes of an order's price come as one. Of fills none is
//! gone: the trade book has each.
//!
//! Knowledge begins with books that are read when the first bot listens, whatever becomes of the connection meanwhile; they
//! tell nothing. All of this rests on one promise of the socket, that it
//! tells things in the order in which they happened; what comes late all the same is told apart where that is possible.

mod known;
mod standing;

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use fyers_api::{
    date, ist,
    order_socket::{DayBooks, OrderEvent, OrderTopic, PositionEvent, ServerText, TradeEvent},
};

use super::{connections::Generation, news::OrderNews};
use crate::routing::Venue;
pub use known::EventTime;
use known::{Fills, Latest};
use standing::{Change, Fill, OrderStanding, PositionKey, PositionStanding, Standing, fill};

/// Books are read this often in a row to tell equal fills apart; then the fewer are told.
const MOST_QUERIES: u32 = 3;

/// What bots know of the account's orders, and what is being found out.
#[derive(Debug, Default)]
pub struct Recovery {
    orders: Latest<String, OrderStanding>,
    fills: Fills,
    positions: Latest<PositionKey, PositionStanding>,
    knows_the_beginning: bool,
    query: Option<BookQuery>,
}

/// Books on their way.
#[derive(Debug)]
struct BookQuery {
    generation: Generation,
    /// What waits for them; `None` when nothing has to.
    held: Option<Vec<(Option<Change>, OrderNews)>>,
    /// What came since they were asked for the last time: the books may have it or not.
    since: Vec<Change>,
    times: u32,
}

/// What becomes of books that were read.
#[derive(Debug, PartialEq, Eq)]
pub enum Finished {
    /// Tell this.
    Tell {
        /// In order; what was held back is among it.
        news: Vec<OrderNews>,
        /// How many of them are from the books.
        missed: usize,
    },
    /// Read them once more: a fill like one of theirs came while they were on their way.
    ReadAgain,
}

impl Recovery {
    /// The connection tells something; what bots are to be told now.
    pub fn hear(&mut self, news: OrderNews, now: EventTime) -> Option<OrderNews> {
        let change = Change::read(&news.text);
        if let Some(query) = &mut self.query {
            query.since.extend(change.clone());
            if let Some(held) = &mut query.held {
                held.push((change, news));
                return None;
            }
        }
        self.is_news(change.as_ref(), now).then_some(news)
    }

    /// The books are asked for now. What a new connection tells waits for them, it `holds`; what an old one tells does not,
    /// for they were asked for in vain and may be so again.
    pub fn ask(&mut self, generation: Generation, holds: bool) {
        if let Some(query) = self.query.as_mut().filter(|query| query.generation == generation) {
            query.since.clear();
            query.times += 1;
            return;
        }
        let held = self.query.take().and_then(|query| query.held);
        let held = held.or_else(|| (holds && self.knows_the_beginning).then(Vec::new));
        self.query = Some(BookQuery { generation, held, since: vec![], times: 1 });
    }

    /// The books of the time when the first bot began to listen: bots know what is in them.
    pub fn begin_at(&mut self, books: &DayBooks, now: EventTime) {
        if self.knows_the_beginning {
            return;
        }
        let nothing = BookQuery { generation: 0, held: None, since: vec![], times: 0 };
        self.missing(&nothing, books, now);
        self.knows_the_beginning = true;
    }

    /// Whether it is known what bots knew when they began to listen.
    pub fn knows_the_beginning(&self) -> bool {
        self.knows_the_beginning
    }

    /// The books are here, and all that the connection told before they were made.
    pub fn finish(&mut self, generation: Generation, books: &DayBooks, now: EventTime) -> Finished {
        let Some(query) = self.query.take_if(|query| query.generation == generation) else {
            return Finished::Tell { news: vec![], missed: 0 };
        };
        if query.times < MOST_QUERIES && self.is_ambiguous(&query, books) {
            self.query = Some(query);
            return Finished::ReadAgain;
        }
        self.forget_old(now);
        let mut news: Vec<OrderNews> = self.missing(&query, books, now).iter().map(news).collect();
        let missed = news.len();
        self.knows_the_beginning = true;
        news.extend(self.release(query, now));
        Finished::Tell { news, missed }
    }

    /// The books do not come, or their connection has ended: nothing waits for them any longer. The next ones show what
    /// is missing.
    pub fn give_up(&mut self, generation: Generation, now: EventTime) -> Vec<OrderNews> {
        let query = self.query.take_if(|query| query.generation == generation);
        query.map(|query| self.release(query, now)).unwrap_or_default()
    }

    /// The same, whichever connection it is.
    pub fn interrupted(&mut self, now: EventTime) -> Vec<OrderNews> {
        let generation = self.query.as_ref().map(|query| query.generation);
        generation.map(|generation| self.give_up(generation, now)).unwrap_or_default()
    }

    /// Nobody listens: whoever comes later begins with what the books show then.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    fn release(&mut self, query: BookQuery, now: EventTime) -> Vec<OrderNews> {
        let held = query.held.into_iter().flatten();
        held.filter(|(change, _)| self.is_news(change.as_ref(), now)).map(|(_, news)| news).collect()
    }

    fn is_news(&mut self, change: Option<&Change>, now: EventTime) -> bool {
        match change {
            None => true,
            Some(Change::Order(id, to)) => self.orders.hear(id, to, now.day()),
            Some(Change::Position(key, to)) => self.positions.hear(key, to, now.day()),
            Some(Change::Fill(order, fill)) => {
                let filled = self.orders.get(order).map_or(0, OrderStanding::filled);
                self.fills.hear(order, *fill, filled, now)
            }
        }
    }

    /// Ids of orders are a day's own. What is older than yesterday is no news, whatever a book shows.
    fn forget_old(&mut self, now: EventTime) {
        self.orders.forget_before(yesterday(now));
        self.fills.forget_before(yesterday(now));
    }

    /// What the books have and bots have not: each order with its fills behind it, then positions.
    fn missing(&mut self, query: &BookQuery, books: &DayBooks, now: EventTime) -> Vec<ServerText> {
        let mut trades = self.missing_trades(query, books);
        trades.retain(|trade| !is_old(trade.time.as_deref().and_then(date::fill_time), now));
        let mut missing = vec![];
        for order in &books.orders {
            missing.extend(self.missing_order(query, order, now));
            let (own, others) = trades.into_iter().partition(|trade| trade.order_id == order.id);
            trades = others;
            missing.extend(self.see_trades(own, now));
        }
        missing.extend(self.see_trades(trades, now));
        let positions = books.positions.iter();
        missing.extend(positions.filter_map(|position| self.missing_position(query, position, now)));
        missing
    }

    fn missing_order(&mut self, query: &BookQuery, order: &OrderEvent, now: EventTime) -> Option<ServerText> {
        let (id, standing) = OrderStanding::of(order)?;
        if is_old(order.time.as_deref().and_then(date::order_time), now) {
            return None;
        }
        let of_this = |change: &Change| match change {
            Change::Order(known, to) if *known == id => Some(to.clone()),
            _ => None,
        };
        let is_missing = !query.overtakes(&standing, of_this)
            && self.orders.learn(&id, &standing, now.day(), self.knows_the_beginning);
        is_missing.then(|| ServerText::Order(Box::new(order.clone())))
    }

    fn missing_position(
        &mut self,
        query: &BookQuery,
        position: &PositionEvent,
        now: EventTime,
    ) -> Option<ServerText> {
        let (key, standing) = PositionStanding::of(position)?;
        let of_this = |change: &Change| match change {
            Change::Position(known, to) if *known == key => Some(to.clone()),
            _ => None,
        };
        let is_missing = !query.overtakes(&standing, of_this)
            && self.positions.learn(&key, &standing, now.day(), self.knows_the_beginning);
        is_missing.then(|| ServerText::Position(Box::new(position.clone())))
    }

    /// Fills of the book that are neither told nor held.
    fn missing_trades(&self, query: &BookQuery, books: &DayBooks) -> Vec<TradeEvent> {
        let (mut seen, held) = (Count::default(), query.held_fills());
        let is_missing = |trade: &&TradeEvent| {
            fill(trade).is_some_and(|(order, fill)| {
                let known = self.fills.told(&order, &fill) + held.of(&order, fill);
                seen.add(&order, fill) > known
            })
        };
        books.trades.iter().filter(is_missing).cloned().collect()
    }

    fn see_trades(&mut self, trades: Vec<TradeEvent>, now: EventTime) -> Vec<ServerText> {
        for (order, fill) in trades.iter().filter_map(fill) {
            match self.knows_the_beginning {
                true => self.fills.see(&order, fill, now),
                false => self.fills.begin_at(&order, fill, now.day()),
            }
        }
        let told = trades.into_iter().filter(|_| self.knows_the_beginning);
        told.map(|trade| ServerText::Trade(Box::new(trade))).collect()
    }

    /// Whether a fill that came since the books were asked for may be one of theirs, or one just like it.
    fn is_ambiguous(&self, query: &BookQuery, books: &DayBooks) -> bool {
        let (mut seen, held, since) = (Count::default(), query.held_fills(), Count::of_all(&query.since));
        books.trades.iter().filter_map(fill).any(|(order, fill)| {
            let known = self.fills.told(&order, &fill) + held.of(&order, fill);
            let since = since.of(&order, fill);
            since > 0 && seen.add(&order, fill) > known.saturating_sub(since)
        })
    }
}

impl BookQuery {
    /// Whether bots hear of this state, or of a later one, from what came meanwhile. What is held comes behind the
    /// book's; what was told is told, and the book's state would come too late.
    fn overtakes<S: Standing>(&self, seen: &S, of_this: impl Fn(&Change) -> Option<S>) -> bool {
        match &self.held {
            Some(held) => held.iter().any(|(change, _)| {
                change.as_ref().and_then(&of_this).is_some_and(|held| seen.is_same(&held))
            }),
            None => self.since.iter().any(|change| of_this(change).is_some()),
        }
    }

    fn held_fills(&self) -> Count {
        Count::of_all(self.held.iter().flatten().filter_map(|(change, _)| change.as_ref()))
    }
}

/// How often each fill is there.
#[derive(Default)]
struct Count(HashMap<(String, Fill), usize>);

impl Count {
    fn of_all<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let mut all = Self::default();
        for change in changes {
            if let Change::Fill(order, fill) = change {
                all.add(order, *fill);
            }
        }
        all
    }

    fn add(&mut self, order: &str, fill: Fill) -> usize {
        let times = self.0.entry((order.to_owned(), fill)).or_default();
        *times += 1;
        *times
    }

    fn of(&self, order: &str, fill: Fill) -> usize {
        self.0.get(&(order.to_owned(), fill)).copied().unwrap_or(0)
    }
}

/// The book of a day may be shown until the next morning.
fn yesterday(now: EventTime) -> NaiveDate {
    now.day() - Days::new(1)
}

/// A time that is not known is no old one.
fn is_old(at: Option<DateTime<Utc>>, now: EventTime) -> bool {
    at.is_some_and(|at| ist::date(at) < yesterday(now))
}

fn news(text: &ServerText) -> OrderNews {
    let topic = match text {
        ServerText::Order(_) => Some(OrderTopic::Orders),
        ServerText::Trade(_) => Some(OrderTopic::Trades),
        ServerText::Position(_) => Some(OrderTopic::Positions),
        _ => None,
    };
    OrderNews { venue: Venue::Fyers, topic, text: text.write().into() }
}

#[cfg(test)]
mod tests;
