//! fyers-keeper: keeps one FYERS account's API session alive, and a bot trading somewhere, through the night.
//!
//! `app` puts everything together; the modules around it each reach one part of the world. What is decided is
//! decided in `keeper_actors`.

pub mod account;
pub mod app;
pub mod backup;
pub mod build_info;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod disk;
pub mod doctor;
pub mod env_file;
pub mod fyers;
pub mod hardening;
pub mod heartbeat;
pub mod http;
pub mod keys;
pub mod logging;
pub mod login_report;
pub mod memory;
pub mod private_file;
pub mod refresh_report;
mod run_tokens;
mod spellings;
pub mod standby;
pub mod status;
pub mod store;
pub mod telegram;
mod under_way;
pub mod wall_clock;
pub mod webhook;
