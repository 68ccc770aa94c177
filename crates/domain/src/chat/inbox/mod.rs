//! Updates from the chat: who may say what, and what it means.

pub mod commands;
pub mod confirm;
pub mod memory;
pub mod paste;
pub mod poll_backoff;
pub mod reaction;
pub mod rules;
