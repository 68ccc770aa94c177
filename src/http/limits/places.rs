//! Requests that wait for what takes long, counted by who has sent them: `keeper_domain::places` says how many there may be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keeper_domain::{
    address::Network,
    keys::BotName,
    places::{PlaceKind, Shares, Waiting},
};
use tokio::time::sleep;

/// Each so many who are told no make all of them wait a second longer.
const CROWD: usize = 32;
/// But no longer than this: most programs wait for an answer for ten seconds at least.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a read that finds no place waits for its answer, where so many others wait for such an answer. Told at once,
/// whoever has hundreds of connections would ask again at once on each, and be told no at the cost of being served.
fn pause_of_a_refused_read(others: usize) -> Duration {
    Duration::from_secs(1 + (others / CROWD) as u64).min(LONGEST_PAUSE)
}

/// Who holds a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) enum Holder {
    /// Whoever has shown this key, from wherever.
    Key(BotName),
    /// Somebody without one, at this address.
    Client(Network),
}

#[derive(Debug, Default)]
struct Taken {
    of_each: BTreeMap<Holder, Waiting>,
    all: Waiting,
}

/// The places of one listener. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::http) struct Places {
    shares: Shares,
    taken: Arc<Mutex<Taken>>,
    /// Reads that have found no place and wait to be told so.
    refused: Arc<()>,
}

impl Places {
    /// So many connections come in at once.
    pub(in crate::http) fn new(most: usize) -> Self {
        Self { shares: Shares::of(most), taken: Arc::default(), refused: Arc::default() }
    }

    /// Waits as long as a read that finds no place is to wait for its answer.
    pub(in crate::http) async fn refuse_read(&self) {
        let _waiting = Arc::clone(&self.refused);
        // All clones of the places share it too; they are few.
        sleep(pause_of_a_refused_read(Arc::strong_count(&self.refused))).await;
    }

    /// A place until the returned value is dropped; `None` when the holder has its share, or all have theirs.
    pub(in crate::http) fn take(&self, holder: Holder, kind: PlaceKind) -> Option<Place> {
        let mut taken = self.taken();
        let own = taken.of_each.get(&holder).copied().unwrap_or_default();
        let others =
            taken.of_each.iter().filter(|(other, one)| **other != holder && one.of(kind) > 0).count();
        if !self.shares.admit(own, taken.all, (kind, others)) {
            return None;
        }
        *taken.all.count(kind) += 1;
        *taken.of_each.entry(holder.clone()).or_default().count(kind) += 1;
        Some(Place { places: self.clone(), holder, kind })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Places::take`].
#[derive(Debug)]
pub(in crate::http) struct Place {
    places: Places,
    holder: Holder,
    kind: PlaceKind,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        *taken.all.count(self.kind) -= 1;
        let Some(own) = taken.of_each.get_mut(&self.holder) else { return };
        *own.count(self.kind) -= 1;
        if *own == Waiting::default() {
            taken.of_each.remove(&self.holder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_who_are_told_no_wait_a_second_and_a_crowd_waits_longer() {
        let pauses = [0, 31, 32, 100, 250].map(|others| pause_of_a_refused_read(others).as_secs());
        assert_eq!(pauses, [1, 1, 2, 4, 5]);
    }

    #[test]
    fn a_place_is_given_back_and_nothing_is_kept_of_its_holder() {
        let places = Places::new(16);
        let bot = || Holder::Key(BotName::owner());
        let other = || Holder::Client(Network::of_client([203, 0, 113, 1].into()));
        let held: Vec<_> = (0..4).map(|_| places.take(bot(), PlaceKind::Read).unwrap()).collect();
        assert!(places.take(bot(), PlaceKind::Read).is_none());
        let order = places.take(bot(), PlaceKind::Change).unwrap();
        let others = places.take(other(), PlaceKind::Read).unwrap();
        drop(held);
        assert!(places.take(bot(), PlaceKind::Read).is_some());
        drop((order, others));
        let taken = places.taken();
        assert!(taken.of_each.is_empty() && taken.all == Waiting::default());
    }
}
