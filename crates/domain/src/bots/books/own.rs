//! What is one bot's own of the books.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{BotBooks, Holding};
use crate::{
    keys::{BotName, LimitKind},
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
        let mut own = OwnDay { orders, has_lost: self.has_lost(bot, day), ..OwnDay::default() };
        for held in &book.simulated {
            own.count(held, None, simulated(&held.symbol));
        }
        for held in at_fyers {
            let is_it = |one: &&Holding| one.symbol == held.symbol && one.product == held.product;
            own.count(held, book.doubted.iter().find(is_it), live(&held.symbol));
        }
        if is_today {
            own.unpriced.extend(book.unmeasured.iter().cloned());
        }
        own
    }

    /// Whether a person is to be told that this limit is reached: once a day.
    pub fn tell(&mut self, bot: &BotName, limit: LimitKind) -> bool {
        self.bots.entry(bot.clone()).or_default().told.insert(limit)
    }

    /// Whether this bot's loss has reached its limit on this day. Who is told of it is told once; it holds for the day.
    pub fn has_lost(&self, bot: &BotName, day: NaiveDate) -> bool {
        let told = || self.bots.get(bot).is_some_and(|book| book.told.contains(&LimitKind::Loss));
        self.day == Some(day) && told()
    }

    /// A person has cleared what was simulated: shares of days before are held against nobody's orders any more. How many
    /// bots' there were.
    pub fn release_shares(&mut self) -> usize {
        self.bots.values_mut().map(|book| std::mem::take(&mut book.shares).len()).sum()
    }

    /// All bots that anything is known of.
    pub fn bots(&self) -> impl Iterator<Item = &BotName> {
        self.bots.keys()
    }

    /// Symbols of which a bot holds something, in the MockExchange or at FYERS.
    pub fn held(&self, bot: &BotName) -> BTreeSet<String> {
        let all = self
            .bots
            .get(bot)
            .into_iter()
            .flat_map(|book| book.simulated.iter().chain(&book.live).chain(&book.doubted));
        all.filter(|one| one.net() != 0).map(|one| one.symbol.clone()).collect()
    }
}

impl OwnDay {
    /// Counts what was won or lost with one holding; where it may also be the other one, what makes more of a loss.
    fn count(&mut self, held: &Holding, or: Option<&Holding>, price: Option<Decimal>) {
        if price.is_none() && (held.net() != 0 || or.is_some_and(|one| one.net() != 0)) {
            self.unpriced.insert(held.symbol.clone());
        }
        let result = held.result(price);
        self.result += or.map_or(result, |one| one.result(price).min(result));
    }
}
