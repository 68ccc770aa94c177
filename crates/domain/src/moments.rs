//! Whether a database is at an earlier moment than a keeper has seen: a backup was put back, or a replica that lagged behind
//! has taken its place.
//!
//! A keeper knows the number of transactions that it has seen, and when. Fewer transactions are an earlier moment. Whoever
//! has taken the lease after that and has halted for it has dealt with all that this keeper knows of: one halt is enough. A
//! halt that was known before says nothing, nor does one of a holding that began before, whatever is put back.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The latest moment of a database that a keeper has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenMoment {
    /// How many transactions the holders had made.
    commits: i64,
    /// When that was, by the database's clock in microseconds.
    at: i64,
    /// The runs that have halted for a database that was put back; `None` before they were looked at.
    halted: Option<BTreeSet<String>>,
}

/// A keeper has halted because the database was put back to an earlier moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBackHalt {
    /// The run of the program.
    pub run: String,
    /// When it has taken the lease, by the database's clock in microseconds.
    pub since: i64,
}

impl SeenMoment {
    /// As the run before this one has written it. Versions before this one wrote the number alone.
    pub fn read(text: &str) -> Self {
        let number = || text.parse().map(|commits| Self { commits, ..Self::default() });
        serde_json::from_str(text).ok().or_else(|| number().ok()).unwrap_or_default()
    }

    /// For the run after this one.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_never| self.commits.to_string())
    }

    /// The database has so many transactions at this time of its clock, and these have halted in it. True when it is at an
    /// earlier moment, and nobody has halted for that yet.
    pub fn look(&mut self, commits: i64, at: i64, halted: &[PutBackHalt]) -> bool {
        let known = self.halted.as_ref();
        let is_new = |halt: &PutBackHalt| {
            halt.since > self.at && known.is_some_and(|known| !known.contains(&halt.run))
        };
        let is_behind = commits < self.commits && !halted.iter().any(is_new);
        if !is_behind {
            (self.commits, self.at) = (commits, at);
        }
        self.halted.get_or_insert_default().extend(halted.iter().map(|halt| halt.run.clone()));
        is_behind
    }

    /// What a run knows that has held the lease since then and made the transactions up to this number. One that was to
    /// halt, and has not done so, keeps what it has seen before.
    #[must_use]
    pub fn acted(mut self, made: i64, own: PutBackHalt, owes_halt: bool) -> Self {
        if !owes_halt || made >= self.commits {
            (self.commits, self.at) = (made, own.since);
        }
        self.halted.get_or_insert_default().insert(own.run);
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn halts(of: &[(&str, i64)]) -> Vec<PutBackHalt> {
        of.iter().map(|(run, since)| PutBackHalt { run: (*run).to_owned(), since: *since }).collect()
    }

    #[test]
    fn fewer_transactions_are_an_earlier_moment_until_somebody_has_halted_for_it() {
        let mut seen = SeenMoment::default();
        assert!(!seen.look(100, 10, &[]));
        assert!(seen.look(50, 11, &[]), "put back");
        assert!(seen.look(51, 12, &[]), "and nobody has halted");
        let by_a = halts(&[("a", 12)]);
        assert!(!seen.look(52, 13, &by_a), "somebody has");
        assert!(!seen.look(60, 14, &by_a));
        assert!(seen.look(59, 15, &by_a), "put back once more: that halt was for the time before");
        assert!(!seen.look(40, 16, &halts(&[("a", 12), ("b", 15)])));
    }

    #[test]
    fn who_has_halted_before_has_not_halted_for_it() {
        let mut seen = SeenMoment::default();
        seen.look(100, 10, &halts(&[("a", 3), ("b", 20)]));
        for halted in [&[("a", 3), ("b", 20)][..], &[("a", 3)], &[("of another past", 8)], &[]] {
            assert!(seen.look(50, 30, &halts(halted)), "{halted:?}");
        }
        let mut seen = SeenMoment::read("100");
        assert!(seen.look(50, 30, &halts(&[("a", 25)])), "when that one has halted is not known");
    }

    #[test]
    fn a_run_that_has_halted_knows_it_afterwards_and_one_that_could_not_still_owes_it() {
        let mut seen = SeenMoment::default();
        seen.look(100, 10, &[]);
        assert!(seen.look(50, 20, &[]));
        let own = || PutBackHalt { run: "this".to_owned(), since: 20 };
        let after = |owes| SeenMoment::read(&seen.clone().acted(53, own(), owes).text());
        assert!(!after(false).look(55, 30, &[own()]));
        assert!(after(false).look(52, 30, &[own()]), "its own transactions are not there");
        assert!(after(true).look(53, 30, &[]));
        assert!(!after(true).look(53, 30, &halts(&[("another", 25)])));
    }

    /// A database, and the moments of it that can be put back.
    #[derive(Clone, Default)]
    struct Moment {
        halted: Vec<PutBackHalt>,
        /// Each transaction by its number, for nobody but the test.
        made: Vec<i64>,
    }

    impl Moment {
        fn commit(&mut self, number: i64, halts: bool) {
            self.made.push(number);
            self.halted.extend(halts.then(|| PutBackHalt { run: number.to_string(), since: number }));
        }
    }

    proptest! {
        /// Whatever is put back, also that of another past: a keeper is told of fewer transactions than it has seen, unless
        /// somebody has halted since; and never when somebody has.
        #[test]
        fn nobody_is_told_twice_and_nothing_is_passed_over(steps in prop::collection::vec((0u8..4, 0usize..8), 1..60)) {
            let (mut now, mut kept) = (Moment::default(), vec![Moment::default()]);
            let (mut seen, mut known, mut looked) = (SeenMoment::default(), Moment::default(), 0);
            for (number, (step, which)) in (1..).zip(steps) {
                match step {
                    0 => now.commit(number, false),
                    1 => {
                        now.commit(number, true);
                        kept.push(now.clone());
                    }
                    2 => now = kept[which % kept.len()].clone(),
                    _ => {
                        let is_behind = seen.look(now.made.len() as i64, number, &now.halted);
                        let is_fewer = now.made.len() < known.made.len();
                        let has_halted = now.halted.iter().any(|halt| halt.since > looked);
                        prop_assert_eq!(is_behind, is_fewer && !has_halted, "{:?}", (&now.made, &known.made));
                        if !is_behind {
                            (known, looked) = (now.clone(), number);
                        }
                    }
                }
            }
        }
    }
}
