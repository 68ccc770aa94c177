//! The two sockets: what their clients say, and what is pushed to them.

mod data;
mod order_updates;
mod prices;
mod publish;

pub(crate) use data::received as data_received;
pub(crate) use order_updates::{push, received as orders_received};
pub(crate) use prices::{set_prices, walk};
pub(crate) use publish::order_events;
