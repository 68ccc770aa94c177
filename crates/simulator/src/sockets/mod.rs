//! The connected sockets: who they are, what they subscribed to, and what waits to be sent to them.

mod data_session;
mod info;
mod outgoing;
mod registry;

pub use info::{SocketFilter, SocketInfo, SocketKind, SocketReport};
pub use outgoing::SocketEnd;
pub(crate) use outgoing::{Outgoing, Payload};
pub(crate) use registry::{NewSocket, OpenSocket, Sockets};
