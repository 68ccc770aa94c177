//! The token session: who may trade, until when, and how a new token comes.
//!
//! `keeper_domain::session::rules` decides, `effects` carries out. Start reading with `Machine::step`.

pub mod actor;
mod effects;
mod handlers;
pub mod loaded;
pub mod messages;
mod waiting_logins;

#[cfg(test)]
mod tests;
