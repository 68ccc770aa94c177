//! The gateway's HTTP side and the proxy behind it over real sockets: bytes in, bytes out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bounds;
mod forwarded;
mod keys;
mod limits;
mod paths;
mod support;
mod wire;
