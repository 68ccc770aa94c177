//! How much of the listener's time goes into what bots wish on their sockets: it serves health checks, the page and orders
//! as well. Each piece of work is followed by a rest as long as itself, so that half of the time is left however many wish,
//! and by one three times as long for the key that it was done for, so that one key has a quarter at most and another one
//! comes in between. Nothing is refused by this: a wish is looked at later, and what comes behind it is not read meanwhile.

use std::{collections::BTreeMap, time::Duration};

use crate::keys::BotName;

/// Rest after work, as a multiple of it: for everybody, and for the key.
const REST: u32 = 1;
const KEYS_REST: u32 = 3;
/// Rest that may be owed: short work that comes once in a while never waits.
const CREDIT: Duration = Duration::from_millis(20);
/// Keys that are remembered although they owe nothing.
const KEPT: usize = 64;

/// Who has worked when. Times are since any moment in the past.
#[derive(Debug, Default)]
pub struct WorkShares {
    /// Until then all have to rest.
    all: Duration,
    /// The same of each key.
    keys: BTreeMap<BotName, Duration>,
}

impl WorkShares {
    /// When something may be done for this key, or for somebody without one: now, or later.
    pub fn due(&self, key: Option<&BotName>, now: Duration) -> Duration {
        let own = key.and_then(|key| self.keys.get(key)).copied().unwrap_or_default();
        self.all.max(own).saturating_sub(CREDIT).max(now)
    }

    /// Something was done that took so long and has just ended.
    pub fn spent(&mut self, key: Option<&BotName>, now: Duration, took: Duration) {
        self.all = self.all.max(now) + took * REST;
        let Some(key) = key else { return };
        if self.keys.len() >= KEPT && !self.keys.contains_key(key) {
            self.keys.retain(|_, until| *until > now);
        }
        let own = self.keys.entry(key.clone()).or_default();
        *own = (*own).max(now) + took * KEYS_REST;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONG: Duration = Duration::from_millis(100);

    fn key(name: &str) -> BotName {
        BotName::new(name).unwrap()
    }

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn short_work_never_waits() {
        let (mut shares, bot) = (WorkShares::default(), key("bot"));
        for second in 0..100 {
            let now = Duration::from_secs(second);
            assert_eq!(shares.due(Some(&bot), now), now);
            shares.spent(Some(&bot), now, at(5));
            assert_eq!(shares.due(Some(&bot), now), now, "nor does what follows at once");
        }
    }

    #[test]
    fn another_key_comes_in_between() {
        let (mut shares, flood, modest) = (WorkShares::default(), key("flood"), key("modest"));
        shares.spent(Some(&flood), at(1_000), LONG);
        assert_eq!(shares.due(Some(&flood), at(1_000)), at(1_280));
        assert_eq!(shares.due(Some(&modest), at(1_000)), at(1_080));
        assert_eq!(shares.due(None, at(1_000)), at(1_080));
        assert_eq!(shares.due(Some(&flood), at(2_000)), at(2_000));
    }

    #[test]
    fn keys_that_owe_nothing_are_forgotten() {
        let mut shares = WorkShares::default();
        for nth in 0..10_000 {
            shares.spent(Some(&key(&format!("bot-{nth}"))), Duration::from_secs(nth), at(1));
        }
        assert!(shares.keys.len() <= KEPT, "{}", shares.keys.len());
    }

    proptest! {
        /// However many keys wish, and whatever that takes.
        #[test]
        fn half_of_the_time_is_left_and_three_quarters_beside_one_key(
            work in proptest::collection::vec((0usize..4, 1u64..200), 1..200)
        ) {
            let keys = ["k0", "k1", "k2", "k3"].map(key);
            let (mut shares, mut now) = (WorkShares::default(), Duration::ZERO);
            let (mut all, mut each) = (Duration::ZERO, [Duration::ZERO; 4]);
            for (nth, took) in work {
                now = shares.due(Some(&keys[nth]), now) + at(took);
                shares.spent(Some(&keys[nth]), now, at(took));
                all += at(took);
                each[nth] += at(took);
                // The credit, and the piece that is not rested for yet.
                let more = CREDIT + at(200);
                prop_assert!(all <= (now + more) / 2 + more, "{:?} of {:?}", all, now);
                for own in each {
                    prop_assert!(own <= now / 4 + more, "{:?} of {:?}", own, now);
                }
            }
        }
    }
}
