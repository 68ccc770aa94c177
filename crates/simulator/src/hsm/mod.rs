//! The wire code of the FYERS data socket, written from the contract (section 7.2) alone.

mod client;
mod frame;
mod record;
mod topic;
mod values;

pub(crate) use client::ClientMessage;
pub(crate) use frame::{ack, auth_ack, custom};
pub(crate) use record::{Feed, Record};
pub(crate) use topic::{Topic, TopicKind};
pub(crate) use values::values;
