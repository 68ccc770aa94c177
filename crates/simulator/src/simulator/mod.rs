//! The Rust interface.

mod handle;
mod login;
mod telegram;

pub use handle::Simulator;
