//! The notifier as a whole, on doubles, in virtual time.

mod coalescing;
mod delivering;
mod doubles;
mod restarting;
mod storm;
mod wording;
