//! Where orders and reads go: FYERS while there is a good token, the MockExchange when there is none.
//!
//! `keeper_domain::routing::route` decides; this folder carries out. `forwarding` hands a request to what the decision
//! names: `execution` (an order to FYERS), `reads` (anything else to FYERS) or `simulating` (the MockExchange).
//! `saving` writes down. `look` keeps what is known of the positions at FYERS, and settles orders whose answer is not known;
//! `exits` has it read before an exit leaves under a halt. `doubt` asks whether a token is dead that FYERS refused once.

mod actor;
pub mod book;
pub mod bots;
mod clearing;
mod deps;
mod doubt;
pub mod execution;
mod exits;
mod forwarding;
mod handlers;
mod loading;
mod long_book;
mod look;
pub mod market;
pub mod messages;
mod pricing;
pub mod reads;
mod saving;
mod segments;
mod simulating;
mod snapshot;
mod state;
mod waiting;
mod words;
mod worth;

#[cfg(test)]
mod tests;

pub use actor::ExchangeActor;
pub use deps::ExchangeDeps;
pub use snapshot::nothing_known;
