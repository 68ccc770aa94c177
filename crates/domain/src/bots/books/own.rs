//! What is one bot's own of the books.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{BotBooks, Holding};
use crate::{
    keys::BotName,
    routing::own::{Own, OwnDay},
};

impl BotBooks {
    /// Whether this order of FYERS is known to be a bot's: FYERS answered with its id, or it was found.
    pub fn knows(&self, id: &str) -> bool {
        self.ids_at_fyers.contains(id)
    }

    /// What is this bot's own, with these last prices, but for what waits.
    pub fn own(&self, day: NaiveDate, bot: &BotName, price: &dyn Fn(&str) -> Option<Decimal>) -> Own {
        let (simulated, left) = (self.simulated(bot), self.left(bot));
        Own { simulated, left, waiting: vec![], day: self.day_of(day, bot, price, price) }
    }

    /// A bot's day, with these prices of what it holds in the MockExchange and at FYERS.
    pub fn day_of(
        &self,
        day: NaiveDate,
        bot: &BotName,
        simulated: &dyn Fn(&str) -> Option<Decimal>,
        live: &dyn Fn(&str) -> Option<Decimal>,
    ) -> OwnDay {
        let Some(book) = self.bots.get(bot) else { return OwnDay::default() };
        let is_today = self.day == Some(day);
        let at_fyers: &[Holding] = if is_today { &book.live } else { &[] };
        let orders = if is_today { book.orders } else { 0 };
        let mut own = OwnDay { orders, ..OwnDay::default() };
        let in_mock = book.simulated.iter().map(|held| (held, simulated(&held.symbol)));
        for (held, price) in in_mock.chain(at_fyers.iter().map(|held| (held, live(&held.symbol)))) {
            if price.is_none() && held.net() != 0 {
                own.unpriced.insert(held.symbol.clone());
            }
            own.result += held.result(price);
        }
        own
    }

    /// Symbols of which a bot holds something, in the MockExchange or at FYERS.
    pub fn held(&self, bot: &BotName) -> BTreeSet<String> {
        let all = self.bots.get(bot).into_iter().flat_map(|book| book.simulated.iter().chain(&book.live));
        all.filter(|one| one.net() != 0).map(|one| one.symbol.clone()).collect()
    }
}
