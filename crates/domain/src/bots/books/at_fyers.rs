//! Whose orders there are at FYERS today.

use std::collections::BTreeSet;

use chrono::{NaiveDate, TimeDelta};
use fyers_api::model::Position;
use rust_decimal::Decimal;

use super::BotBooks;
use crate::{
    bots::changed::{AtMost, OrderChange, SentChanges},
    keys::BotName,
    order_journal::{LookedUp, OrderEntry, OrderIntent},
    routing::{
        live_positions::BookRow,
        request::{Leg, normal},
    },
};

/// So long before or after an exit of positions an order that closes some is taken for its own: FYERS answers slowly, and its
/// clock is another one.
const OF_AN_EXIT: TimeDelta = TimeDelta::seconds(15);

/// An order of a bot's at FYERS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderAtFyers {
    pub(super) bot: BotName,
    /// As it was placed. Its product is known from its intent, or else once FYERS' order book has told.
    pub(super) leg: Leg,
    /// The stop that it was placed with, in INR, while that is known: the least that a purchase costs.
    pub(super) stop: Decimal,
    /// As FYERS' order book has shown it last.
    pub(super) seen: Option<Seen>,
}

/// A row of FYERS' order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) at_most: AtMost,
    /// What was left of it, without sign.
    pub(super) left: i64,
}

impl BotBooks {
    pub(super) fn forget_orders(&mut self) {
        self.at_fyers.clear();
        self.ids_at_fyers.clear();
        self.ordered.clear();
        self.exits.clear();
        self.unknown.clear();
        self.stops.clear();
        self.account.clear();
    }

    /// FYERS has told the id of an order of a bot's.
    pub fn placed(&mut self, entry: &OrderEntry) {
        // A change or a cancel names an order that may be anybody's.
        if !matches!(entry.what.as_str(), "modify" | "cancel" | "convert") {
            self.ids_at_fyers.extend(entry.id.clone());
        }
        if entry.what == "exit" {
            self.exits.push(entry.at);
        }
        self.learn_fate(entry);
        let ordered = entry.bot.clone().zip(entry.symbol.as_ref().map(|symbol| normal(symbol)));
        self.ordered.extend(ordered);
        // Of several legs FYERS tells one id, and not of which.
        let OrderEntry {
            bot: Some(bot),
            id: Some(id),
            symbol: Some(symbol),
            quantity: Some(quantity),
            by_time: None,
            ..
        } = entry
        else {
            return;
        };
        let leg = Leg {
            symbol: symbol.clone(),
            product: String::new(),
            quantity: *quantity,
            price: entry.price.unwrap_or_default(),
            tag: None,
        };
        self.at_fyers
            .insert(id.clone(), OrderAtFyers { bot: bot.clone(), leg, stop: Decimal::ZERO, seen: None });
    }

    /// An order without an answer may have filled until the order book has told what became of it.
    fn learn_fate(&mut self, entry: &OrderEntry) {
        let Some(lost) = entry.unanswered.as_ref().filter(|_| entry.what == "place") else { return };
        let which = (lost.intent, lost.place);
        match (lost.known, &entry.bot) {
            (LookedUp::LookedFor | LookedUp::LookYourself, Some(bot)) => {
                self.unknown.insert(which, bot.clone());
            }
            _ => {
                self.unknown.remove(&which);
            }
        }
    }

    /// Whether nobody knows what became of an order of this bot's today.
    pub fn has_unknown(&self, bot: &BotName) -> bool {
        self.unknown.values().any(|owner| owner == bot)
    }

    /// FYERS has told the ids of the orders of this intent, which knows their products.
    pub fn placed_by(&mut self, intent: &OrderIntent, entries: &[OrderEntry]) {
        let stops = self.stops.remove(&intent.id).unwrap_or_default();
        for entry in entries {
            self.placed(entry);
            let Some(order) = entry.id.as_ref().and_then(|id| self.at_fyers.get_mut(id)) else { continue };
            let is_it = |leg: &&Leg| leg.is_in(&order.leg.symbol) && leg.quantity == order.leg.quantity;
            let of_it = intent.legs.iter().zip(&stops).filter(|(leg, _)| is_it(leg));
            order.stop = of_it.map(|(_, stop)| *stop).max().unwrap_or_default();
            let of_intent: BTreeSet<String> =
                intent.legs.iter().filter(is_it).map(|leg| leg.key().1).collect();
            if let (Some(product), 1) = (of_intent.first(), of_intent.len()) {
                order.leg.product.clone_from(product);
            }
        }
    }

