//! The notifier as a whole, on doubles, in virtual time.

mod delivering;
mod doubles;
mod restarting;
mod storm;
mod urgent;
