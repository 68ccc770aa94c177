//! What a person hears of orders without an answer: one message for all orders of a request of which the same is known.

use chrono::{DateTime, Utc};
use fyers_api::ist;

use super::{LostIntent, LostOrder, News, Telling};
use crate::{
    alerts::words::order,
    asked::Asked,
    event::{Event, UnreadBook},
    money::rupees,
    order_journal::{LookedUp, OrderEntry, Unanswered},
    routing::{live_positions::BookRow, request::Leg},
};

/// One bot's orders of which the same is told at the same moment are one message.
pub(super) fn together(all: impl Iterator<Item = Telling>) -> Vec<Telling> {
    let mut told: Vec<Telling> = vec![];
    for (rows, events) in all {
        let is_absorbed = told.last_mut().is_some_and(|(_, others)| absorb(others, &events));
        match told.last_mut().filter(|_| is_absorbed) {
            Some((other_rows, _)) => other_rows.extend(rows),
            None => told.push((rows, events)),
        }
    }
    told
}

/// Takes the orders of the second message into the first, where both are one and say the same of orders.
fn absorb(events: &mut [Event], more: &[Event]) -> bool {
    let [Event::OrderOutcomeUnknown { bot, asked, symbol, quantity, orders, token_refused, unread, .. }] =
        events
    else {
        return false;
    };
    let [
        Event::OrderOutcomeUnknown {
            bot: other_bot,
            asked: other_asked,
            token_refused: refused,
            unread: why,
            ..
        },
    ] = more
    else {
        return false;
    };
    let is_same = *bot == *other_bot && *token_refused == *refused && *unread == *why;
    if !is_same || asked.words().is_some() || other_asked.words().is_some() {
        return false;
    }
    if orders.is_empty() {
        orders.push(order(symbol, *quantity));
    }
    orders.extend(more.iter().flat_map(words));
    true
}

/// The orders that a message is about, in words.
fn words(event: &Event) -> Vec<String> {
    match event {
        Event::OrderOutcomeUnknown { symbol, quantity, orders, .. } if orders.is_empty() => {
            vec![order(symbol, *quantity)]
        }
        Event::OrderOutcomeUnknown { orders, .. } => orders.clone(),
        _ => vec![],
    }
}

impl LostIntent {
    /// No book can be read for it now.
    pub(super) fn tell_unread(&mut self, now: DateTime<Utc>) -> Telling {
        self.is_told = true;
        (self.rows(now), vec![self.unread(UnreadBook::Yet)])
    }

    /// None will be: what is known of its orders is that a person must look. Of what is no order no book tells anything, so
    /// that was said before.
    pub(super) fn tell_never_read(&mut self, now: DateTime<Utc>) -> Option<Telling> {
        let open = self.orders.iter_mut().filter(|order| order.known < LookedUp::LookYourself);
        let is_news = open.map(|order| order.known = LookedUp::LookYourself).count() > 0 || !self.is_told;
        self.is_told = true;
        is_news.then(|| (self.rows(now), vec![self.unread(UnreadBook::DayOver)]))
    }

    /// Its rows while no book was read for it.
    fn rows(&self, now: DateTime<Utc>) -> Vec<OrderEntry> {
        match &self.orders[..] {
            [] => vec![self.row((0, None, LookedUp::LookedFor), now)],
            orders => {
                let of = |order: &LostOrder| self.row((order.place, Some(&order.leg), order.known), now);
                orders.iter().map(of).collect()
            }
        }
    }

    fn row(&self, (place, leg, known): (usize, Option<&Leg>, LookedUp), now: DateTime<Utc>) -> OrderEntry {
        let (sent, is_told) = (self.sent, self.is_told);
        let unanswered = Unanswered { sent, is_told, ..self.intent.unanswered((place, leg), known) };
        self.intent.entry(leg, (unanswered, None), now)
    }

    fn unread(&self, why: UnreadBook) -> Event {
        let orders: Vec<&LostOrder> = self.orders.iter().collect();
        self.event((LookedUp::LookYourself, false), &orders, (vec![], Some(why)))
    }

    /// `news` has an element for each of its orders.
    pub(super) fn events(&self, news: &[Option<News>], book: &[BookRow]) -> Vec<Event> {
        if self.orders.is_empty() {
            let event = || self.event((LookedUp::LookYourself, false), &[], (vec![], None));
            return (!self.is_told).then(event).into_iter().collect();
        }
        let of = |known: LookedUp, is_another: bool| {
            let orders = self.orders.iter().zip(news);
            let orders = orders.filter_map(|(order, news)| Some((order, news.as_ref()?)));
            let is_one = |(order, news): &(&LostOrder, &News)| {
                order.known == known && matches!(news, News::Another { .. }) == is_another
            };
            let (orders, news): (Vec<&LostOrder>, Vec<&News>) = orders.filter(is_one).unzip();
            let mut rows = vec![];
            for (order, news) in orders.iter().zip(news) {
                let own = order.id.iter().filter(|_| !is_another);
                let ids = news.rows().iter().chain(own);
                let of_order = ids.filter_map(|id| book.iter().find(|row| row.id == *id));
                rows.extend(of_order.map(|row| row_words(row, order)));
            }
            (!orders.is_empty()).then(|| self.event((known, is_another), &orders, (rows, None)))
        };
        let known = [LookedUp::Found, LookedUp::LookYourself, LookedUp::NotFound];
        known.into_iter().filter_map(|known| of(known, false)).chain(of(LookedUp::Found, true)).collect()
    }

    /// `is_another`: what was found by its time is not the only row that is like it.
    fn event(
        &self,
        (known, is_another): (LookedUp, bool),
        orders: &[&LostOrder],
        (rows, unread): (Vec<String>, Option<UnreadBook>),
    ) -> Event {
        let first = orders.first().map(|order| (order.leg.symbol.clone(), order.leg.quantity));
        let (symbol, quantity) = first.unwrap_or_else(|| self.intent.subject());
        let is_listed = orders.len() > 1 && !is_another;
        Event::OrderOutcomeUnknown {
            bot: self.intent.bot.clone(),
            asked: Asked::of(&self.intent, (0, 0)),
            symbol,
            quantity,
            found: orders.first().and_then(|order| order.id.clone()),
            searched: known != LookedUp::LookYourself && !is_another,
            orders: orders.iter().filter(|_| is_listed).map(|order| order.words()).collect(),
            rows,
            token_refused: self.is_refused,
            is_by_time: known == LookedUp::Found && orders.iter().any(|order| order.leg.tag.is_none()),
            unread,
        }
    }
}

impl News {
    fn rows(&self) -> &[String] {
        let (Self::Known { rows } | Self::Another { rows }) = self;
        rows
    }
}

impl LostOrder {
    /// As it stands in a list of several.
    fn words(&self) -> String {
        let order = order(&self.leg.symbol, self.leg.quantity);
        self.id.as_ref().map_or_else(|| order.clone(), |id| format!("{order} as {id}"))
    }
}

/// A row of the order book as a person finds it in the FYERS app. One of another quantity is the order only if somebody has
/// changed it.
fn row_words(row: &BookRow, lost: &LostOrder) -> String {
    let price = match row.leg.price {
        price if price.is_zero() => "at market".to_owned(),
        price => format!("at {}", rupees(price)),
    };
    let time = row.at.map(|at| format!(" ({})", ist::ist(at).format("%H:%M:%S"))).unwrap_or_default();
    let changed = if row.whole == lost.leg.quantity { "" } else { ", if changed" };
    format!("{}: {} {price}{time}{changed}", row.id, order(&row.leg.symbol, row.whole))
}
