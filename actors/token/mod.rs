//! The token session: who may trade, until when, and how a new token comes.
//!
//! `rules` decides, `actor` carries out. Start reading with `rules::step`.

pub mod actor;
mod handlers;
pub mod loaded;
pub mod messages;
mod waiting_logins;

#[cfg(test)]
mod tests;
