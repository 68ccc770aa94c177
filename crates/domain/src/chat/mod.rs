//! The person's side: the login card, and commands from the chat.

pub mod card;
pub mod inbox;
pub mod talk;
