//! What is sent to a socket.

use serde::{Deserialize, Serialize};

/// How a connection is ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketEnd {
    /// A WebSocket close frame, code 1001, then the end of the TCP connection.
    #[default]
    Close,
    /// The end of the TCP connection without a close frame.
    Drop,
    /// A TCP RST.
    Reset,
}

/// One message, or the end of the connection.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    /// Ticks or order events: what a mute connection does not send.
    Data(Payload),
    /// Replies and keep-alives.
    Control(Payload),
    /// The reply to a WebSocket ping.
    Pong(Vec<u8>),
    /// The end.
    End(SocketEnd),
}

/// The payload of a WebSocket message.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    /// A binary message.
    Binary(Vec<u8>),
    /// A text message.
    Text(String),
}
