//! What the keeper shows: status page, metrics and events, asked by plain HTTP with the real program behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod access;
mod attacks;
mod browserless;
mod clock;
mod events;
mod heads;
mod hidden;
mod long_echo;
mod metrics;
mod ops;
mod owners;
mod page;
mod pressure;
mod proxies;
mod readers;
mod set_up;
mod sockets;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod support;
mod takers;
mod wishes;
mod worst;
