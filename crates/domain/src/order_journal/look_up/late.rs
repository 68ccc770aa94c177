//! Orders that reach FYERS after everybody has stopped waiting for them. A person may have placed an equal one since, so
//! only a bot's own mark tells that a late row is its.

use super::{CLOCKS_APART, Sighting, Sought, candidates::named};
use crate::{order_journal::unanswered::MAY_ARRIVE, routing::live_positions::BookRow};

/// What rows that no order could have in its time say of those that have none.
pub(super) fn look_up(sought: &[Sought<'_>], rows: &[&BookRow], seen: &mut [Sighting]) {
    let has_none = |one: &usize| !sought[*one].is_found && !matches!(seen[*one], Sighting::Found(_));
    let missing: Vec<usize> = (0..sought.len()).filter(has_none).collect();
    let own = |one: usize| rows.iter().filter(move |row| sought[one].may_be_late(row));
    let late: Vec<usize> = missing.iter().copied().filter(|one| own(*one).next().is_some()).collect();
    let is_shared = |row: &BookRow| late.iter().filter(|one| sought[**one].may_be_late(row)).count() > 1;
    for (one, named) in named(&late, rows, sought, Sought::may_be_late) {
        let all: Vec<&&BookRow> = own(one).take(2).collect();
        seen[one] = match (&all[..], &seen[one]) {
            ([row], Sighting::NotThere) if row.leg.tag.is_some() && !is_shared(row) => {
                Sighting::Found(row.id.clone())
            }
            (_, Sighting::MayBe(others)) => Sighting::MayBe(others.iter().cloned().chain(named).collect()),
            _ => Sighting::MayBe(named),
        };
    }
}

impl Sought<'_> {
    /// Whether the row has all that the order has, and is from after the time in which it was expected.
    fn may_be_late(&self, row: &BookRow) -> bool {
        row.whole == self.leg.quantity
            && row.at.is_some_and(|at| at > self.intent.at.max(self.left.1) + MAY_ARRIVE + CLOCKS_APART)
            && !self.stood.was_before(row, self.intent)
            && self.is_same(row)
    }
}
