//! What the simulated broker keeps: tokens, prices, books, logins and its error table.

mod api_error;
mod book;
mod conditional;
mod gtt;
mod logins;
mod market;
mod rows;
mod tokens;

pub use api_error::ApiError;
pub(crate) use api_error::order_restricted;
pub(crate) use book::{Book, quantity};
pub(crate) use gtt::{Gtt, PENDING};
pub(crate) use logins::Logins;
pub use logins::{LoginSession, LoginStep};
pub(crate) use market::{Market, fy_token, round2};
pub(crate) use rows::{GttRow, OrderRow};
pub(crate) use tokens::{Rejection, TokenBook};
pub use tokens::{TokenKind, TokenRecord, TokenStatus};
