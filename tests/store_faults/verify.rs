//! What is on disk, against what was said.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;

use crate::writer::{Outcome, Said};

/// What a comparison found. Sums of many runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) runs: usize,
    pub(crate) acknowledged: usize,
    /// Of the acknowledged.
    pub(crate) on_disk: usize,
    pub(crate) refused: usize,
    /// Nobody could know.
    pub(crate) open: usize,
    /// Of these.
    pub(crate) open_on_disk: usize,
    /// Runs in which a later change was acknowledged after a refusal.
    pub(crate) healed: usize,
    /// What is wrong, in words; the first of it.
    pub(crate) wrong: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.acknowledged += other.acknowledged;
        self.on_disk += other.on_disk;
        self.refused += other.refused;
        self.open += other.open;
        self.open_on_disk += other.open_on_disk;
        self.healed += other.healed;
        self.wrong += other.wrong;
    }
}

/// The numbers of the changes of which this table has a row, in the order of the rows.
fn numbers(database: &Connection, query: &str) -> Vec<usize> {
    let mut query = database.prepare(query).unwrap();
    let texts = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let number = |text: String| text.split('#').nth(1).and_then(|n| n.parse().ok());
    texts.filter_map(|text| number(text.unwrap())).collect()
}

/// Reads the database of a program that was killed.
pub(crate) fn compare(state: &Path, said: &Said) -> (Tally, Vec<String>) {
    let database = Connection::open(state.join("keeper.db")).unwrap();
    let sound: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let journal = numbers(&database, "SELECT event FROM journal WHERE event LIKE '%#%' ORDER BY id");
    let orders = numbers(&database, "SELECT entry FROM orders ORDER BY id");
    let last: Option<u32> = database
        .query_row("SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'last'", [], |row| row.get(0))
        .ok();
    let mut wrong = Vec::new();
    let mut must = |good: bool, words: String| {
        if !good {
            wrong.push(words);
        }
    };
    must(sound == "ok", format!("integrity: {sound}"));
    must(journal == orders, format!("half there: journal {journal:?}, orders {orders:?}"));
    must(journal.is_sorted_by(|a, b| a < b), format!("twice, or out of order: {journal:?}"));
    must(journal.last().copied() == last.map(|n| n as usize), format!("the note says {last:?}: {journal:?}"));
    let there: BTreeSet<usize> = journal.into_iter().collect();
    let tally = judge(said, &there, &mut must);
    (Tally { wrong: wrong.len(), ..tally }, wrong)
}

fn judge(said: &Said, there: &BTreeSet<usize>, must: &mut impl FnMut(bool, String)) -> Tally {
    let mut tally = Tally { runs: 1, ..Tally::default() };
    let (mut lost, mut back) = (Vec::new(), Vec::new());
    for &(n, outcome) in &said.outcomes {
        let kept = there.contains(&n);
        match outcome {
            Outcome::Acknowledged => {
                tally.acknowledged += 1;
                tally.on_disk += usize::from(kept);
                lost.extend((!kept).then_some(n));
            }
            Outcome::Refused => {
                tally.refused += 1;
                back.extend(kept.then_some(n));
            }
            Outcome::Open => {
                tally.open += 1;
                tally.open_on_disk += usize::from(kept);
            }
        }
    }
    must(lost.is_empty(), format!("{} acknowledged and not on disk: {lost:?}", lost.len()));
    must(back.is_empty(), format!("{} refused and on disk: {back:?}", back.len()));
    tally.healed = usize::from(has_healed(said));
    tally
}

/// An acknowledgement after one that was none.
fn has_healed(said: &Said) -> bool {
    let mut outcomes = said.outcomes.iter().map(|(_, outcome)| *outcome);
    outcomes.any(|outcome| outcome != Outcome::Acknowledged)
        && outcomes.any(|outcome| outcome == Outcome::Acknowledged)
}
