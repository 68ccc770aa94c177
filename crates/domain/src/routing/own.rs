//! What is one bot's own of the account.

use std::collections::BTreeSet;

use fyers_api::model::Position;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::request::Leg;

/// What is a bot's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Own {
    /// Open positions in the MockExchange.
    pub simulated: Vec<Position>,
    /// The same with shares that were bought there on days before: FYERS has none of it.
    pub left: Vec<Position>,
    /// What waits in the MockExchange; told to decisions that ask for it only ([`crate::bots::view::asks_what_waits`]).
    pub waiting: Vec<Leg>,
    /// Its day so far.
    pub day: OwnDay,
}

/// What a bot has done today (IST).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OwnDay {
    /// Orders sent.
    pub orders: u32,
    /// Profit, or loss below zero, in INR, before charges: closed and open, simulated and at FYERS together.
    #[serde(with = "rust_decimal::serde::float")]
    pub result: Decimal,
    /// Symbols with something open and no known price. In `result` they count at their average; for a limit it is not
    /// known then.
    pub unpriced: BTreeSet<String>,
    /// Whether its loss has reached its key's limit at a moment of this day: that holds until the next one.
    #[serde(skip)]
    pub has_lost: bool,
}
