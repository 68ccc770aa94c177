//! How the MockExchange's market behaves: settings that the actor is given.

use std::sync::Arc;

use mock_exchange::{calendar::Calendar, exchange::Prices};

/// How much of an order the market takes (`KEEPER_MOCK_FILL`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// All of it, at the best price.
    Touch,
    /// What FYERS' order book shows, level by level.
    Depth,
}

/// The MockExchange's market.
#[derive(Debug, Clone)]
pub struct MockMarket {
    /// What prices do while FYERS cannot be asked (`KEEPER_MOCK_PRICES`): [`Prices::Last`] or [`Prices::Walk`].
    pub without_token: Prices,
    /// How orders fill while FYERS can be asked.
    pub fill: Fill,
    /// Whether the account in Sandbox begins as a copy of the one at FYERS.
    pub copies_account: bool,
    /// Trading days and hours.
    pub calendar: Arc<Calendar>,
}

impl MockMarket {
    /// Made-up prices while there is no token, fills at the best price, an account with its capital.
    pub fn walking(calendar: Arc<Calendar>) -> Self {
        Self { without_token: Prices::Walk, fill: Fill::Touch, copies_account: false, calendar }
    }
}
