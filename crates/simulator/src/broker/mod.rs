//! What the simulated broker keeps: tokens, prices, books, logins and its error table.

mod api_error;
mod book;
mod claims;
mod conditional;
mod gtt;
mod logins;
mod market;
mod order_event;
mod position;
mod rows;
mod symbols;
mod tokens;
mod walk;

pub use api_error::ApiError;
pub(crate) use api_error::order_restricted;
pub(crate) use book::Book;
pub(crate) use gtt::{Gtt, PENDING};
pub(crate) use logins::Logins;
pub use logins::{LoginSession, LoginStep};
pub(crate) use market::{Market, Ticker, round2};
pub(crate) use order_event::OrderEvent;
pub use order_event::OrderTopic;
pub(crate) use position::quantity;
pub(crate) use rows::{GttRow, OrderRow};
pub(crate) use symbols::{INDEX_NAMES, exchange_token, fy_token, index_name, is_index, segment_name};
pub(crate) use tokens::{Rejection, TokenBook};
pub use tokens::{TokenKind, TokenRecord, TokenStatus};
pub(crate) use walk::PriceWalk;
