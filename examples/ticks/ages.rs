//! How old ticks were when a client had them, or a newer one of the same symbol.
//!
//! Each client looks at its own part of the symbols, so that all of them are looked at together once: looking costs the
//! same with one client as with sixty-four. A tick that was left out because a newer one came is counted with the age it had
//! when that one arrived; the source ticks in turn, so the gap between two stamps says how many were left out.

use std::collections::HashMap;

use crate::{ROUND, age};

pub(crate) struct Ages {
    number: usize,
    of: usize,
    /// Between two ticks of a symbol, in microseconds.
    period: u64,
    last: HashMap<u32, i32>,
    pub(crate) ages: Vec<u64>,
    pub(crate) left_out: u64,
}

impl Ages {
    /// Those of client `number` of so many.
    pub(crate) fn new(number: usize, of: usize, period: u64) -> Self {
        Self { number, of, period, last: HashMap::new(), ages: vec![], left_out: 0 }
    }

    /// Whether this client looks at this symbol.
    pub(crate) fn looks_at(&self, symbol: u32) -> bool {
        symbol as usize % self.of == self.number
    }

    /// A tick of the symbol has come.
    pub(crate) fn came(&mut self, symbol: u32, made: i32, measures: bool) {
        let before = self.last.insert(symbol, made);
        if !measures {
            return;
        }
        let age = age(made);
        self.ages.push(age);
        let gap = before.map_or(0, |before| (made as u64 + ROUND - before as u64) % ROUND);
        let left_out = ((gap + self.period / 2) / self.period).saturating_sub(1);
        self.left_out += left_out;
        self.ages.extend((1..=left_out).map(|one| age + one * self.period));
    }
}
