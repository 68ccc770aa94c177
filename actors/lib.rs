//! What the keeper decides.
//!
//! This crate never talks to the network, the disk, Telegram or the environment: it defines the ports it
//! needs, and the root package implements them. In every folder the rules are pure functions from values to
//! values, and the actor is a thin shell that carries out what the rules say.

pub mod supervisor;

pub mod chat;
pub mod clock;
pub mod exchange;
pub mod notifier;
pub mod token;

pub mod event;
pub mod ist;
pub mod line;
pub mod mode;
pub mod ports;
pub mod reason;
pub mod secret;
mod store_error;

#[cfg(test)]
mod testing;
