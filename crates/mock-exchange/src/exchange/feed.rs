//! What a stream of prices is made of, handed out so that it is made elsewhere: thousands of symbols must not hold up an
//! order.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{MockExchange, Prices};
use crate::{api::quotes::Quoted, walk_feed::WalkSource};

/// Prices of some symbols at one moment.
#[derive(Debug, Clone)]
pub struct FeedPrices {
    /// What made-up prices come from; `None` while nothing is made up.
    pub walk: Option<WalkSource>,
    /// Symbols with their price step, for the walk.
    pub ticks: Vec<(String, Decimal)>,
    /// Real prices as they were last seen, when nothing is made up.
    pub last: Vec<Quoted>,
    /// Symbols that the exchange does not know.
    pub unknown: Vec<String>,
}

impl MockExchange {
    /// What prices of these symbols are made of, by the policy.
    pub fn feed(&self, symbols: &[String], prices: Prices, now: DateTime<Utc>) -> FeedPrices {
        let engine = self.engine();
        let (known, unknown): (Vec<&String>, Vec<&String>) =
            symbols.iter().partition(|symbol| engine.known(symbol, None).is_ok());
        let unknown = unknown.into_iter().cloned().collect();
        if prices != Prices::Walk {
            let last = known.into_iter().filter_map(|symbol| self.quoted(symbol, prices, now).ok()).collect();
            return FeedPrices { walk: None, ticks: vec![], last, unknown };
        }
        let walk = WalkSource { walk: self.walk.clone(), calendar: engine.calendar_shared() };
        let ticks = known.into_iter().map(|symbol| (symbol.clone(), self.tick_size(symbol))).collect();
        FeedPrices { walk: Some(walk), ticks, last: vec![], unknown }
    }
}
