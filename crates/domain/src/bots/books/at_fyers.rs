//! Whose orders there are at FYERS today.

use fyers_api::model::Product;

use super::{BotBooks, holding};
use crate::{
    keys::BotName,
    order_journal::{OrderEntry, OrderIntent},
    routing::{
        live_positions::BookRow,
        request::{Leg, normal},
    },
};

impl BotBooks {
    pub(super) fn forget_orders(&mut self) {
        self.at_fyers.clear();
        self.ids_at_fyers.clear();
        self.ordered.clear();
    }

    /// FYERS has told the id of an order of a bot's.
    pub fn placed(&mut self, entry: &OrderEntry) {
        // A change or a cancel names an order that may be anybody's.
        if !matches!(entry.what.as_str(), "modify" | "cancel" | "convert") {
            self.ids_at_fyers.extend(entry.id.clone());
        }
        let ordered = entry.bot.clone().zip(entry.symbol.as_ref().map(|symbol| normal(symbol)));
        self.ordered.extend(ordered);
        let OrderEntry {
            bot: Some(bot), id: Some(id), symbol: Some(symbol), quantity: Some(quantity), ..
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
        self.at_fyers.insert(id.clone(), (bot.clone(), leg));
    }

    /// An order of a bot's leaves for FYERS.
    pub fn leaves(&mut self, intent: &OrderIntent) {
        let symbols = intent.legs.iter().map(|leg| normal(&leg.symbol));
        self.ordered.extend(symbols.filter_map(|symbol| Some((intent.bot.clone()?, symbol))));
    }

    /// Whether this bot has ordered at FYERS in this symbol today, whatever came of it.
    pub fn has_ordered(&self, bot: &BotName, symbol: &str) -> bool {
        self.ordered.contains(&(bot.clone(), normal(symbol)))
    }

    /// Whose order at FYERS this id is, of bots'.
    pub fn whose(&self, id: &str) -> Option<&BotName> {
        self.at_fyers.get(id).map(|(bot, _)| bot)
    }

    /// Learns from FYERS' order book what bots' orders have filled today.
    pub fn saw(&mut self, rows: &[BookRow]) {
        self.bots.values_mut().for_each(|book| book.live.clear());
        for row in rows.iter().filter(|row| row.filled != 0) {
            let Some((bot, _)) = self.at_fyers.get(&row.id) else { continue };
            let product = row.leg.known_product().unwrap_or(Product::Other);
            let book = self.bots.entry(bot.clone()).or_default();
            holding(&mut book.live, &row.leg.symbol, product).fill(row.filled, row.average);
        }
    }
}
