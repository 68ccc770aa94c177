//! One candle.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

/// A candle: prices in INR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// When it begins.
    pub at: DateTime<Utc>,
    /// First price.
    pub open: Decimal,
    /// Highest.
    pub high: Decimal,
    /// Lowest.
    pub low: Decimal,
    /// Last.
    pub close: Decimal,
    /// Shares.
    pub volume: i64,
}

impl Candle {
    /// One candle for both, the second being later.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        let (high, low) = (self.high.max(later.high), self.low.min(later.low));
        Self { high, low, close: later.close, volume: self.volume + later.volume, ..self }
    }

    /// The same with prices on multiples of the tick: rounding keeps the highest the highest.
    pub(super) fn on_ticks(self, tick: Decimal) -> Self {
        let on = |price| on_tick(price, tick);
        Self { open: on(self.open), high: on(self.high), low: on(self.low), close: on(self.close), ..self }
    }
}

/// The multiple of a tick below a price, one tick at least.
pub(super) fn on_tick(price: Decimal, tick: Decimal) -> Decimal {
    let ticks = (price / tick).round_dp_with_strategy(0, RoundingStrategy::ToZero);
    ticks.max(Decimal::ONE) * tick
}
