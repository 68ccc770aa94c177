//! Commands by chat: who may command is decided by `rules`, `actor` hears and carries it out.
//!
//! `commands`, `confirm` and `paste` are what the rules know; `reaction` is what they say. `poll` asks Telegram,
//! `note` is what is on disk, `perform` does it, `speaker` gets words through to Telegram, `chat_log` logs it.

pub mod actor;
mod batch;
mod chat_log;
mod deps;
pub mod messages;
mod note;
mod perform;
mod poll;
mod speaker;

#[cfg(test)]
mod tests;

pub use actor::InboxActor;
pub use deps::InboxDeps;
