//! How a made-up price moves: offsets in millionths of its reference price, for each step of each day.
//!
//! Days are joined, blocks of a day are joined, steps of a block are joined: each level is bent so that it ends where the
//! next begins. A day costs one draw for each day since the epoch and a few hundred more; its steps are then almost free.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use fyers_api::ist;

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

/// The step of the day in which a time lies.
pub(crate) fn step_of(at: DateTime<Utc>) -> i64 {
    let midnight = ist::instant(ist::date(at), ist::at(0, 0));
    (at - midnight).num_seconds() / STEP_SECONDS
}

/// The walk of one symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    key: u64,
}

impl Path {
    pub(super) fn new(seed: u64, symbol: &str) -> Self {
        Self { key: mix(seed ^ hash(symbol)) }
    }

    /// One day of it.
    pub(super) fn day(self, date: NaiveDate) -> DayPath {
        let day = i64::from(date.num_days_from_ce()) - EPOCH;
        let start = self.level(day);
        let end = bounce(start + draw(self.key, day, DAY_MOVE));
        let key = mix(self.key ^ unsigned(day).rotate_left(17));
        let wander = sums(key, BLOCKS, BLOCK_MOVE);
        let whole = end - start - wander.last().copied().unwrap_or_default();
        let knots = (0..).zip(wander).map(|(block, sum)| start + sum + whole * block / BLOCKS).collect();
        DayPath { key, knots, block: -1, steps: vec![] }
    }

    /// Shares traded in a step.
    pub(super) fn volume(self, date: NaiveDate, step: i64) -> i64 {
        let rate = 50 + self.key % 2_000;
        let drawn =
            mix(self.key ^ unsigned(i64::from(date.num_days_from_ce())).rotate_left(40) ^ unsigned(step));
        signed(rate / 2 + drawn % rate)
    }

    /// Open contracts at a step of this day.
    pub(super) fn interest(self, day: &mut DayPath, step: i64) -> i64 {
        let usual = signed(5_000 + self.key % 45_000);
        usual * (MILLION + 4 * day.offset(step)) / MILLION
    }

    fn level(self, day: i64) -> i64 {
        (0..day).fold(0, |sum, number| bounce(sum + draw(self.key, number, DAY_MOVE)))
    }
}

/// One day of a walk. The block last looked at is kept, so that one step after another costs next to nothing.
#[derive(Debug, Clone)]
pub(super) struct DayPath {
    key: u64,
    /// Where each block begins; the last one is where the day ends.
    knots: Vec<i64>,
    block: i64,
    /// Moves within that block, summed.
    steps: Vec<i64>,
}

impl DayPath {
    /// Where the price is at this step, in millionths of the reference.
    pub(super) fn offset(&mut self, step: i64) -> i64 {
        let (block, within) = (step.div_euclid(BLOCK), step.rem_euclid(BLOCK));
        if self.block != block {
            let key = mix(!self.key ^ unsigned(block).rotate_left(31));
            (self.block, self.steps) = (block, sums(key, BLOCK, STEP_MOVE));
        }
        let of = |all: &[i64], place: i64| {
            usize::try_from(place).ok().and_then(|place| all.get(place).copied()).unwrap_or_default()
        };
        let (from, to) = (of(&self.knots, block), of(&self.knots, block + 1));
        from + of(&self.steps, within) + (to - from - of(&self.steps, BLOCK)) * within / BLOCK
    }
}

/// The sums of the first 0, 1, ... `count` draws.
fn sums(key: u64, count: i64, most: i64) -> Vec<i64> {
    let add = |sum: &mut i64, number: i64| {
        let before = *sum;
        *sum += draw(key, number, most);
        Some(before)
    };
    (0..=count).scan(0, add).collect()
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
