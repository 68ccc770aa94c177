//! The login as a person does it: a real Chromium on a phone-sized screen, the pages of the simulated FYERS, and
//! the real keeper. Screenshots of every step are left in the build folder, below `tmp/screenshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod keys;
mod leftovers;
mod login;
mod phone;
mod readme;
mod set_up;
mod status;
#[path = "../e2e/support.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod support;
