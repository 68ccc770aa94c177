//! The FYERS client against servers that answer exactly what a test says: wiremock where HTTP is spoken
//! properly, a plain TCP listener where it is not.

#![allow(missing_docs, reason = "a test program has no readers of its documentation")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a test says no")]

mod auth;
mod secrets;
mod support;
mod transport;
