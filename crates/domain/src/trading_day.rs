//! What is told of a trading day when it is over.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::routing::Venue;

/// What a trading day was like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaySummary {
    /// The day (IST).
    pub date: NaiveDate,
    /// Requests about orders that FYERS took.
    pub at_fyers: u64,
    /// Those that the MockExchange took.
    pub simulated: u64,
    /// Those that FYERS rejected; in what an older keeper wrote down, those that the MockExchange rejected as well.
    pub rejected: u64,
    /// Those that the MockExchange rejected.
    #[serde(default)]
    pub rejected_by_mock: u64,
    /// Those that the keeper itself refused.
    pub refused: u64,
    /// Profit and loss in INR as the venue tells it, with two decimals; `None` when it could not be read.
    pub pnl: Option<String>,
    /// Whose profit and loss it is.
    pub venue: Venue,
    /// How the token came and went, as `08:46 logged in`.
    pub token: Vec<String>,
}
