//! Trading days, the daily tick, and steps of the wall clock.

pub mod due;
pub mod steps;

pub use mock_exchange::{calendar, sessions};
