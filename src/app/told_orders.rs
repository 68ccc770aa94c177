//! The order journal as it is told: each order with how far it has come.

use std::collections::BTreeMap;

use actix::Addr;
use keeper_actors::exchange::{ExchangeActor, messages::GetProgress};
use keeper_domain::{
    keys::BotName,
    order_journal::{OrderEntry, OrderProgress},
    ports::{Store, StoreError},
};

use crate::app::ask::ask;

/// Entries that are read at once, and so often at most, to find those of one bot.
const PART: u32 = 200;
const PARTS: u32 = 10;

/// The newest entries, newest first; those of one bot alone, if one is named.
pub(super) async fn told(
    store: &dyn Store,
    exchange: &Addr<ExchangeActor>,
    limit: u32,
    of: Option<&BotName>,
) -> Option<Vec<serde_json::Value>> {
    let entries = match of {
        None => store.order_journal(limit).await,
        Some(bot) => of_bot(store, limit as usize, bot).await,
    };
    let entries = entries.ok()?;
    let placed = entries.iter().filter(|entry| entry.what == "place" && !entry.is_refused());
    let ids = placed.filter_map(|entry| entry.id.clone()).collect();
    // Where nobody tells in time, an order is known as accepted.
    let progress = ask(exchange, GetProgress(ids)).await.unwrap_or_default();
    Some(entries.iter().filter_map(|entry| with_progress(entry, &progress)).collect())
}

/// Those of one bot among the newest ones of all.
async fn of_bot(store: &dyn Store, limit: usize, bot: &BotName) -> Result<Vec<OrderEntry>, StoreError> {
    let (mut own, mut before) = (Vec::new(), None);
    for _ in 0..PARTS {
        let part = store.orders_before(before, PART).await?;
        let Some((oldest, _)) = part.last() else { break };
        before = Some(*oldest);
        own.extend(part.into_iter().map(|(_, entry)| entry).filter(|entry| entry.bot.as_ref() == Some(bot)));
        if own.len() >= limit {
            break;
        }
    }
    own.truncate(limit);
    Ok(own)
}

fn with_progress(
    entry: &OrderEntry,
    progress: &BTreeMap<String, OrderProgress>,
) -> Option<serde_json::Value> {
    let found = entry.id.as_ref().filter(|_| entry.what == "place").and_then(|id| progress.get(id));
    let mut told = serde_json::to_value(entry).ok()?;
    if let Some(found) = found {
        told["progress"] = serde_json::to_value(found).ok()?;
    }
    Some(told)
}
