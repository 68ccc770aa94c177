//! What the keeper shows: status page, metrics and events, asked by plain HTTP with the real program behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod access;
mod attacks;
mod browserless;
mod events;
mod metrics;
mod ops;
mod page;
mod pressure;
mod set_up;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod support;
mod worst;
