//! What waits for one bot: news in order, and which items have new values. Of values only the newest is ever sent, so
//! the queue is no longer than what the bot follows; news is never dropped. A bot that takes nothing for ten seconds
//! is too slow and is closed.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{board::ItemNumber, news::FeedNews};

/// How long something may wait for a bot that does not read.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// FeedNews that may wait: more than that is a bot that does not read, whatever the clock says.
pub const MOST_NEWS: usize = 20_000;

/// Room for news that is kept while none waits.
const KEPT: usize = 1_000;

/// What waits for one bot.
#[derive(Debug, Default)]
pub struct Queue {
    /// One piece waits in the queues of many bots.
    news: VecDeque<Arc<FeedNews>>,
    changed: VecDeque<ItemNumber>,
    /// What is in `changed`.
    waiting: Marks,
    since: Option<Duration>,
}

/// A set of items, as a bit for each.
#[derive(Debug, Default)]
struct Marks(Vec<u64>);

impl Marks {
    fn place(item: ItemNumber) -> (usize, u64) {
        (item as usize / 64, 1 << (item % 64))
    }

    /// True when it was not in it.
    fn insert(&mut self, item: ItemNumber) -> bool {
        let (at, bit) = Self::place(item);
        if at >= self.0.len() {
            self.0.resize(at + 1, 0);
        }
        let is_new = self.0[at] & bit == 0;
        self.0[at] |= bit;
        is_new
    }

    fn has(&self, item: ItemNumber) -> bool {
        let (at, bit) = Self::place(item);
        self.0.get(at).is_some_and(|word| word & bit != 0)
    }

    /// True when it was in it.
    fn remove(&mut self, item: ItemNumber) -> bool {
        let (at, bit) = Self::place(item);
        let Some(word) = self.0.get_mut(at).filter(|word| **word & bit != 0) else { return false };
        *word &= !bit;
        true
    }
}

impl Queue {
    /// Adds news.
    pub fn tell(&mut self, news: Arc<FeedNews>, now: Duration) {
        self.news.push_back(news);
        self.since.get_or_insert(now);
    }

    /// An item has new values. True when older ones that nobody took are replaced.
    pub fn mark(&mut self, item: ItemNumber, now: Duration) -> bool {
        self.since.get_or_insert(now);
        let is_new = self.waiting.insert(item);
        if is_new {
            self.changed.push_back(item);
        }
        !is_new
    }

    /// Forgets items that are no longer followed.
    pub fn forget(&mut self, items: &[ItemNumber]) {
        let waited = items.iter().filter(|item| self.waiting.remove(**item)).count();
        if waited > 0 {
            self.changed.retain(|item| self.waiting.has(*item));
        }
    }

    /// Takes what waits, at most so many of each: as text all of it would be long. What has been taken makes room for
    /// good.
    pub fn take(&mut self, most: usize, now: Duration) -> (Vec<FeedNews>, Vec<ItemNumber>) {
        let news = self.news.drain(..most.min(self.news.len())).map(|news| FeedNews::clone(&news)).collect();
        let items: Vec<ItemNumber> = self.changed.drain(..most.min(self.changed.len())).collect();
        if self.is_empty() && self.news.capacity() > KEPT {
            self.news = VecDeque::new();
        }
        items.iter().for_each(|item| {
            self.waiting.remove(*item);
        });
        self.since = (!self.is_empty()).then_some(now);
        (news, items)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.news.is_empty() && self.changed.is_empty()
    }

    /// Whether the bot is to be closed.
    pub fn is_too_slow(&self, now: Duration) -> bool {
        let waits = self.since.is_some_and(|since| now.saturating_sub(since) >= PATIENCE);
        waits || self.news.len() > MOST_NEWS
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn values_are_replaced_and_news_is_not() {
        let mut queue = Queue::default();
        assert!(!queue.mark(1, at(0)));
        assert!(queue.mark(1, at(1)), "the older value is replaced");
        queue.tell(FeedNews::Day.into(), at(2));
        queue.tell(FeedNews::Day.into(), at(3));
        assert_eq!(queue.take(9, at(4)), (vec![FeedNews::Day, FeedNews::Day], vec![1]));
        assert!(queue.is_empty());
    }

    #[test]
    fn ten_seconds_decide_unread_are_too_slow() {
        let mut queue = Queue::default();
        assert!(!queue.is_too_slow(at(100)), "nothing waits");
        queue.mark(1, at(100));
        queue.mark(2, at(109));
        assert!(!queue.is_too_slow(at(109)));
        assert!(queue.is_too_slow(at(110)));
        queue.take(1, at(110));
        assert!(!queue.is_too_slow(at(119)), "it has read");
        assert!(queue.is_too_slow(at(120)));
    }

    proptest! {
        #[test]
        fn it_is_never_longer_than_what_is_followed(marks in proptest::collection::vec((0u32..9, any::<bool>()), 0..200)) {
            let (mut queue, mut told, mut taken) = (Queue::default(), 0, 0);
            for (n, takes) in marks {
                queue.mark(n, at(0));
                queue.tell(FeedNews::Day.into(), at(0));
                told += 1;
                let waiting: u32 = queue.waiting.0.iter().map(|word| word.count_ones()).sum();
                prop_assert!(queue.changed.len() <= 9 && queue.changed.len() == waiting as usize);
                if takes {
                    taken += queue.take(4, at(0)).0.len();
                }
            }
            while !queue.is_empty() {
                let (news, items) = queue.take(9, at(0));
                prop_assert!(news.len() <= 9 && items.len() <= 9);
                taken += news.len();
            }
            prop_assert_eq!(told, taken);
        }
    }
}
