//! Made-up prices for Mock mode: a random walk that is a function of seed, symbol and step, so that it needs
//! no memory and is the same in every run.
//!
//! Steps come in blocks. Each block's first price is found by one larger move per block before it; within a
//! block the price wanders step by step, bent so that it arrives where the next block begins. So a price
//! costs one draw per block before it and at most one for each step of its block.

use rust_decimal::{Decimal, RoundingStrategy};

/// Small moves in a block.
const BLOCK: u64 = 256;
/// Largest small move: 5 parts in ten thousand.
const SMALL: i64 = 5;
/// Largest move of a block, in the same parts.
const LARGE: i64 = 80;
/// The walk stays within a fifth of its start, as most price bands do.
const BAND: i64 = 2_000;

/// A walk of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    start: Decimal,
    tick: Decimal,
    key: u64,
}

impl Walk {
    /// A walk that begins at `start` (the last known price, or [`made_up_start`]), in INR, on multiples of
    /// `tick`.
    pub fn new(seed: u64, symbol: &str, start: Decimal, tick: Decimal) -> Self {
        Self { start, tick, key: mix(seed ^ hash(symbol)) }
    }

    /// The price at a step, in INR: a positive multiple of the tick, within 20 % of the start.
    pub fn price(&self, step: u64) -> Decimal {
        if step == 0 {
            return self.on_tick(self.start);
        }
        let (block, within) = (step / BLOCK, step % BLOCK);
        let begin = (0..block).fold(0, |sum, number| bounce(sum + draw(self.key, number, LARGE)));
        let end = bounce(begin + draw(self.key, block, LARGE));
        let salt = mix(!self.key ^ mix(block));
        let wander = |steps: u64| (0..steps).map(|number| draw(salt, number, SMALL)).sum::<i64>();
        let bend = (end - begin - wander(BLOCK)) * signed(within) / signed(BLOCK);
        let offset = bounce(begin + wander(within) + bend);
        let parts = Decimal::new(10_000 + offset, 4);
        self.on_tick(self.start * parts)
    }

    fn on_tick(&self, price: Decimal) -> Decimal {
        let ticks = (price / self.tick).round_dp_with_strategy(0, RoundingStrategy::ToZero);
        ticks.max(Decimal::ONE) * self.tick
    }
}

/// A start for a symbol never seen: 100 to 2100 INR, the same every time.
pub fn made_up_start(symbol: &str) -> Decimal {
    Decimal::new(10_000 + signed(mix(hash(symbol)) % 200_000), 2)
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
fn draw(key: u64, number: u64, most: i64) -> i64 {
    let width = 2 * most.unsigned_abs() + 1;
    let drawn = mix(key.wrapping_add(mix(number))) % width;
    signed(drawn) - most
}

/// For numbers known to be small.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// FNV-1a, which is the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// The finisher of SplitMix64.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
