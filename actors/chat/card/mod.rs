//! The login card: one message, edited in place, that asks for the day's login and ends as its receipt.
//!
//! `rules` compares what the chat shows with what it should show and gives the next step; the actor carries the
//! step out and writes down what came of it. So a crash, a lost answer or an outage of Telegram only means that
//! the same comparison is made again.

pub mod actor;
mod deps;
mod update;

pub use actor::{CardActor, RequestCard};
pub use deps::{CardDeps, LoginPath};
