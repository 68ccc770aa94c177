//! Where orders and reads go: FYERS while there is a good token, the MockExchange when there is none.
//!
//! `mode` and `safety` decide, `mock` is the MockExchange as pure rules over its book, `actor` carries out.

pub mod actor;
mod asking;
pub mod engine;
pub mod entry;
pub mod form;
pub mod forward;
pub mod gateway;
mod gtt;
pub mod house;
pub mod messages;
pub mod mode;
pub mod model;
pub mod operation;
mod passing;
pub mod reading;
pub mod safety;
pub mod shape;
mod simulating;

#[cfg(test)]
mod forward_tests;
#[cfg(test)]
mod tests;

pub use actor::{ExchangeActor, ExchangeDeps};
pub use mode::OnTokenLoss;
