//! Hearing at once that the lease has been let go. Whoever relies on it alone waits for ever after a crash.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;

use crate::store::postgres::{connect::Address, lease::FREE};

/// The pause before the next attempt to listen.
const AGAIN: Duration = Duration::from_secs(1);

/// Tells when the lease may be free.
#[derive(Debug)]
pub struct LeaseNews {
    address: Address,
    free: Notify,
}

impl LeaseNews {
    pub(super) fn new(address: Address) -> Self {
        Self { address, free: Notify::new() }
    }

    /// Waits until the lease was let go, or until the listening began anew: it may have been let go meanwhile.
    pub async fn heard(&self) {
        self.free.notified().await;
    }

    /// Listens for as long as it is polled.
    pub async fn listen(&self) -> std::convert::Infallible {
        loop {
            let _unreachable = self.hear().await;
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn hear(&self) -> sqlx::Result<()> {
        let pool = self.address.single();
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(FREE).await?;
        loop {
            self.free.notify_one();
            listener.recv().await?;
        }
    }
}
