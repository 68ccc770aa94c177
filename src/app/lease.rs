//! What the keeper that acts says of its lease.

use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use tokio::sync::Notify;

use crate::{status::LeaseStatus, store::postgres::PostgresStore};

/// The lease that this keeper holds.
pub(super) struct Lease {
    pub(super) store: PostgresStore,
    since: DateTime<Utc>,
    pub(super) hand_over: Notify,
}

impl Lease {
    pub(super) fn new(store: PostgresStore, since: DateTime<Utc>) -> Self {
        Self { store, since, hand_over: Notify::new() }
    }

    pub(super) async fn status(&self) -> LeaseStatus {
        LeaseStatus {
            address: self.store.address().map(str::to_owned),
            epoch: self.store.holding().epoch(),
            since: ist(self.since),
            standby: self.store.is_awaited().await,
        }
    }
}
