//! The beginnings of all patterns, to be compared with many letters in little time.

use std::collections::HashMap;

use super::{GAP, SHORTEST, escape::escaped, letter};

/// Bits of the table, as a power of two.
const TABLE_BITS: u32 = 16;
/// Words in it.
const TABLE: usize = 1 << (TABLE_BITS - 6);
/// The letter that each byte is; 0 for what is none.
static LETTERS: [u8; 256] = {
    let (mut all, mut byte) = ([0; 256], 0_u8);
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            all[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    all
};

/// Which patterns begin how.
pub(super) struct Beginnings {
    ways: HashMap<u64, Vec<usize>>,
    /// A bit for the hash of each beginning.
    table: Box<[u64; TABLE]>,
    /// Whether any begins with this letter.
    firsts: [bool; 256],
}

impl Beginnings {
    /// Of patterns that are long enough.
    pub(super) fn of(patterns: &[Vec<u8>]) -> Self {
        let mut ways: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut table = Box::new([0; TABLE]);
        let mut firsts = [false; 256];
        for (number, pattern) in patterns.iter().enumerate() {
            let beginning = number_of(&pattern[..SHORTEST]);
            let (word, bit) = place_of(beginning);
            table[word] |= bit;
            firsts[usize::from(pattern[0])] = true;
            ways.entry(beginning).or_default().push(number);
        }
        Self { ways, table, firsts }
    }

    /// The patterns that begin with these letters.
    pub(super) fn ways(&self, letters: &[u8]) -> &[usize] {
        let is_whole = letters.len() == SHORTEST;
        let ways = is_whole.then(|| self.ways.get(&number_of(letters))).flatten();
        ways.map_or(&[], Vec::as_slice)
    }

    /// Whether one begins with the first byte of this, where one layer of escapes is undone.
    pub(super) fn is_at(&self, text: &[u8]) -> bool {
        let first = text.first().is_some_and(|byte| self.firsts[usize::from(LETTERS[usize::from(*byte)])]);
        if !first {
            return false;
        }
        let (mut at, mut last, mut recent, mut count) = (0, 0, 0_u64, 0);
        while count < SHORTEST && at < text.len() && at - last <= GAP {
            let (byte, length) = escaped(&text[at..]).unwrap_or((text[at], 1));
            at += length;
            let letter = LETTERS[usize::from(byte)];
            if letter != 0 {
                (recent, count, last) = ((recent << 8) | u64::from(letter), count + 1, at);
            }
        }
        count == SHORTEST && self.ways.contains_key(&recent)
    }

    /// Tells where one of them begins, as far as eight letters show it.
    pub(super) fn each_in(&self, text: &[u8], mut tell: impl FnMut(usize)) {
        let mut recent = 0_u64;
        for (at, byte) in text.iter().enumerate() {
            let letter = LETTERS[usize::from(*byte)];
            // Without a branch, which nobody could foretell: what is no letter is looked up once more with those before it.
            recent = if letter == 0 { recent } else { (recent << 8) | u64::from(letter) };
            let (word, bit) = place_of(recent);
            if self.table[word & (TABLE - 1)] & bit != 0 && letter != 0 && self.ways.contains_key(&recent) {
                begin_of(&text[..=at]).into_iter().for_each(&mut tell);
            }
        }
    }
}

/// Where the last eight letters of a text begin.
fn begin_of(text: &[u8]) -> Option<usize> {
    let (mut at, mut last, mut count) = (text.len(), text.len(), 0);
    while count < SHORTEST {
        at = at.checked_sub(1)?;
        if letter(text[at]).is_some() {
            (last, count) = (at, count + 1);
        } else if last - at > GAP {
            return None;
        }
    }
    Some(last)
}

fn number_of(letters: &[u8]) -> u64 {
    letters.iter().fold(0, |all, letter| (all << 8) | u64::from(*letter))
}

/// Where the bit for a beginning is: its hash is the upper part of a product with an odd number.
fn place_of(beginning: u64) -> (usize, u64) {
    let hash = beginning.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - TABLE_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}
