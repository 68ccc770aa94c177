//! Trading days, the daily tick, and steps of the wall clock.

pub mod calendar;
pub mod due;
pub mod sessions;
pub mod steps;
