//! FYERS' answers as values. Each function takes the HTTP status and the body of one answer.
//!
//! Required is only what the answer is asked for; everything else may be absent, `null` or of another type and is
//! then reported in a list of drifted fields, so that a harmless change at FYERS is a warning and not an outage.

mod account;
mod body;
mod gtts;
mod order_word;
mod orders;
mod positions;
mod quotes;
mod row;
mod symbol_tokens;

use serde_json::Value;

pub use account::{Tokens, funds, holdings, is_token, profile, tokens};
pub use body::{Body, Unreadable};
pub use gtts::{GttRow, GttTerms, gtts};
pub use order_word::{
    OrderWord, TokenErrors, order_words, token_errors, token_message, without_token_errors,
};
pub use orders::{OrderBook, UnknownOrder, ack, order_with_tag, orders, outcomes};
pub use positions::{PositionBook, positions};
pub use quotes::{candles, depth_prices, last_prices, prices};
pub use symbol_tokens::symbol_tokens;

use crate::http::ApiResponse;

/// A value that was read, and what was odd about the answer beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// What was asked for.
    pub value: T,
    /// Fields that are not as documented and that nothing depends on, as `data.name`. Worth a warning.
    pub drift: Vec<String>,
}

/// The body as JSON; `Null` when it is none.
pub fn json(answer: &ApiResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
