//! The keeper's listener: health for containers, status for people and scripts, the gateway for bots.
//!
//! It runs on its own worker thread, so `/livez` can tell that the actors' thread hangs.

mod access;
pub(crate) mod account;
mod backend;
pub(crate) mod door;
mod events;
mod feed;
mod framing;
mod gateway;
mod head;
mod health;
pub mod journal_signal;
mod keys;
pub mod limits;
mod listener;
pub mod metrics;
mod orders;
mod pages;
pub(crate) mod relayed;
mod reply;
mod request_line;
pub mod set_up;
mod shared;

pub use access::GatewayKey;
pub(crate) use access::names_listener;
pub use backend::{Backend, Front, HandOver};
pub use listener::{listen, listen_with};
pub(crate) use pages::error;
