//! The order journal as it is told: each order with how far it has come.

use std::collections::BTreeMap;

use actix::Addr;
use keeper_actors::exchange::{ExchangeActor, messages::GetProgress};
use keeper_domain::{
    order_journal::{OrderEntry, OrderProgress},
    ports::Store,
};

use crate::app::ask::ask;

/// The newest entries, newest first.
pub(super) async fn told(
    store: &dyn Store,
    exchange: &Addr<ExchangeActor>,
    limit: u32,
) -> Option<Vec<serde_json::Value>> {
    let entries = store.order_journal(limit).await.ok()?;
    let placed = entries.iter().filter(|entry| entry.what == "place" && entry.code >= 0);
    let ids = placed.filter_map(|entry| entry.id.clone()).collect();
    // Where nobody tells in time, an order is known as accepted.
    let progress = ask(exchange, GetProgress(ids)).await.unwrap_or_default();
    Some(entries.iter().filter_map(|entry| with_progress(entry, &progress)).collect())
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
