//! Updates from the chat: who may say what, and what it means.

pub mod commands;
pub mod confirm;
pub mod memory;
pub mod pace;
pub mod paste;
pub mod rules;
pub mod verdict;
