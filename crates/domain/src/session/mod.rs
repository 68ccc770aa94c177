//! The token session: who may trade, until when, and how a new token comes. Start reading with `rules`.

pub mod bound;
mod calls;
pub mod first_check;
pub mod lack;
pub mod login;
mod logins;
pub mod reconcile;
pub mod retry;
pub mod rules;
pub mod window;

pub use crate::session_state::{SessionView, Source, StateName};
