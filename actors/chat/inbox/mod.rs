//! Commands by chat: who may command is decided by `rules`, `actor` hears and carries it out.
//!
//! `commands`, `confirm` and `paste` are what the rules know; `verdict` is what they say. `listen` polls,
//! `note` is what is on disk, `carry` does it, `reply` gets words through to Telegram, `trail` leaves a line in
//! the log.

pub mod actor;
mod batch;
mod carry;
mod listen;
pub mod messages;
mod note;
mod reply;
mod trail;

#[cfg(test)]
mod tests;

pub use actor::{InboxActor, InboxDeps};
