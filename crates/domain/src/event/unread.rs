//! Why no order book was read for an order.

use serde::{Deserialize, Serialize};

/// Why FYERS' order book was not read for an order without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnreadBook {
    /// It cannot be read now; it is looked for once it can.
    Yet,
    /// Trading was over before it could be read, and the next day's book does not show it.
    DayOver,
}
