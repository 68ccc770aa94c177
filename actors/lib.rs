//! What the keeper decides.
//!
//! This crate never talks to the network, the disk, Telegram or the environment: it defines the ports it
//! needs, and the root package implements them. In every folder the rules are pure functions from values to
//! values, and the actor is a thin shell that carries out what the rules say.

pub mod supervisor;

pub mod chat;
pub mod clock;
pub mod exchange;
pub mod feeds;
pub mod hub;
pub mod notifier;
pub mod token;

mod drift;
pub mod droppable;
pub mod event_log;
pub mod journal;
pub mod recipient_cell;

#[cfg(test)]
mod testing;
