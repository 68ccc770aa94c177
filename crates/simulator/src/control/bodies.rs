//! Bodies of control requests.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::broker::{ApiError, OrderTopic, TokenKind};
use crate::faults::{Fault, FaultRule};
use crate::sockets::{SocketEnd, SocketFilter, SocketKind};
use crate::state::Service;

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Rules {
    One(FaultRule),
    Many(Vec<FaultRule>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    pub(super) enabled: bool,
    pub(super) rotate: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Orders {
    pub(super) restricted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outage {
    pub(super) service: Service,
    pub(super) on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skew {
    pub(super) seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    pub(super) symbol: String,
    pub(super) price: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mint {
    pub(super) kind: TokenKind,
    pub(super) issued_at: Option<DateTime<Utc>>,
    pub(super) client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kill {
    pub(super) token: Option<String>,
    pub(super) kind: Option<TokenKind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) state: String,
    pub(super) redirect_uri: Option<String>,
    pub(super) client_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginSettings {
    pub(super) instant: Option<bool>,
    pub(super) otp: Option<String>,
    pub(super) refuse: Option<ApiError>,
    #[serde(default)]
    pub(super) expire: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redirect {
    pub(super) uri: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Prices {
    One(Price),
    Many(Vec<Price>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Walk {
    /// Real milliseconds; `null` stops the walk.
    pub(super) every_ms: Option<u64>,
    #[serde(default)]
    pub(super) seed: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Steps {
    pub(super) steps: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SocketFault {
    pub(super) id: Option<u64>,
    pub(super) kind: Option<SocketKind>,
    /// `null` ends the fault.
    pub(super) fault: Option<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseSockets {
    pub(super) id: Option<u64>,
    pub(super) kind: Option<SocketKind>,
    #[serde(default)]
    pub(super) how: SocketEnd,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Push {
    pub(super) topic: OrderTopic,
    pub(super) message: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SocketSettings {
    pub(super) symbol_limit: Option<usize>,
    pub(super) ack_every: Option<u32>,
}

/// The sockets that `id` and `kind` name; all without either.
pub(super) fn filter(id: Option<u64>, kind: Option<SocketKind>) -> SocketFilter {
    SocketFilter { id, kind }
}
