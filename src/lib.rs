//! fyers-keeper: keeps one FYERS account's API session alive, and a bot trading somewhere, through the night.
//!
//! `app` puts everything together; the modules around it each reach one part of the world. What is decided is
//! decided in `keeper_actors`.

pub mod config;
pub mod envfile;
pub mod fyers;
pub mod logging;
pub mod store;
pub mod telegram;
