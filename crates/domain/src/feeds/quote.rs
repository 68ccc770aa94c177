//! The last known values of one item.

use chrono::{DateTime, Utc};
use fyers_api::hsm::{ABSENT, Kind, SCRIP_FIELDS, Snapshot, price};
use mock_exchange::PriceOrigin;
use rust_decimal::Decimal;

use super::directory::Item;

/// Values as the data socket has them, where they come from and how old they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedQuote {
    /// Of what.
    pub item: Item,
    /// The values; its topic number means nothing here.
    pub snapshot: Snapshot,
    /// Whether FYERS told them in this session.
    pub origin: PriceOrigin,
    /// When they came.
    pub at: DateTime<Utc>,
}

impl FeedQuote {
    /// New values from the first on; absent ones stay. True when something changed.
    pub fn update(&mut self, values: &[i32], at: DateTime<Utc>) -> bool {
        let before = self.snapshot.values.clone();
        for (known, new) in self.snapshot.values.iter_mut().zip(values) {
            if *new != ABSENT {
                *known = *new;
            }
        }
        self.at = at;
        before != self.snapshot.values
    }

    /// A value that is a price, in INR.
    pub fn price(&self, field: usize) -> Option<Decimal> {
        price(*self.snapshot.values.get(field)?, self.snapshot.multiplier, self.snapshot.precision)
    }

    /// A value that is a number.
    pub fn number(&self, field: usize) -> Option<i32> {
        self.snapshot.values.get(field).copied().filter(|value| *value != ABSENT)
    }

    /// The last traded price in INR; depth has none.
    pub fn ltp(&self) -> Option<Decimal> {
        if self.item.kind == Kind::Depth { None } else { self.price(0) }
    }
}

/// Where a scrip's field is.
pub fn scrip_field(name: &str) -> usize {
    SCRIP_FIELDS.iter().position(|field| *field == name).unwrap_or(usize::MAX)
}
