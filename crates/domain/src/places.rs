//! How many requests may wait for their answers at once: shares of the places that a listener has.
//!
//! One key must not shut out the others, the owner or a health check by asking for what takes long, and by leaving the
//! answers there. So nobody has more than a quarter of the places with reads, and as many with what changes something; all
//! reads together have a half, and everything together three quarters. The rest is for pages, health checks and metrics.

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
    /// How many of one kind there are.
    pub fn count(&mut self, kind: PlaceKind) -> &mut usize {
        match kind {
            PlaceKind::Read => &mut self.reads,
            PlaceKind::Change => &mut self.changes,
        }
    }
}

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

    /// Whether one more may wait, where its holder and everybody together have so many.
    pub fn admit(self, own: Waiting, all: Waiting, kind: PlaceKind) -> bool {
        let has_room = all.reads + all.changes < self.places - self.places / 4;
        match kind {
            PlaceKind::Read => has_room && own.reads < self.of_one() && all.reads < self.places / 2,
            PlaceKind::Change => has_room && own.changes < self.of_one(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACES: usize = 256;

    /// What several holders have in the end who ask as often as they like.
    fn after(asked: &[(usize, PlaceKind)]) -> (Vec<Waiting>, Waiting) {
        let (mut each, mut all) = (vec![Waiting::default(); 8], Waiting::default());
        for (holder, kind) in asked {
            if Shares::of(PLACES).admit(each[*holder], all, *kind) {
                *each[*holder].count(*kind) += 1;
                *all.count(*kind) += 1;
            }
        }
        (each, all)
    }

    #[test]
    fn one_that_asks_and_asks_leaves_room_for_everybody_else() {
        let asked: Vec<_> = (0..1_000).flat_map(|_| [(0, PlaceKind::Read), (0, PlaceKind::Change)]).collect();
        let (each, all) = after(&asked);
        assert_eq!(each[0], Waiting { reads: 64, changes: 64 });
        assert!(Shares::of(PLACES).admit(each[1], all, PlaceKind::Read));
        assert!(Shares::of(PLACES).admit(each[1], all, PlaceKind::Change));
        assert_eq!(Shares::of(16).of_one(), 4);
    }

    #[test]
    fn its_reads_do_not_keep_its_orders_out() {
        let (each, all) = after(&[(0, PlaceKind::Read); 1_000]);
        assert!(!Shares::of(PLACES).admit(each[0], all, PlaceKind::Read));
        assert!(Shares::of(PLACES).admit(each[0], all, PlaceKind::Change));
    }

    proptest! {
        #[test]
        fn whoever_asks_a_quarter_stays_for_others_and_orders_go_before_reads(
            asked in proptest::collection::vec((0_usize..8, any::<bool>()), 0..2_000),
        ) {
            let kind = |(holder, reads)| (holder, if reads { PlaceKind::Read } else { PlaceKind::Change });
            let (each, all) = after(&asked.into_iter().map(kind).collect::<Vec<_>>());
            prop_assert!(each.iter().all(|one| one.reads <= PLACES / 4 && one.changes <= PLACES / 4));
            prop_assert!(all.reads <= PLACES / 2 && all.reads + all.changes <= PLACES * 3 / 4);
            let total: usize = each.iter().map(|one| one.reads + one.changes).sum();
            prop_assert_eq!(total, all.reads + all.changes);
        }
    }
}
