//! Orders that FYERS has taken and rejects afterwards. Its risk checks and the exchange come after the answer to the call, so
//! most rejects are seen in its order book alone.

mod by_time;
mod marked;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{
    codes,
    envelope::id_text,
    http::ApiResponse,
    ist,
    model::OrderStatus,
    number::{decimal, whole},
    response,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use by_time::AllTakenByTime;
pub use by_time::OrdersByTime;

use crate::{
    asked::Asked,
    event::Event,
    order_journal::{BrokerClock, OrderEntry},
    routing::{Venue, live_positions::user_tag, request::normal},
};

/// Longest reason kept.
const WORDS: usize = 200;
/// So long an order is waited for that no book shows: an after-market order is checked on the next trading day.
const WAITED_FOR: TimeDelta = TimeDelta::days(5);
/// The clocks of FYERS and of this machine may be so far apart.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(60);

/// What FYERS' order book says of an order that it had taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// When the keeper saw it.
    pub at: DateTime<Utc>,
    /// The order's id.
    pub id: String,
    /// The broker's words, cut short.
    pub message: String,
}

/// One row of the order book that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedRow {
    id: String,
    tag: Option<String>,
    symbol: String,
    product: String,
    quantity: i64,
    price: Decimal,
    at: Option<DateTime<Utc>>,
    /// Why, when FYERS has rejected it.
    rejected: Option<String>,
}

/// Bots' orders that FYERS has taken and that no book has shown as over.
#[derive(Debug, Clone, Default)]
pub struct TakenOrders {
    by_id: BTreeMap<String, OrderEntry>,
    /// Those that FYERS has answered without an id and that have a bot's own mark.
    by_tag: Vec<OrderEntry>,
    /// Those of requests of which FYERS does not tell the id of each.
    by_time: AllTakenByTime,
    /// Those of which a person has heard, by their ids.
    rejected: BTreeMap<String, Rejection>,
}

impl TakenOrders {
    /// What the store knows at a start. Of which a person has heard is written down with the order.
    pub fn recall(entries: &[OrderEntry], now: DateTime<Utc>) -> Self {
        let mut all = Self::default();
        for entry in entries.iter().filter(|entry| now - entry.at < WAITED_FOR) {
            all.rejected.extend(entry.rejected.iter().map(|told| (told.id.clone(), told.clone())));
            all.add(entry);
        }
        all
    }

    /// One more, if FYERS has taken it.
    pub fn add(&mut self, entry: &OrderEntry) {
        if let Some(orders) = &entry.by_time {
            return self.by_time.add(entry, orders);
        }
        let is_taken = entry.venue == Venue::Fyers && !entry.is_refused();
        if !is_taken || entry.is_unknown() || entry.rejected.is_some() {
            return;
        }
        match (entry.what.as_str(), &entry.id, &entry.tag) {
            ("place", Some(id), _) if !id.is_empty() => drop(self.by_id.insert(id.clone(), entry.clone())),
            ("place", _, Some(_)) => self.by_tag.push(entry.clone()),
            // An order that could not be read, unless it is about one that is known.
            ("other", Some(id), _) if !id.is_empty() => {
                self.by_id.entry(id.clone()).or_insert_with(|| entry.clone());
            }
            _ => {}
        }
    }

    /// One that was looked for, as it is to be written down: with what was learned of it before.
    #[must_use]
    pub fn take_in(&mut self, entry: OrderEntry) -> OrderEntry {
        if entry.by_time.is_some() {
            self.add(&entry);
            return self.by_time.with_reject(entry);
        }
        let rejected = entry.id.as_ref().and_then(|id| self.rejected.get(id)).cloned();
        if rejected.is_none() {
            self.add(&entry);
        }
        OrderEntry { rejected, ..entry }
    }

    /// The rows of an order book that are over, if any order is waited for.
    pub fn ended_in(&self, book: Option<&ApiResponse>) -> Vec<EndedRow> {
        let is_needed = !self.by_id.is_empty() || !self.by_tag.is_empty() || !self.by_time.is_empty();
        let body = book.filter(|_| is_needed).map(response::json).unwrap_or_default();
        let rows = body["orderBook"].as_array();
        rows.into_iter().flatten().filter_map(EndedRow::of).collect()
    }

    /// What these rows have as rejected for the first time: the entries to be written down, and what a person hears.
    /// `is_known` tells the ids that FYERS has told of orders.
    pub fn learn(
        &mut self,
        ended: &[EndedRow],
        is_known: impl Fn(&str) -> bool,
        (clock, now): (BrokerClock, DateTime<Utc>),
    ) -> (Vec<OrderEntry>, Vec<Event>) {
        let mut news: Vec<(OrderEntry, Event)> =
            ended.iter().filter_map(|row| self.ended(row, &is_known, now)).collect();
        // The first orders after an exit are its own.
        let is_free = |row: &&EndedRow| !is_known(&row.id) || self.by_time.has_id(&row.id);
        let mut free: Vec<&EndedRow> = ended.iter().filter(is_free).collect();
        free.sort_by_key(|row| row.at);
        news.extend(free.into_iter().filter_map(|row| self.ended_by_time(row, clock, now)));
        self.by_id.retain(|_, entry| now - entry.at < WAITED_FOR);
        self.by_tag.retain(|entry| now - entry.at < WAITED_FOR);
        self.rejected.retain(|_, rejected| now - rejected.at < WAITED_FOR);
        self.by_time.forget(now);
        news.into_iter().unzip()
    }

