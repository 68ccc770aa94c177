//! What `/api/status` says of market data and order updates.

use std::collections::BTreeMap;

use keeper_actors::hub::status as numbers;
use keeper_domain::feeds::news::Upstream;
use serde::{Deserialize, Serialize};

/// A connection to FYERS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Whether it is open and subscribed. It is only while a bot needs it.
    pub open: bool,
    /// Topics that are subscribed.
    pub subscriptions: usize,
    /// Seconds since its last message.
    pub last_frame_age: Option<u64>,
    /// How often it has ended by itself since the start, by reason.
    pub lost: BTreeMap<String, u64>,
}

/// The feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedsStatus {
    /// The data socket and the order socket of FYERS.
    pub sources: BTreeMap<String, SourceStatus>,
    /// Bots that are connected, by the way they came in.
    pub clients: BTreeMap<String, usize>,
    /// Symbols and depths that are followed.
    pub followed: usize,
    /// Values that have come since the start.
    pub values: u64,
    /// Values that were replaced by newer ones before a bot took them.
    pub values_conflated: u64,
    /// Order, trade and position events that were put into bots' queues.
    pub order_events: u64,
    /// Bots that were closed because they did not read.
    pub slow_clients_closed: u64,
}

impl From<&numbers::HubStatus> for FeedsStatus {
    fn from(now: &numbers::HubStatus) -> Self {
        let source = |which: Upstream| {
            let link = now.links.get(&which).copied().unwrap_or_default();
            let ends = now.ends.iter().filter(|((ended, _), _)| *ended == which);
            let lost = ends.map(|((_, reason), count)| (reason.slug().to_owned(), *count)).collect();
            let numbers::LinkStatus { is_open: open, subscriptions, last_frame_age } = link;
            (which.slug().to_owned(), SourceStatus { open, subscriptions, last_frame_age, lost })
        };
        Self {
            sources: [Upstream::Data, Upstream::Orders].map(source).into(),
            clients: now.clients.iter().map(|(door, count)| ((*door).to_owned(), *count)).collect(),
            followed: now.followed,
            values: now.counts.values,
            values_conflated: now.counts.conflated,
            order_events: now.counts.order_events,
            slow_clients_closed: now.slow,
        }
    }
}
