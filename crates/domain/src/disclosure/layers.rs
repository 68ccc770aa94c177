//! The parts of a text around its escapes, with one layer of them undone after the other.

use std::ops::Range;

use super::{
    GAP, SHORTEST,
    escape::{DEPTH, escaped, is_sign},
    letter,
};

/// A secret with an escape among its first letters begins at most so far before it: eight letters, each with the longest
/// gap, would be more than that. So far apart they are no secret that anybody wrote.
const BEFORE: usize = 4 * GAP;
/// And the escapes of its first letters end at most so far behind.
const BEHIND: usize = SHORTEST * 12;
/// A part is cut where it is longer: what is held at once is bounded.
const LONGEST: usize = 64 * 1024;

/// So many bytes are asked for signs at once.
const CHUNK: usize = 64;

/// A part of a text with some layers undone.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// Where each of them begins in the text.
    pub(super) starts: Vec<usize>,
}

/// A layer that was undone, above the one that it was made of.
pub(super) struct Undone {
    pub(super) above: Layer,
    pub(super) below: Layer,
    /// Where the escapes are below.
    escapes: Vec<Range<usize>>,
}

impl Undone {
    /// Tells where in the layer below a letter stands that an escape before it seems to take.
    pub(super) fn each_hidden(&self, mut tell: impl FnMut(usize)) {
        let inside = self.escapes.iter().flat_map(|escape| escape.start + 1..escape.end);
        inside.filter(|at| letter(self.below.bytes[*at]).is_some()).for_each(&mut tell);
    }
}

/// Tells all layers of all parts.
pub(super) fn each_in(text: &[u8], mut tell: impl FnMut(&Undone)) {
    for part in parts(text) {
        let mut layer = Layer { bytes: text[part.clone()].to_vec(), starts: part.collect() };
        for _ in 0..DEPTH {
            let Some(undone) = undone(layer) else { break };
            tell(&undone);
            layer = undone.above;
        }
    }
}

/// The parts in which escapes are, each with what is before and behind them.
fn parts(text: &[u8]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let has_sign = |chunk: &[u8]| chunk.iter().fold(false, |any, byte| any | is_sign(*byte));
    let chunks = text.chunks(CHUNK).enumerate().filter(|(_, chunk)| has_sign(chunk));
    let places = chunks.flat_map(|(number, chunk)| (number * CHUNK..).take(chunk.len()));
    for at in places.filter(|at| is_sign(text[*at]) && escaped(&text[*at..]).is_some()) {
        let (start, end) = (at.saturating_sub(BEFORE), text.len().min(at + BEHIND));
        match parts.last_mut().filter(|last| start <= last.end && end - last.start <= LONGEST) {
            Some(last) => last.end = end,
            None => parts.push(start..end),
        }
    }
    parts
}

/// One layer less; `None` when there is none.
fn undone(below: Layer) -> Option<Undone> {
    let room = below.bytes.len();
    let is_escape = |at: usize| is_sign(below.bytes[at]) && escaped(&below.bytes[at..]).is_some();
    if !(0..room).any(is_escape) {
        return None;
    }
    let mut above = Layer { bytes: Vec::with_capacity(room), starts: Vec::with_capacity(room) };
    let (mut escapes, mut at) = (Vec::new(), 0);
    while at < room {
        let meant = if is_sign(below.bytes[at]) { escaped(&below.bytes[at..]) } else { None };
        let (byte, length) = meant.unwrap_or((below.bytes[at], 1));
        above.bytes.push(byte);
        above.starts.push(below.starts[at]);
        if length > 1 {
            escapes.push(at..at + length);
        }
        at += length;
    }
    Some(Undone { above, below, escapes })
}