    /// The order of this row is over. What is told of it, if FYERS has rejected it.
    fn ended(
        &mut self,
        row: &EndedRow,
        is_known: &impl Fn(&str) -> bool,
        now: DateTime<Utc>,
    ) -> Option<(OrderEntry, Event)> {
        let entry = self.by_id.remove(&row.id).or_else(|| self.take_by_tag(row, is_known))?;
        let message = row.rejected.clone()?;
        let event = row.told(&entry, &message);
        let rejected = Rejection { at: now, id: row.id.clone(), message };
        self.rejected.insert(row.id.clone(), rejected.clone());
        Some((OrderEntry { rejected: Some(rejected), ..entry }, event))
    }

    /// The same of an order that FYERS has made without telling its id.
    fn ended_by_time(
        &mut self,
        row: &EndedRow,
        clock: BrokerClock,
        now: DateTime<Utc>,
    ) -> Option<(OrderEntry, Event)> {
        let known = self.by_time.whose(row, clock, now)?;
        let message = row.rejected.clone().filter(|_| !self.rejected.contains_key(&row.id))?;
        let rejected = Rejection { at: now, id: row.id.clone(), message };
        let entry = OrderEntry { rejected: Some(rejected.clone()), ..row.of_request(known) };
        if known.rejected.is_none() {
            known.clone_from(&entry);
        }
        // Of a leg that became several orders this is one.
        let of_row = OrderEntry { symbol: None, quantity: None, price: None, ..entry.clone() };
        let event = row.told(&of_row, &rejected.message);
        self.rejected.insert(row.id.clone(), rejected);
        Some((entry, event))
    }

    fn take_by_tag(&mut self, row: &EndedRow, is_known: &impl Fn(&str) -> bool) -> Option<OrderEntry> {
        let place = self.by_tag.iter().position(|entry| row.is_of(entry) && !is_known(&row.id))?;
        Some(self.by_tag.remove(place))
    }
}

impl EndedRow {
    fn of(row: &Value) -> Option<Self> {
        let status = whole(&row["status"]).and_then(codes::status)?;
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let words = || crate::alerts::words::excerpt(text("message"), WORDS);
        let is_over = !matches!(status, OrderStatus::Pending | OrderStatus::Transit);
        is_over.then_some(Self {
            id: id_text(&row["id"])?,
            tag: row["orderTag"].as_str().and_then(user_tag),
            symbol: text("symbol").to_owned(),
            product: text("productType").to_owned(),
            quantity: whole(&row["qty"]).unwrap_or_default() * whole(&row["side"]).unwrap_or(1).signum(),
            price: decimal(&row["limitPrice"]).unwrap_or_default(),
            at: fyers_api::date::order_time(text("orderDateTime")),
            rejected: (status == OrderStatus::Rejected).then(words),
        })
    }

    /// Whether it may be the order of this entry, which FYERS has answered without an id.
    fn is_of(&self, entry: &OrderEntry) -> bool {
        let is_symbol = |symbol: &String| normal(symbol) == normal(&self.symbol);
        self.tag == entry.tag
            && entry.symbol.as_ref().is_some_and(is_symbol)
            && entry.quantity == Some(self.quantity)
            && self.at.is_some_and(|at| (at - entry.at).abs() <= CLOCKS_APART)
    }

    /// The row names what an entry of a sliced order does not.
    fn told(&self, entry: &OrderEntry, message: &str) -> Event {
        let price = entry.price.unwrap_or(self.price);
        let what = Some(entry.what.clone()).filter(|what| what == "exit").unwrap_or_default();
        Event::OrderRejected {
            bot: entry.bot.clone(),
            asked: Asked { what, ids: vec![] },
            symbol: entry.symbol.clone().unwrap_or_else(|| self.symbol.clone()),
            quantity: entry.quantity.unwrap_or(self.quantity),
            price: price.normalize().to_string(),
            code: 0,
            message: message.to_owned(),
            taken_as: Some(self.id.clone()),
        }
    }
}

impl OrderEntry {
    /// Whether the broker has rejected it on this day (IST), at once or later.
    pub fn is_rejected_on(&self, day: NaiveDate) -> bool {
        let at_once = self.is_refused() && ist::date(self.at) == day;
        at_once || self.rejected.as_ref().is_some_and(|later| ist::date(later.at) == day)
    }

    /// What the text of its own row in a store has, and no other row: what was learned of it takes that one's place. A store
    /// looks for these as text: a damaged entry beside it must not stop a commit, and in what a bot writes the quotes are escaped.
    pub fn replaces(&self) -> Option<[String; 2]> {
        if let Some(lost) = self.settles() {
            return Some([lost.mark(), lost.mark()]);
        }
        self.rejected.as_ref()?;
        let json = |value: &Option<String>| serde_json::to_string(value).unwrap_or_default();
        let at = serde_json::to_string(&self.at).unwrap_or_default();
        let names = || format!(r#""tag":{},"id":{},"#, json(&self.tag), json(&self.id));
        let by_time = self.by_time.as_ref().and_then(|orders| serde_json::to_string(orders).ok());
        let own = by_time.map_or_else(names, |orders| format!(r#""by_time":{orders}"#));
        Some([format!(r#"{{"at":{at},"#), own])
    }
}

#[cfg(test)]
mod tests;
