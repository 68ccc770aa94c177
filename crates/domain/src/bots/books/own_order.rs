//! An order of a bot's as it may be by now.

use super::BotBooks;
use crate::{bots::changed::AtMost, keys::BotName, routing::request::Leg};

/// An order of a bot's that may still be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOrder {
    /// As it was placed; in the MockExchange, as it is. The product is empty while nobody knows it.
    pub leg: Leg,
    /// The most that it may be by now.
    pub at_most: AtMost,
    /// The most that may still fill, without sign.
    pub left: i64,
}

impl BotBooks {
    /// The order of this id, if it is this bot's today.
    pub fn order(&self, bot: &BotName, id: &str) -> Option<OwnOrder> {
        self.order_at_fyers(bot, id).or_else(|| self.simulated_order(bot, id))
    }

    /// A change is not in FYERS' order book at once, and whether a new quantity counts what has filled is not known: it is taken
    /// for what is left.
    fn order_at_fyers(&self, bot: &BotName, id: &str) -> Option<OwnOrder> {
        let order = self.at_fyers.get(id).filter(|order| order.bot == *bot)?;
        let (leg, changes) = (order.leg.clone(), self.changes.of(id));
        let seen = order.seen.map(|seen| seen.at_most).unwrap_or_default();
        let left = order.seen.map_or(leg.quantity.saturating_abs(), |seen| seen.left).max(changes.quantity);
        Some(OwnOrder { at_most: AtMost::of(&leg).at_least(order.stop).or(changes).or(seen), leg, left })
    }

    /// There a change is made in the turn that decides about it.
    fn simulated_order(&self, bot: &BotName, id: &str) -> Option<OwnOrder> {
        let order = self.orders.get(id).filter(|order| order.bot.as_ref() == Some(bot))?;
        let leg = order.leg();
        Some(OwnOrder { at_most: AtMost::of(&leg).at_least(order.stop), left: order.left(), leg })
    }
}
