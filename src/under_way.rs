//! What is under way at this moment, for whoever stops: an order that a standby has passed on has left, a login's code works
//! once, and somebody waits for the answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

/// How long an answer in words may take.
const IN_WORDS: Duration = Duration::from_millis(300);

/// Counts what is under way; nothing new is taken once it is closed.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnderWay(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicUsize,
    is_closed: AtomicBool,
    one_ended: Notify,
    is_given_up: watch::Sender<bool>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct One(Arc<State>);

impl Drop for One {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::SeqCst);
        self.0.one_ended.notify_waiters();
    }
}

impl UnderWay {
    /// A place for one more; `None` when this keeper stops.
    pub(crate) fn begin(&self) -> Option<One> {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        let one = One(Arc::clone(&self.0));
        (!self.0.is_closed.load(Ordering::SeqCst)).then_some(one)
    }

    /// Takes nothing new on.
    pub(crate) fn close(&self) {
        self.0.is_closed.store(true, Ordering::SeqCst);
    }

    /// Waits until nothing is under way, for so long at most.
    pub(crate) async fn over(&self, limit: Duration) {
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

    /// Nobody waits any longer: whoever is asked answers now, in words.
    pub(crate) fn give_up(&self) {
        self.0.is_given_up.send_replace(true);
    }

    /// Waits until then.
    pub(crate) async fn given_up(&self) {
        let mut told = self.0.is_given_up.subscribe();
        let _ends = told.wait_for(|is_given_up| *is_given_up).await;
    }

    /// Waits for the answers for so long, and then for those that are given in words.
    pub(crate) async fn over_or_given_up(&self, limit: Duration) {
        self.over(limit).await;
        self.give_up();
        self.over(IN_WORDS).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_waited_for_and_nothing_new_begins() {
        let under_way = UnderWay::default();
        let one = under_way.begin().unwrap();
        under_way.close();
        assert!(under_way.begin().is_none());
        let began = Instant::now();
        let ended = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(one);
        };
        tokio::join!(under_way.over(Duration::from_secs(9)), ended);
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        under_way.over(Duration::from_secs(9)).await;
        assert_eq!(began.elapsed(), Duration::from_secs(3), "nothing is left");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_without_end() {
        let under_way = UnderWay::default();
        let _hangs = under_way.begin();
        let began = Instant::now();
        under_way.over(Duration::from_secs(9)).await;
        assert_eq!(began.elapsed(), Duration::from_secs(9));
    }
    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_is_answered_before_the_end() {
        let under_way = UnderWay::default();
        let one = under_way.begin().unwrap();
        let asked = async {
            under_way.given_up().await;
            drop(one);
        };
        let began = Instant::now();
        tokio::join!(under_way.over_or_given_up(Duration::from_secs(9)), asked);
        assert_eq!(began.elapsed(), Duration::from_secs(9));
        under_way.given_up().await;
    }
}
