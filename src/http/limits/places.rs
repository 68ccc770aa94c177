//! Requests that wait for what takes long, counted by who has sent them: `keeper_domain::places` says how many there may be.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keeper_domain::{
    address::Network,
    keys::BotName,
    places::{PlaceKind, Shares, Waiting},
};

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
}

impl Places {
    /// So many connections come in at once.
    pub(in crate::http) fn new(most: usize) -> Self {
        Self { shares: Shares::of(most), taken: Arc::default() }
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
