//! The two services.

use serde::{Deserialize, Serialize};

/// One of the two services the simulator stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The broker.
    Fyers,
    /// The Telegram Bot API.
    Telegram,
}
