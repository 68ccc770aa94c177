//! A price as it is kept on disk, beside the journal and in snapshots.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact;

/// The day of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    pub(crate) date: NaiveDate,
    #[serde(with = "exact")]
    pub(crate) open: Decimal,
    #[serde(with = "exact")]
    pub(crate) high: Decimal,
    #[serde(with = "exact")]
    pub(crate) low: Decimal,
    /// Last price of the day before; the day's first price where that is not known.
    #[serde(with = "exact")]
    pub(crate) previous: Decimal,
}

/// The last price of a symbol with its day, in INR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPrice {
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The last price.
    #[serde(with = "exact")]
    pub last: Decimal,
    /// When it was so.
    pub at: DateTime<Utc>,
    /// A made-up price is never taken for a real one later.
    pub made_up: bool,
    /// The symbol's newest day: price bands go by the close before it.
    pub(crate) day: Option<Day>,
}
