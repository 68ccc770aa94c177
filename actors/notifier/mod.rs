//! Alerts: which events are worth one, what it says, and how it gets through.

pub mod messages;
pub mod outbox;
