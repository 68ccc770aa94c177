//! How a made-up price moves: offsets in millionths of its reference price, for each step of each day.
//!
//! Days are joined, blocks of a day are joined, steps of a block are joined: each level is bent so that it ends where the
//! next begins. A price costs one draw for each day since the epoch and a few hundred more.

use chrono::{Datelike, NaiveDate};

/// Seconds of a step.
pub(crate) const STEP_SECONDS: i64 = 5;
/// Parts of a whole.
pub(super) const MILLION: i64 = 1_000_000;

/// Steps of a block, and blocks of a day (the last one is cut short).
const BLOCK: i64 = 256;
const BLOCKS: i64 = 86_400 / STEP_SECONDS / BLOCK + 1;
/// Largest moves, in millionths: of a day, a block, a step.
const DAY_MOVE: i64 = 9_000;
const BLOCK_MOVE: i64 = 1_200;
const STEP_MOVE: i64 = 120;
/// The walk stays within about a quarter of its reference.
const BAND: i64 = 200_000;
/// 2026-01-01, counted from the common era: days before it have the level of the epoch.
const EPOCH: i64 = 739_617;

/// The walk of one symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    key: u64,
}

impl Path {
    pub(super) fn new(seed: u64, symbol: &str) -> Self {
        Self { key: mix(seed ^ hash(symbol)) }
    }

    /// Where the price is at a step of a day, in millionths of the reference.
    pub(super) fn offset(self, date: NaiveDate, step: i64) -> i64 {
        let day = i64::from(date.num_days_from_ce()) - EPOCH;
        let start = self.level(day);
        let end = bounce(start + draw(self.key, day, DAY_MOVE));
        let day_key = mix(self.key ^ unsigned(day).rotate_left(17));
        let (block, within) = (step.div_euclid(BLOCK), step.rem_euclid(BLOCK));
        let wander = |blocks: i64| (0..blocks).map(|number| draw(day_key, number, BLOCK_MOVE)).sum::<i64>();
        let whole = end - start - wander(BLOCKS);
        let knot = |block: i64| start + wander(block) + whole * block / BLOCKS;
        let (from, to) = (knot(block), knot(block + 1));
        let block_key = mix(!day_key ^ unsigned(block).rotate_left(31));
        let steps = |steps: i64| (0..steps).map(|number| draw(block_key, number, STEP_MOVE)).sum::<i64>();
        from + steps(within) + (to - from - steps(BLOCK)) * within / BLOCK
    }

    /// Shares traded in a step.
    pub(super) fn volume(self, date: NaiveDate, step: i64) -> i64 {
        let rate = 50 + self.key % 2_000;
        let drawn =
            mix(self.key ^ unsigned(i64::from(date.num_days_from_ce())).rotate_left(40) ^ unsigned(step));
        signed(rate / 2 + drawn % rate)
    }

    fn level(self, day: i64) -> i64 {
        (0..day).fold(0, |sum, number| bounce(sum + draw(self.key, number, DAY_MOVE)))
    }
}

/// Folds a walk that leaves the band back into it.
fn bounce(parts: i64) -> i64 {
    match parts {
        _ if parts > BAND => 2 * BAND - parts,
        _ if parts < -BAND => -2 * BAND - parts,
        _ => parts,
    }
}

/// A number from `-most` to `most`, each as likely.
fn draw(key: u64, number: i64, most: i64) -> i64 {
    let width = 2 * most.unsigned_abs() + 1;
    let drawn = mix(key.wrapping_add(mix(unsigned(number)))) % width;
    signed(drawn) - most
}

fn unsigned(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}

/// For numbers known to be small.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// FNV-1a, which is the same on every machine and in every version.
pub(super) fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// The finisher of SplitMix64.
pub(super) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
