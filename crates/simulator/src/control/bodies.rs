//! Bodies of control requests.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::broker::{ApiError, TokenKind};
use crate::faults::FaultRule;
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
