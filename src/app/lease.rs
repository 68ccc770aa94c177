//! What the keeper that acts says of its lease.

use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::{notes::HALTED_FOR_PUT_BACK, ports::Store};
use tokio::sync::Notify;

use crate::{http::HandOver, status::LeaseStatus, store::postgres::PostgresStore};

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

    /// Lets another keeper act, unless that one cannot and nobody insists.
    pub(super) async fn hand_over(&self, is_forced: bool) -> HandOver {
        if !is_forced && !self.store.is_awaited().await {
            return HandOver::NobodyStandsBy;
        }
        let reaches = self.store.awaiting().await.and_then(|awaiting| awaiting.reaches_fyers);
        if reaches == Some(false) && !is_forced {
            return HandOver::StandbyCutOff;
        }
        self.hand_over.notify_one();
        HandOver::Begun
    }

    /// What there is to tell; nothing where no other keeper can act.
    pub(super) async fn status_of(lease: Option<&Self>) -> Option<LeaseStatus> {
        Some(lease?.status().await)
    }

    async fn status(&self) -> LeaseStatus {
        let awaiting = self.store.awaiting().await;
        LeaseStatus {
            address: self.store.address().map(str::to_owned),
            epoch: self.store.holding().epoch(),
            since: ist(self.since),
            standby: awaiting.map(|awaiting| awaiting.is_there),
            standby_reaches_fyers: awaiting.and_then(|awaiting| awaiting.reaches_fyers),
        }
    }
}

/// Whether it was a keeper that has halted. What cannot be read is taken for a person's halt.
pub(super) async fn halted_for_put_back(store: &dyn Store) -> bool {
    HALTED_FOR_PUT_BACK.read(store).await.is_ok_and(|note| note.or_unreadable(false) == Some(true))
}
