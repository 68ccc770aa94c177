//! Trading days, the daily tick, and steps of the wall clock.

pub mod closings;
pub mod due;
pub mod steps;
pub mod token_hours;

pub use mock_exchange::{calendar, sessions};
