//! Reads with an end: on a connection that goes silent in the midst of one, no answer comes and nobody says so.

use std::time::Duration;

use keeper_domain::ports::StoreError;
use tokio::time::timeout;

use crate::store::{droppable::droppable, postgres::fault::told};

/// How long a read may take, its way to a connection included: longer than the server lets a statement run.
const LIMIT: Duration = Duration::from_secs(12);

/// What is said when there is no answer.
pub(super) trait Late {
    fn late() -> Self;
}

impl Late for sqlx::Error {
    fn late() -> Self {
        Self::PoolTimedOut
    }
}

impl Late for StoreError {
    fn late() -> Self {
        told("read its state", &sqlx::Error::PoolTimedOut)
    }
}

/// The same read, which ends, and may be given up anywhere.
pub(super) async fn bounded<T, E: Late>(read: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    timeout(LIMIT, droppable(read)).await.unwrap_or_else(|_| Err(E::late()))
}

#[cfg(test)]
mod tests {
    use keeper_domain::ports::StoreErrorKind;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_read_without_an_answer_ends_and_may_be_done_again() {
        let silent = bounded(std::future::pending::<Result<(), StoreError>>()).await.unwrap_err();
        assert_eq!(silent.kind, StoreErrorKind::Busy);
        assert!(silent.kind.heals() && silent.problem.contains("did not answer in time"), "{silent}");
        let silent = bounded(std::future::pending::<sqlx::Result<()>>()).await;
        assert!(matches!(silent, Err(sqlx::Error::PoolTimedOut)));
        assert_eq!(bounded(async { Ok::<_, sqlx::Error>(7) }).await.unwrap(), 7);
    }
}
