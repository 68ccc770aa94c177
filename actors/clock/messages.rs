//! What the ClockActor hears.

use actix::Message;
use chrono::{DateTime, Utc};

/// What does the clock say? Answered from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "ClockView")]
pub struct GetClock;

/// What the clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, actix::MessageResponse)]
pub struct ClockView {
    /// When the next tick is due.
    pub next_tick: Option<DateTime<Utc>>,
    /// Whether today (IST) is a trading day.
    pub trading_day: bool,
}
