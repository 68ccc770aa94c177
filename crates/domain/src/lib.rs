//! What the keeper decides, as functions from values to values, and the ports it needs from the world.
//!
//! Nothing here waits, reads a clock or reaches disk or network.

pub mod address;
pub mod alert;
pub mod alerts;
pub mod app_kind;
pub mod asked;
pub mod backoff;
pub mod bots;
pub mod broker_error;
pub mod chat;
pub mod clock;
pub mod contact;
pub mod day_summary;
pub mod disclosure;
pub mod equity;
pub mod event;
pub mod event_words;
pub mod farewell;
pub mod feeds;
pub mod keys;
pub mod login_origin;
pub mod mode;
pub mod moments;
pub mod money;
pub mod mornings;
pub mod note;
pub mod notes;
pub mod order_journal;
pub mod places;
pub mod ports;
pub mod reason;
pub mod reason_words;
pub mod restart_policy;
pub mod routing;
pub mod secret;
pub mod served;
pub mod session;
pub mod session_state;
pub mod shared_calls;
pub mod store_error;
pub mod text;
pub mod trading_day;
pub mod wrap;
