//! Where orders and reads go: FYERS while there is a good token, the MockExchange when there is none.
//!
//! `mode` and `safety` decide, `mock` is the MockExchange as pure rules over its book, `actor` carries out.

pub mod actor;
mod asking;
pub mod book;
pub mod forward;
mod long_book;
pub mod messages;
mod passing;
mod simulating;

#[cfg(test)]
mod forward_tests;
#[cfg(test)]
mod tests;

pub use actor::{ExchangeActor, ExchangeDeps};
