//! Whose read the actor gets next: few at once, and the keys by turns.
//!
//! The actor's mailbox is one queue for all. Hundreds of reads in it would keep the next order, the status and whatever
//! else runs on the actors' thread waiting behind them; here they wait beside it, and an order goes past.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use keeper_domain::keys::BotName;
use tokio::sync::{Mutex as Queue, OwnedSemaphorePermit, Semaphore};

/// Reads in the mailbox at once: so many that the actor has the next one when it is done with one.
const AT_ONCE: usize = 4;

/// Turns for reads. Cheap to clone; all clones share them.
#[derive(Debug, Clone)]
pub struct ReadTurns {
    turns: Arc<Semaphore>,
    /// Before that, those of each key wait for each other: of each the first one only stands in the queue.
    of_key: Arc<Mutex<HashMap<u64, Arc<Queue<()>>>>>,
}

impl Default for ReadTurns {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), of_key: Arc::default() }
    }
}

impl ReadTurns {
    /// Waits for a turn, which lasts until what it gives is dropped.
    pub(super) async fn take(&self, bot: &BotName) -> Option<OwnedSemaphorePermit> {
        let own = self.queue_of(bot);
        let _first_of_key = own.lock().await;
        // It is never closed.
        Arc::clone(&self.turns).acquire_owned().await.ok()
    }

    fn queue_of(&self, bot: &BotName) -> Arc<Queue<()>> {
        let mut queues = self.of_key.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(bot.number()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::*;

    #[tokio::test]
    async fn a_key_that_has_hundreds_waiting_is_one_of_two() {
        let turns = ReadTurns::default();
        let (greedy, modest) = (BotName::new("greedy").unwrap(), BotName::new("modest").unwrap());
        let held = join_all((0..AT_ONCE).map(|_| turns.take(&greedy))).await;
        let mut waiting: Vec<_> = (0..200).map(|_| Box::pin(turns.take(&greedy))).collect();
        waiting.iter_mut().for_each(|one| assert!(one.now_or_never().is_none()));
        let mut other = Box::pin(turns.take(&modest));
        assert!((&mut other).now_or_never().is_none());
        let mut held = held.into_iter();
        drop(held.next());
        let first = (&mut waiting[0]).now_or_never();
        assert!(first.is_some(), "it was there first");
        assert!((&mut waiting[1]).now_or_never().is_none());
        drop(held.next());
        let second = (&mut other).now_or_never();
        assert!(second.is_some(), "and then the other's turn has come");
        assert!((&mut waiting[1]).now_or_never().is_none());
        drop((first, second));
    }
}
