//! What a standby passes on at this moment: an order that it holds in its hands has left, and its bot waits for the answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

/// Counts the requests under way; nothing new is taken once it is closed.
#[derive(Debug, Clone, Default)]
pub(super) struct Relays(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicUsize,
    is_closed: AtomicBool,
    one_ended: Notify,
}

/// One request under way.
#[derive(Debug)]
pub(super) struct OnePassed(Arc<State>);

impl Drop for OnePassed {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.one_ended.notify_waiters();
    }
}

impl Relays {
    /// A place for one more; `None` when this keeper stops.
    pub(super) fn begin(&self) -> Option<OnePassed> {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        let one = OnePassed(Arc::clone(&self.0));
        (!self.0.is_closed.load(Ordering::SeqCst)).then_some(one)
    }

    /// Takes nothing new on.
    pub(super) fn close(&self) {
        self.0.is_closed.store(true, Ordering::SeqCst);
    }

    /// Waits until nothing is under way, for so long at most.
    pub(super) async fn over(&self, limit: Duration) {
        let over = async {
            loop {
                let ended = self.0.one_ended.notified();
                if self.0.count.load(Ordering::SeqCst) == 0 {
                    return;
                }
                ended.await;
            }
        };
        let _cut_off = timeout(limit, over).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_waited_for_and_nothing_new_begins() {
        let relays = Relays::default();
        let one = relays.begin().unwrap();
        relays.close();
        assert!(relays.begin().is_none());
        let began = Instant::now();
        let ended = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(one);
        };
        tokio::join!(relays.over(Duration::from_secs(9)), ended);
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        relays.over(Duration::from_secs(9)).await;
        assert_eq!(began.elapsed(), Duration::from_secs(3), "nothing is left");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_without_end() {
        let relays = Relays::default();
        let _hangs = relays.begin();
        let began = Instant::now();
        relays.over(Duration::from_secs(9)).await;
        assert_eq!(began.elapsed(), Duration::from_secs(9));
    }
}
