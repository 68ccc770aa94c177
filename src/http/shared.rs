//! A reading that all who ask meanwhile share: many who ask at once cost the keeper's actors and its disk one reading, or
//! two, and whoever asks for something else does not wait behind hundreds of them.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// The last reading. Nobody is given one that began before he asked.
#[derive(Debug)]
pub(super) struct Shared<T> {
    next: AtomicU64,
    last: Mutex<Option<(u64, Option<T>)>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { next: AtomicU64::new(0), last: Mutex::new(None) }
    }
}

impl<T: Clone> Shared<T> {
    fn count(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Reads, or is given what somebody has begun to read since.
    pub(super) async fn read(&self, read: impl Future<Output = Option<T>>) -> Option<T> {
        let asked = self.count();
        let mut last = self.last.lock().await;
        if let Some((began, value)) = &*last
            && *began > asked
        {
            return value.clone();
        }
        let began = self.count();
        let value = read.await;
        *last = Some((began, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_who_ask_meanwhile_share_a_reading_that_began_after_they_asked() {
        let (shared, readings) = (Shared::default(), AtomicU64::new(0));
        let read = || async {
            let nth = readings.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            Some(nth)
        };
        assert_eq!(shared.read(read()).await, Some(0));
        assert_eq!(shared.read(read()).await, Some(1), "one after the other each has its own");
        let late = async {
            sleep(Duration::from_millis(500)).await;
            join_all((0..100).map(|_| shared.read(read()))).await
        };
        let (first, late) = tokio::join!(shared.read(read()), late);
        assert_eq!((first, late), (Some(2), vec![Some(3); 100]), "a reading that had begun is not given");
        assert_eq!(readings.into_inner(), 4);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_told_to_all_and_read_again() {
        let shared = Shared::default();
        let none = || async {
            tokio::task::yield_now().await;
            None
        };
        let (first, second, third) =
            tokio::join!(shared.read(none()), shared.read(none()), shared.read(async { Some(7) }));
        assert_eq!(
            (first, second, third),
            (None, None, None),
            "nobody waits for one failure after the other"
        );
        assert_eq!(shared.read(async { None }).await, None);
        assert_eq!(shared.read(async { Some(7) }).await, Some(7));
    }
}
