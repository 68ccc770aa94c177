//! The sockets of FYERS.

use async_trait::async_trait;

use crate::{feeds::news::Upstream, secret::AccessToken};

/// One message on a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// Of the order socket.
    Text(String),
    /// Of the data socket.
    Binary(Vec<u8>),
}

/// Why a socket cannot be used. Words of the network are not kept: they carry addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// It could not be opened.
    #[error("FYERS cannot be reached")]
    Unreachable,
    /// FYERS refused the handshake.
    #[error("FYERS refused the connection with HTTP status {0}")]
    Refused(u16),
    /// It has ended.
    #[error("the connection has ended")]
    Ended,
}

/// An open socket. The same task sends and receives.
#[async_trait]
pub trait BrokerSocket: Send {
    /// Sends a message.
    async fn send(&mut self, message: SocketMessage) -> Result<(), SocketError>;
    /// Waits for the next message. Nothing is lost when the wait is given up.
    async fn receive(&mut self) -> Result<SocketMessage, SocketError>;
}

/// Opens sockets with these credentials. A data socket has shown its key when it is returned; the answer to that is its
/// first message.
#[async_trait]
pub trait BrokerSockets: Send + Sync {
    /// Opens one.
    async fn open(&self, which: Upstream, token: &AccessToken) -> Result<Box<dyn BrokerSocket>, SocketError>;
}
