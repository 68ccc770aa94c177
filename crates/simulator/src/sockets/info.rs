//! What tests see of a socket.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::faults::Fault;

/// The two sockets FYERS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketKind {
    /// The data socket (HSM) at `/hsm/v1-5/prod`.
    Data,
    /// The order socket at `/trade/v3`.
    Orders,
}

/// One WebSocket connection, open or closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SocketInfo {
    /// Counts up from 1 over both sockets, in the order of connecting.
    pub id: u64,
    /// Which socket.
    pub kind: SocketKind,
    /// The client id of the account; `None` before a data socket has authenticated.
    pub account: Option<String>,
    /// The client's own name: the source field of the data socket, the `User-Agent` header of the order socket.
    pub source: String,
    /// Simulated time of the handshake.
    pub opened_at: DateTime<Utc>,
    /// Simulated time of the end; `None` while it is open.
    pub closed_at: Option<DateTime<Utc>>,
    /// Topics such as `sf|nse_cm|3045`, or names such as `orders`; sorted.
    pub subscriptions: Vec<String>,
    /// Symbols behind the topics of a data socket, each once, sorted.
    pub symbols: Vec<String>,
    /// Channels in lite mode, as a bitmap.
    pub lite_channels: u64,
    /// Paused channels, as a bitmap.
    pub paused_channels: u64,
    /// WebSocket messages sent, acknowledgements included.
    pub frames_sent: u64,
    /// WebSocket messages received, keep-alives included.
    pub frames_received: u64,
    /// Keep-alives received: `00 01 0B`, or the text `ping`.
    pub pings: u64,
    /// The newest feed message the client acknowledged.
    pub last_ack: Option<u32>,
    /// Messages received that the simulator could not parse.
    pub malformed: u64,
    /// The fault that applies to its frames.
    pub fault: Option<Fault>,
}

/// Every socket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SocketReport {
    /// Those that are open, oldest first.
    pub open: Vec<SocketInfo>,
    /// The last thousand that are closed, in the order of closing.
    pub closed: Vec<SocketInfo>,
    /// The most data sockets that were ever open at once.
    pub most_open_data: usize,
    /// The most order sockets that were ever open at once.
    pub most_open_orders: usize,
}

impl SocketReport {
    /// Open sockets of one kind.
    pub fn open_of(&self, kind: SocketKind) -> impl Iterator<Item = &SocketInfo> {
        self.open.iter().filter(move |socket| socket.kind == kind)
    }
}

/// Which open sockets a call applies to; the default is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SocketFilter {
    /// Only this one.
    pub id: Option<u64>,
    /// Only of this kind.
    pub kind: Option<SocketKind>,
}

impl SocketFilter {
    /// Every open socket.
    pub const ALL: Self = Self { id: None, kind: None };

    pub(crate) fn covers(self, socket: &SocketInfo) -> bool {
        self.id.is_none_or(|id| id == socket.id) && self.kind.is_none_or(|kind| kind == socket.kind)
    }
}

impl From<SocketKind> for SocketFilter {
    fn from(kind: SocketKind) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }
}

impl From<u64> for SocketFilter {
    fn from(id: u64) -> Self {
        Self { id: Some(id), ..Self::default() }
    }
}
