//! Who acts, as a standby knows it.

use std::sync::Arc;

use tokio::sync::watch;

/// What the lease says of the holder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// Where it is reached, if it said so.
    pub address: Option<String>,
    /// The number of its holding.
    pub epoch: i64,
}

/// Who holds the lease; nothing before it has been read.
#[derive(Debug, Clone, Default)]
pub struct Holder(Arc<watch::Sender<Option<Held>>>);

impl Holder {
    /// What the lease says now.
    pub fn set(&self, held: Held) {
        self.0.send_if_modified(|known| known.replace(held.clone()) != Some(held));
    }

    pub(super) fn get(&self) -> Option<Held> {
        self.0.borrow().clone()
    }

    /// Waits until another keeper holds it, or nobody.
    pub(super) async fn changed(&self) {
        let mut news = self.0.subscribe();
        let _gone = news.changed().await;
    }
}
