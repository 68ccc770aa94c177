//! What whoever may not come in is told.

use actix_web::{HttpResponse, http::header::RETRY_AFTER};

/// How long whoever has tried too many wrong keys is asked to wait, in seconds.
const WAIT: u32 = 60;

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
