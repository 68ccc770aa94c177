//! What is shown of the feeds.

use std::collections::BTreeMap;

use keeper_domain::feeds::{
    news::{EndReason, Upstream},
    state::FeedCounts,
};

/// A connection to FYERS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkStatus {
    /// Whether it is open and subscribed.
    pub is_open: bool,
    /// Topics that are subscribed.
    pub subscriptions: usize,
    /// Seconds since its last message, when there was one.
    pub last_frame_age: Option<u64>,
}

/// The feeds at one glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubStatus {
    /// The connections to FYERS.
    pub links: BTreeMap<Upstream, LinkStatus>,
    /// Bots by the way they came in.
    pub clients: BTreeMap<&'static str, usize>,
    /// Items that are followed.
    pub followed: usize,
    /// Numbers since the start.
    pub counts: FeedCounts,
    /// Ends of connections to FYERS since the start.
    pub ends: BTreeMap<(Upstream, EndReason), u64>,
    /// Bots that were closed because they did not read.
    pub slow: u64,
}
