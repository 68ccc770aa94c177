//! Where a text tells a secret, however it is written there: FYERS may quote what it was sent in an error, and bots get
//! FYERS' answers as they are.
//!
//! Lists of ways to write a secret are never complete, so both sides are brought to one spelling: escapes are undone
//! (`escape`), also escapes of escapes, only letters and digits count, and capitals do not. What stands between two of
//! them (quotes, commas, line breaks) may be anything. What a secret looks like as numbers or in base64 is looked for in
//! the same way (`patterns`).
//!
//! A text without secrets is gone through once, and once more for each layer of escapes around those that it has: each
//! eight letters are compared with the beginnings of all patterns by one look into a table (`beginnings`). Where one
//! may begin, it is read from there until it is certain.

mod beginnings;
mod escape;
mod layers;
mod patterns;
#[cfg(test)]
mod tests;
mod texts;

use std::{fmt, ops::Range};

use beginnings::Beginnings;
use escape::{Char, DEPTH, characters};
pub use texts::texts;

/// Shorter secrets are not looked for: they occur by chance.
pub const SHORTEST: usize = 8;
/// More than so many bytes between two letters, and they do not belong together.
const GAP: usize = 40;

/// Finds some secrets in texts.
pub struct Finder {
    patterns: Vec<Vec<u8>>,
    beginnings: Beginnings,
    /// Of secrets that have few letters and digits: as they are.
    literals: Vec<Vec<u8>>,
}

impl fmt::Debug for Finder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finder(..)")
    }
}

impl Finder {
    /// Looks for these.
    pub fn of(secrets: &[&str]) -> Self {
        let long =
            || secrets.iter().map(|secret| secret.as_bytes()).filter(|secret| secret.len() >= SHORTEST);
        let has_letters = |secret: &[u8]| patterns::letters(secret).len() >= SHORTEST;
        let ways = long().filter(|secret| has_letters(secret)).flat_map(patterns::of);
        let mut patterns: Vec<Vec<u8>> = ways.filter(|way| way.len() >= SHORTEST).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let literals = long().filter(|secret| !has_letters(secret)).map(<[u8]>::to_vec).collect();
        Self { beginnings: Beginnings::of(&patterns), patterns, literals }
    }

    /// Where they stand, in their order.
    pub fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Found { ranges: Vec::new(), end: 0 };
        self.beginnings.each_in(text, |start| self.look(text, start, &mut found));
        let mut begun = Vec::new();
        layers::each_in(text, |layer| {
            self.beginnings.each_in(&layer.above.bytes, |at| begun.push(layer.above.starts[at]));
            layer.each_hidden(|at| {
                if self.beginnings.is_at(&layer.below.bytes[at..]) {
                    begun.push(layer.below.starts[at]);
                }
            });
        });
        begun.sort_unstable();
        begun.dedup();
        let mut inner = Found { ranges: Vec::new(), end: 0 };
        begun.into_iter().for_each(|start| self.look(text, start, &mut inner));
        for literal in &self.literals {
            let starts = text.windows(literal.len()).enumerate().filter(|(_, part)| part == literal);
            inner.ranges.extend(starts.map(|(start, _)| start..start + literal.len()));
        }
        together(found.ranges, inner.ranges)
    }

    /// Whether a secret begins here, unless this is in one that was found.
    fn look(&self, text: &[u8], start: usize, found: &mut Found) {
        if start < found.end {
            return;
        }
        let ends = (0..=DEPTH).filter_map(|layers| self.end_from(text, start, layers));
        if let Some(end) = ends.max() {
            found.ranges.push(start..end);
            found.end = end;
        }
    }

    /// The end of the longest secret that begins here, where so many layers of escapes are undone.
    fn end_from(&self, text: &[u8], start: usize, layers: usize) -> Option<usize> {
        let beginning: Vec<u8> =
            letters(text, start, layers).take(SHORTEST).map(|(letter, _)| letter).collect();
        let ways = self.beginnings.ways(&beginning).iter().map(|way| &self.patterns[*way]);
        ways.filter_map(|way| end_of(way, letters(text, start, layers))).max()
    }
}

struct Found {
    ranges: Vec<Range<usize>>,
    end: usize,
}

/// Both, without overlaps.
fn together(mut ranges: Vec<Range<usize>>, more: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if more.is_empty() {
        return ranges;
    }
    ranges.extend(more);
    ranges.sort_unstable_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => apart.push(range),
        }
    }
    apart
}

/// Where this pattern ends; `None` when something else stands there.
fn end_of(pattern: &[u8], mut letters: impl Iterator<Item = (u8, usize)>) -> Option<usize> {
    let mut end = None;
    for wanted in pattern {
        let (letter, after) = letters.next()?;
        if letter != *wanted {
            return None;
        }
        end = Some(after);
    }
    end
}

/// What counts of a byte: a letter without its case, or a digit.
fn letter(byte: u8) -> Option<u8> {
    byte.is_ascii_alphanumeric().then(|| byte.to_ascii_lowercase())
}

/// The letters from `start` on, each with its end; up to a gap that is too long.
fn letters(text: &[u8], start: usize, layers: usize) -> impl Iterator<Item = (u8, usize)> {
    let mut last = start;
    let near = move |(byte, start, end): Char| {
        let is_near = start - last <= GAP;
        if letter(byte).is_some() {
            last = end;
        }
        is_near.then_some((byte, end))
    };
    characters(text, start, layers).map_while(near).filter_map(|(byte, end)| Some((letter(byte)?, end)))
}
