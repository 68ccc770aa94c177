//! Prices of the MockExchange, for the time without a token. They are made on a thread for blocking work: the first
//! price of a symbol counts through its whole day.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use keeper_domain::feeds::{directory::Item, quote::FeedQuote};
use mock_exchange::{
    api::{feed::snapshot, quotes::Quoted},
    exchange::FeedPrices,
    walk_feed::WalkFeed,
};

use crate::hub::Hub;

type BySymbol<'a> = HashMap<&'a str, Vec<&'a Item>>;

/// Tells bots the prices of now, and gives the walk back.
pub(super) fn tell(
    hub: &Hub,
    items: &[Item],
    prices: &FeedPrices,
    mut walk: WalkFeed,
    now: DateTime<Utc>,
) -> WalkFeed {
    let mut by_symbol = BySymbol::new();
    items.iter().for_each(|item| by_symbol.entry(&item.symbol).or_default().push(item));
    for symbol in &prices.unknown {
        hub.with(|feeds, now| feeds.refuse(symbol, "Invalid symbol provided", now));
    }
    prices.last.iter().for_each(|quoted| deliver(hub, &by_symbol, quoted, true));
    if let Some(source) = &prices.walk {
        for (symbol, tick) in &prices.ticks {
            deliver(hub, &by_symbol, &walk.quote(source, symbol, *tick, now), false);
        }
    }
    walk
}

/// A price that the exchange remembers does not cover what the data socket told of the same symbol.
fn deliver(hub: &Hub, items: &BySymbol<'_>, quoted: &Quoted, only_unknown: bool) {
    let (origin, at) = (quoted.price.origin, quoted.price.at);
    for item in items.get(quoted.price.symbol.as_str()).into_iter().flatten() {
        let quote = FeedQuote::new((*item).clone(), snapshot(quoted, item.kind), origin, at);
        hub.with(|feeds, now| {
            if !only_unknown || !feeds.knows(item) {
                feeds.snapshot(quote, now);
            }
        });
    }
}
