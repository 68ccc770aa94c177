//! The Rust interface.

mod handle;
mod login;
mod sockets;
mod telegram;

pub use handle::Simulator;
