//! The calendar, the daily tick and the ClockActor.
//!
//! `calendar` knows trading days, `due` decides when a tick is due, `actor` looks at the wall clock.

pub mod actor;
pub mod calendar;
pub mod due;
pub mod messages;
pub mod steps;

#[cfg(test)]
mod tests;

pub use actor::{ClockActor, ClockDeps};
