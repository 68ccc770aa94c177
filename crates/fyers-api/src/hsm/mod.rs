//! The data socket (HSM): binary frames in both directions, so that a client and a server can be made of them
//! (docs/fyers-api.md, "Sockets").
//!
//! A frame is one WebSocket message. All numbers are big-endian, except topic ids, which are opaque. The length at the
//! start of a frame is wrong in frames of FYERS' own SDKs, so the message's own end counts. Nothing in here trusts a
//! count or a length: memory is bounded by the size of the message.

mod bytes;
mod client;
mod feed;
mod index;
mod names;
mod price;
mod server;
mod topic;

pub use client::{ClientFrame, DataMode};
pub use feed::{DEPTH_FIELDS, Feed, FeedRecord, FeedSnapshot, INDEX_FIELDS, SCRIP_FIELDS};
pub use index::{index_name, index_symbol};
pub use names::field_names;
pub use price::{ABSENT, price, raw};
pub use server::{ServerFrame, ServerReply};
pub use topic::{Topic, TopicKind, segment_name};

/// The channel that SDKs use when they are not told another.
pub const DEFAULT_CHANNEL: u8 = 11;

/// A frame that cannot be understood. Whoever receives one ends the connection or passes it over; nothing in it was
/// taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// It ends in the middle of something.
    #[error("the frame ends in the middle")]
    Short,
    /// A type that this side never sends.
    #[error("frames of type {0} are not known")]
    Type(u8),
    /// A field that must be there is missing, or its bytes cannot be what they should be.
    #[error("the field {0} is missing or odd")]
    Field(&'static str),
}
