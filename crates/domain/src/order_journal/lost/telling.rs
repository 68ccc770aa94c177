//! What a person hears of orders without an answer: one message for all orders of a request of which the same is known.

use fyers_api::ist;

use super::{LostIntent, LostOrder, News};
use crate::{
    alerts::words::order, asked::Asked, event::Event, money::rupees, order_journal::LookedUp,
    routing::live_positions::BookRow,
};

impl LostIntent {
    /// `news` has an element for each of its orders.
    pub(super) fn events(&self, news: &[Option<News>], book: &[BookRow]) -> Vec<Event> {
        if self.orders.is_empty() {
            return vec![self.event((LookedUp::LookYourself, false), &[], vec![])];
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
            (!orders.is_empty()).then(|| self.event((known, is_another), &orders, rows))
        };
        let known = [LookedUp::Found, LookedUp::LookYourself, LookedUp::NotFound];
        known.into_iter().filter_map(|known| of(known, false)).chain(of(LookedUp::Found, true)).collect()
    }

    /// `is_another`: what was found by its time is not the only row that is like it.
    fn event(
        &self,
        (known, is_another): (LookedUp, bool),
        orders: &[&LostOrder],
        rows: Vec<String>,
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
