//! The calendar, the daily tick and the ClockActor.
//!
//! `calendar` knows trading days, `due` decides when a tick is due, `actor` looks at the wall clock.

pub mod actor;
pub mod messages;

#[cfg(test)]
mod tests;

pub use actor::{ClockActor, ClockDeps};
