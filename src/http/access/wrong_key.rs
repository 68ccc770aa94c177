//! What is said and known of requests without a key, or with a wrong one.

use actix_web::{HttpResponse, http::header::RETRY_AFTER};
use keeper_domain::address::Network;

/// How long whoever has tried too many wrong keys is asked to wait, in seconds.
const WAIT: u32 = 60;

/// Where a wrong key was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Entrance {
    /// The gateway, in the place of a FYERS token.
    Gateway,
    /// The keeper's own routes, as a bearer token.
    Api,
    /// The form on the page.
    Page,
}

impl Entrance {
    /// The name used as a metric's label.
    pub(in crate::http) fn slug(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Api => "api",
            Self::Page => "page",
        }
    }
}

/// A wrong key was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct WrongKey {
    /// Where.
    pub(in crate::http) entrance: Entrance,
    /// By whom.
    pub(in crate::http) client: Network,
    /// A person should know now: so many wrong keys in the last hour.
    pub(in crate::http) tell: Option<u32>,
}

/// The answer to a request without a key.
pub(super) fn key_needed() -> HttpResponse {
    HttpResponse::Unauthorized().insert_header(("WWW-Authenticate", "Bearer")).body(
        "this needs the gateway key: Authorization: Bearer KEY (the file gateway.key in the state folder)\n",
    )
}

/// The answer to a client that has tried too many wrong keys.
pub(in crate::http) fn too_many_keys() -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header((RETRY_AFTER, WAIT))
        .body("too many wrong keys from this address: wait a minute\n")
}
