//! Where orders and reads go: FYERS while there is a good token, the MockExchange when there is none.
//!
//! `keeper_domain::routing::route` decides; this folder carries out. `forwarding` hands a request to what the decision
//! names: `execution` (an order to FYERS), `reads` (anything else to FYERS) or `simulating` (the MockExchange).
//! `saving` writes down, `pipeline` many changes at once. `look` keeps what is known of the positions at FYERS, and settles
//! orders whose answer is not known (`unsettled`); `meaning` reads an answer, and `token_error` what in it is about the token; `exits` has the positions read before an exit leaves under a
//! halt. `watched` hears in every answer of FYERS, whoever asked, that the token is dead; `doubt` asks whether it is.

mod actor;
pub mod book;
pub mod bots;
mod clearing;
pub mod conditional;
mod deps;
mod doubt;
pub mod execution;
mod exits;
mod facts;
mod first_word;
mod forwarding;
mod handlers;
mod left_orders;
mod loading;
mod long_book;
mod look;
mod losses;
pub mod market;
mod meaning;
pub mod messages;
mod pipeline;
mod pricing;
pub mod read_turns;
pub mod reads;
mod rejects;
mod saving;
mod segments;
mod simulating;
mod snapshot;
mod state;
mod token_error;
mod under_halt;
mod unsettled;
mod waiting;
pub mod watched;
mod words;
mod worth;

#[cfg(test)]
mod tests;

pub use actor::ExchangeActor;
pub use deps::ExchangeDeps;
use execution::Execution;
pub use snapshot::nothing_known;
