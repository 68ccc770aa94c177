//! A seeded random walk of all prices.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::market::{Market, round2};

/// The price step of a walk, which is also the tick size of orders.
const TICK: f64 = 0.1;

/// The walk. The same seed on the same symbols and prices gives the same prices.
#[derive(Debug)]
pub(crate) struct PriceWalk {
    random: StdRng,
}

impl PriceWalk {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    /// New prices of all symbols: each moves by at most three ticks and stays above zero.
    pub(crate) fn step(&mut self, market: &Market) -> Vec<(String, f64)> {
        let mut moved = |symbol: &str| {
            let price = market.price(symbol)? + TICK * f64::from(self.random.random_range(-3_i32..=3));
            Some((symbol.to_owned(), round2(price.max(TICK))))
        };
        market.symbols().filter_map(&mut moved).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_walk() {
        let market = Market::new();
        let steps = |seed| {
            let mut walk = PriceWalk::new(seed);
            (0..20).map(|_| walk.step(&market)).collect::<Vec<_>>()
        };
        assert_eq!(steps(7), steps(7));
        assert_ne!(steps(7), steps(8));
        assert!(steps(7).iter().flatten().all(|(_, price)| *price > 0.0));
    }
}
