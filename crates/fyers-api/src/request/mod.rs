//! Requests to FYERS as JSON: those that this crate writes, and an order's fields as another program wrote them.

mod auth;
mod order;
mod order_fields;
mod spelling;

pub use auth::{login, login_page, refresh};
pub use order::{NotExact, order};
pub use order_fields::{GttFields, GttLegFields, GttLegs, MultiLegFields, OrderFields, decimal, tag, whole};
pub use spelling::{Spelling, query_says_more};
