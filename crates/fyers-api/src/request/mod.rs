//! Requests to FYERS as JSON.

mod auth;
mod order;

pub use auth::{login, login_page, refresh};
pub use order::{NotExact, order};
