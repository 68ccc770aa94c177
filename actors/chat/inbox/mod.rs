//! Commands by chat: who may command is decided by `rules`, the actor carries it out.

pub mod commands;
pub mod confirm;
pub mod pace;
mod paste;
pub mod rules;
