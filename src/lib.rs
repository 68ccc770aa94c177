pub mod config;
pub mod fyers;
pub mod logging;
pub mod telegram;
