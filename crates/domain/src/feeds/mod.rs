//! Market data and order updates: what bots follow, what they are sent, and when a connection to FYERS is opened,
//! replaced or given up. Rules only; `keeper_actors::feeds` carries them out.
//!
//! Order of reading: [`state`] (who follows what, by `board`'s numbers), [`queue`] (what waits for one bot), [`data_link`] and
//! [`connections`] (the connections to FYERS), then the three protocols that bots speak: [`hsm_client`],
//! [`order_client`], [`plain`].

mod board;
pub mod connections;
pub mod data_link;
pub mod directory;
pub mod door;
pub mod hsm_client;
pub mod news;
pub mod order_client;
pub mod overlap;
pub mod plain;
mod plain_request;
pub mod queue;
pub mod quote;
pub mod recovery;
pub mod state;
mod tick;
pub mod work_shares;
