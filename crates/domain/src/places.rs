//! How many requests may wait for their answers at once: shares of the places that a listener has.
//!
//! One key must not shut out the others, the owner or a health check by asking for what takes long, and by leaving the
//! answers there. So nobody has more than a quarter of the places with reads, and as many with what changes something.
//! Several who ask for all they can divide that quarter, and an eighth more is there for those who have few: however many
//! ask, one more finds some. The last quarter is for pages, health checks and metrics.

/// What a request takes its place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// It changes nothing, and can be sent again.
    Read,
    /// An order, or what becomes of one.
    Change,
}

/// Requests that wait for their answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Those that change nothing.
    pub reads: usize,
    /// All others.
    pub changes: usize,
}

impl Waiting {
    /// So many of one kind.
    pub fn of(self, kind: PlaceKind) -> usize {
        match kind {
            PlaceKind::Read => self.reads,
            PlaceKind::Change => self.changes,
        }
    }

    /// How many of one kind there are.
    pub fn count(&mut self, kind: PlaceKind) -> &mut usize {
        match kind {
            PlaceKind::Read => &mut self.reads,
            PlaceKind::Change => &mut self.changes,
        }
    }
}

/// One place in so many is a few.
const FEW: usize = 64;
/// One place in so many of each kind is kept for those who have few.
const RESERVE: usize = 8;

/// The shares of so many places.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    places: usize,
}

impl Shares {
    /// Of a listener with so many places.
    pub fn of(places: usize) -> Self {
        Self { places }
    }

    /// What one holder may have of either kind, and so many connections as long as others want one.
    pub fn of_one(self) -> usize {
        (self.places / 4).max(1)
    }

    /// Whether one more of a kind may wait, where its holder and everybody together have so many. `others` have some of
    /// this kind as well.
    pub fn admit(self, own: Waiting, all: Waiting, (kind, others): (PlaceKind, usize)) -> bool {
        let (own, all) = (own.of(kind), all.of(kind));
        let has_few = own < (self.places / FEW).max(1);
        let of_each = self.of_one() / (others + 1);
        (has_few && all < self.of_one() + self.places / RESERVE) || (own < of_each && all < self.of_one())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACES: usize = 256;

    const READ: PlaceKind = PlaceKind::Read;
    const CHANGE: PlaceKind = PlaceKind::Change;

    /// Places of several holders.
    #[derive(Default)]
    struct Taken {
        each: [Waiting; 9],
        all: Waiting,
    }

    impl Taken {
        fn others(&self, holder: usize, kind: PlaceKind) -> usize {
            let has_some = |(other, one): &(usize, &Waiting)| *other != holder && one.of(kind) > 0;
            self.each.iter().enumerate().filter(has_some).count()
        }

        fn admits(&self, holder: usize, kind: PlaceKind) -> bool {
            let others = self.others(holder, kind);
            Shares::of(PLACES).admit(self.each[holder], self.all, (kind, others))
        }

        fn ask(&mut self, holder: usize, kind: PlaceKind) {
            if self.admits(holder, kind) {
                *self.each[holder].count(kind) += 1;
                *self.all.count(kind) += 1;
            }
        }

        fn give_back(&mut self, holder: usize, kind: PlaceKind) {
            if self.each[holder].of(kind) > 0 {
                *self.each[holder].count(kind) -= 1;
                *self.all.count(kind) -= 1;
            }
        }
    }

    /// What several holders have in the end who ask as often as they like.
    fn after(asked: impl IntoIterator<Item = (usize, PlaceKind)>) -> Taken {
        let mut taken = Taken::default();
        asked.into_iter().for_each(|(holder, kind)| taken.ask(holder, kind));
        taken
    }

    #[test]
    fn one_that_asks_and_asks_leaves_room_for_everybody_else() {
        let taken = after((0..1_000).flat_map(|_| [(0, READ), (0, CHANGE)]));
        assert_eq!(taken.each[0], Waiting { reads: 64, changes: 64 });
        assert!(taken.admits(1, READ) && taken.admits(1, CHANGE));
        assert_eq!(Shares::of(16).of_one(), 4);
    }

    #[test]
    fn its_reads_do_not_keep_its_orders_out() {
        let taken = after([(0, READ); 1_000]);
        assert!(!taken.admits(0, READ) && taken.admits(0, CHANGE));
    }

    /// Five keys that read all they can, one after the other and then in turn, and a sixth.
    #[test]
    fn a_sixth_key_has_its_reads_whatever_five_others_do() {
        let mut taken = after((0..5).flat_map(|holder| [(holder, READ); 1_000]));
        for _ in 0..4 {
            assert!(taken.admits(5, READ), "{:?}", taken.each);
            taken.ask(5, READ);
        }
        // Each gives one back and asks again: in the end they have as many as each other.
        for turn in 0..2_000 {
            let holder = turn % 6;
            taken.give_back(holder, READ);
            (0..6).for_each(|other| taken.ask((holder + other) % 6, READ));
        }
        let reads = taken.each[..6].iter().map(|one| one.reads);
        assert!(reads.clone().max().unwrap() - reads.min().unwrap() <= 2, "{:?}", taken.each);
    }

    proptest! {
        #[test]
        fn whoever_asks_a_quarter_stays_for_pages_and_one_more_finds_some(
            asked in proptest::collection::vec((0_usize..8, any::<bool>(), any::<bool>()), 0..2_000),
        ) {
            let mut taken = Taken::default();
            for (holder, reads, takes) in asked {
                let kind = if reads { READ } else { CHANGE };
                if takes { taken.ask(holder, kind) } else { taken.give_back(holder, kind) }
            }
            let (each, all) = (&taken.each, taken.all);
            prop_assert!(each.iter().all(|one| one.reads <= PLACES / 4 && one.changes <= PLACES / 4));
            prop_assert!(all.reads + all.changes <= PLACES * 3 / 4);
            let total: usize = each.iter().map(|one| one.reads + one.changes).sum();
            prop_assert_eq!(total, all.reads + all.changes);
            prop_assert!(taken.admits(8, READ) && taken.admits(8, CHANGE), "{:?}", each);
        }

        #[test]
        fn whoever_only_reads_leaves_every_order_its_place(asked in proptest::collection::vec(0_usize..8, 0..2_000)) {
            let taken = after(asked.into_iter().map(|holder| (holder, READ)));
            prop_assert!((0..9).all(|holder| taken.admits(holder, CHANGE)));
        }
    }
}