    /// The orders of the intent of this number leave with these stops, zero for none.
    pub fn stops_leave(&mut self, intent: i64, stops: &[Decimal]) {
        if stops.iter().any(|stop| *stop > Decimal::ZERO) {
            self.stops.insert(intent, stops.to_vec());
        }
    }

    /// Changes of orders leave with the intent of this number.
    pub fn change_leaves(&mut self, intent: i64, changes: &[OrderChange]) {
        self.changes.leave(intent, changes);
    }

    /// FYERS has taken the changes of this intent, or has done nothing.
    pub fn change_ended(&mut self, intent: i64, is_taken: bool) {
        if is_taken { self.changes.taken(intent) } else { self.changes.refused(intent) }
    }

    /// What is to be on disk before a change leaves.
    pub fn changes(&self) -> &SentChanges {
        &self.changes
    }

    /// The changes that an earlier run has sent, if they are of today.
    pub fn recall_changes(&mut self, changes: SentChanges, day: NaiveDate) {
        self.changes = changes.if_of(day);
    }

    /// An order of a bot's leaves for FYERS.
    pub fn leaves(&mut self, intent: &OrderIntent) {
        if intent.what == "exit" {
            self.exits.push(intent.at);
        }
        let symbols = intent.legs.iter().map(|leg| normal(&leg.symbol));
        self.ordered.extend(symbols.filter_map(|symbol| Some((intent.bot.clone()?, symbol))));
    }

    /// Whether this bot has ordered at FYERS in this symbol today, whatever came of it.
    pub fn has_ordered(&self, bot: &BotName, symbol: &str) -> bool {
        self.ordered.contains(&(bot.clone(), normal(symbol)))
    }

    /// Whose order at FYERS this id is, of bots'.
    pub fn whose(&self, id: &str) -> Option<&BotName> {
        self.at_fyers.get(id).map(|order| &order.bot)
    }

    /// What the bot's orders may have become with changes that no reading shows, beyond what they were sent as; `but` is left
    /// out.
    pub fn grown_unseen(&self, bot: &BotName, but: Option<&str>) -> Vec<Leg> {
        let unseen = self
            .at_fyers
            .iter()
            .filter(|(id, order)| order.bot == *bot && order.seen.is_none() && Some(id.as_str()) != but);
        let grown = unseen.filter_map(|(id, order)| {
            let more = self.changes.of(id).quantity.saturating_sub(order.leg.quantity.saturating_abs());
            let quantity = more.saturating_mul(order.leg.quantity.signum());
            (more > 0).then(|| Leg { quantity, ..order.leg.clone() })
        });
        grown.collect()
    }

    /// Learns from FYERS' order book what has filled today, of bots' orders and of others; and from its positions, where they
    /// were read with it. `units` tells what one of a symbol stands for.
    pub fn saw(
        &mut self,
        rows: &[BookRow],
        account: Option<&[Position]>,
        units: &dyn Fn(&str) -> Option<i64>,
    ) {
        if let Some(account) = account {
            self.account = account.to_vec();
        }
        for row in rows {
            if !row.waits {
                self.changes.ended(&row.id);
            }
            if let Some(order) = self.at_fyers.get_mut(&row.id) {
                order.saw(row);
            }
        }
        self.share_fills(rows, units);
    }

    /// Whether a bot had positions closed when this order was made.
    pub(super) fn is_of_an_exit(&self, row: &BookRow) -> bool {
        row.at.is_some_and(|at| self.exits.iter().any(|exit| (at - *exit).abs() <= OF_AN_EXIT))
    }
}

impl OrderAtFyers {
    fn saw(&mut self, row: &BookRow) {
        self.leg.product.clone_from(&row.leg.product);
        let at_most = AtMost {
            quantity: row.whole.saturating_abs(),
            limit: row.leg.price.max(row.stop),
            is_at_market: row.leg.price <= Decimal::ZERO,
        };
        self.seen = Some(Seen { at_most, left: row.leg.quantity.saturating_abs() });
    }
}
