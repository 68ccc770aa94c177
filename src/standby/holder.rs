//! Who acts, as a standby knows it.

use std::sync::{Arc, Mutex, PoisonError};

use keeper_domain::keys::relayed_client::{self, RelayedClient};
use secrecy::SecretString;
use tokio::sync::watch;

use crate::store::postgres::LeaseRow;

/// What the lease says of the holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Where it is reached, if it said so.
    pub address: Option<String>,
    /// The number of its holding.
    pub epoch: i64,
    /// Whether it acts; otherwise nobody does at this moment.
    pub acts: bool,
    /// It gave the address of this very keeper.
    pub is_here: bool,
}

impl Held {
    /// `own` is where this keeper is reached. Whoever gives that address is not asked there: it is the run before this
    /// one, which is gone, or another keeper with the same setting.
    pub fn of(row: LeaseRow, own: Option<&str>) -> Self {
        let (acts, is_here) = (row.is_held(), row.is_held() && row.is_here(own));
        let address = row.address.filter(|_| acts && !is_here);
        Self { address, epoch: row.epoch, acts, is_here }
    }

    /// Who it is, for the log.
    pub(super) fn words(&self) -> String {
        match &self.address {
            Some(address) => format!("another keeper acts ({address})"),
            None if self.is_here => {
                "the lease is still that of the run before here, or of a keeper with the same KEEPER_ADVERTISE_URL"
                    .to_owned()
            }
            None => "another keeper acts (it does not say where)".to_owned(),
        }
    }
}

/// Who holds the lease; nothing before it has been read.
#[derive(Debug, Clone, Default)]
pub struct Holder {
    held: Arc<watch::Sender<Option<Held>>>,
    /// Why the database could not be asked the last time.
    away: Arc<Mutex<Option<String>>>,
    /// What both keepers sign with; nothing before it has been read.
    signing: Arc<Mutex<Option<SecretString>>>,
}

impl Holder {
    /// What the lease says now.
    pub fn set(&self, held: Held) {
        self.held.send_if_modified(|known| known.replace(held.clone()) != Some(held));
    }

    pub(super) fn set_away(&self, why: Option<String>) {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    pub(super) fn get(&self) -> Option<Held> {
        self.held.borrow().clone()
    }

    /// Why the database does not answer; `None` while it does.
    pub(super) fn away(&self) -> Option<String> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_signing(&self, secret: SecretString) {
        *self.signing.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret);
    }

    /// How the holder is told that a request is of this client.
    pub(super) fn told_of(&self, client: RelayedClient) -> Option<String> {
        let signing = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        signing.as_ref().and_then(|secret| relayed_client::told(secret, client))
    }

    /// Waits until another keeper holds it, or nobody.
    pub(super) async fn changed(&self) {
        let mut news = self.held.subscribe();
        let _gone = news.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(address: Option<&str>, is_over: bool) -> LeaseRow {
        LeaseRow {
            away: None,
            holder: Some("a run".to_owned()),
            address: address.map(str::to_owned),
            epoch: 7,
            commits: 0,
            at: 0,
            halted: vec![],
            ends: 0,
            held: Duration::ZERO,
            left: Duration::from_secs(9),
            is_over,
            over: Duration::ZERO,
            served: keeper_domain::served::Served::default(),
            has_ended: false,
            is_newer: false,
        }
    }

    /// The row of a run that was killed stands until its lease ends, with the address of the one that comes after it.
    #[test]
    fn a_keeper_never_names_its_own_address_as_that_of_the_one_that_acts() {
        let own = Some("http://10.0.0.1:8080");
        let held = Held::of(row(own, false), own);
        assert_eq!((held.address.clone(), held.acts, held.is_here), (None, true, true));
        assert!(
            !held.words().contains("10.0.0.1") && held.words().contains("the run before here"),
            "{}",
            held.words()
        );
        let other = Held::of(row(Some("http://10.0.0.2:8080"), false), own);
        assert_eq!((other.address.as_deref(), other.is_here), (Some("http://10.0.0.2:8080"), false));
        assert_eq!(Held::of(row(None, false), own).words(), "another keeper acts (it does not say where)");
        assert!(!Held::of(row(None, false), None).is_here, "nobody says where it is");
        let over = Held::of(row(own, true), own);
        assert_eq!((over.acts, over.is_here), (false, false));
    }
}
