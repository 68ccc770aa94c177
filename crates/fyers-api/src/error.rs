//! FYERS' error answer: what a client reads, and what a stand-in for FYERS says, in FYERS' own codes and words.
//!
//! Texts come from the docs/fyers-api.md, "Order validation", where it has one. Where it has only a code, or only a
//! text of the same kind for another field, the words are ours and the doc comment says so.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// The client id that the risk texts of a stand-in name.
pub const CLIENT: &str = "MOCK";

/// An error answer: the request was understood and is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// The broker's negative code.
    pub code: i64,
    /// The broker's text.
    pub message: String,
    /// The rejected order, which is then in the order book with status 5 (docs/fyers-api.md, "Place").
    pub id: Option<String>,
}

impl ApiError {
    /// HTTP 400 with this code and text, and nothing in the order book.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), id: None }
    }

    /// A field is missing, of a wrong kind or out of range.
    pub fn invalid_input() -> Self {
        Self::new(-50, "Invalid input")
    }

    /// The same, with what should be there instead: the broker's words, and behind them ours.
    pub fn invalid(what: &str) -> Self {
        Self::new(-50, format!("Invalid input: {what}"))
    }

    /// The symbol is unknown, or cannot be traded (an index).
    pub fn unknown_symbol() -> Self {
        Self::new(-50, "The input symbol is invalid.")
    }

    /// A price between two ticks; `field` as `LimitPrice`.
    pub fn off_tick(field: &str, tick: Decimal) -> Self {
        Self::new(-50, format!("{field} not a multiple of tick size {tick:.4}"))
    }

    /// A price that does not suit the order type; `field` as `limitPrice`. Seen for `limitPrice`; the same
    /// for `stopPrice` is by analogy.
    pub fn price_mismatch(field: &str, sent: Decimal) -> Self {
        Self::new(-50, format!("{field} does not match: {}", sent.normalize()))
    }

    /// The product is not traded there.
    pub fn product_not_enabled(product: &str, exchange: &str) -> Self {
        Self::new(-50, format!("Product {product} not enabled on exchange {exchange}"))
    }

    /// Not whole lots. The text is that of multi-leg orders.
    pub fn off_lot() -> Self {
        Self::new(-50, "Quantity should be multiples of the lot size.")
    }

    /// No such order. The contract has the code only; the words are ours.
    pub fn unknown_order() -> Self {
        Self::new(-51, "Please provide a valid order id")
    }

    /// The order is over; `how` as `traded`. The contract has old numeric codes only, which v3 folds into
    /// -50; the words are ours.
    pub fn already(how: &str) -> Self {
        Self::new(-50, format!("Order is already {how}"))
    }

    /// No such position. The contract has the code only; the words are ours.
    pub fn unknown_position() -> Self {
        Self::new(-53, "Invalid position id")
    }

    /// Nothing to exit.
    pub fn nothing_open() -> Self {
        Self::new(-352, "Looks like you have no open positions.")
    }

    /// This product cannot be converted.
    pub fn not_convertible(from: &str) -> Self {
        Self::new(-50, format!("You cannot convert {from} position to INTRADAY / MARGIN."))
    }

    /// A stand-in was told of a later day before the open one was closed. Never seen by a client, so the words are
    /// ours.
    pub fn day_not_open() -> Self {
        Self { status: 500, ..Self::new(-99, "The trading day is not open yet") }
    }

    /// Risk management refuses: the order is in the book as rejected. HTTP 400 is assumed by the contract.
    pub fn risk(message: impl Into<String>) -> Self {
        Self::new(-99, message)
    }

    /// Not enough money; both amounts in INR.
    pub fn margin_shortfall(shortfall: Decimal, available: Decimal) -> Self {
        Self::risk(format!(
            "RED:Margin Shortfall:INR {shortfall:.2} Available:INR {available:.2} for C-{CLIENT} [FYERS_RISK_CUG]"
        ))
    }

    /// A price outside the day's band; `symbol` as `NSE:SBIN-EQ`.
    pub fn circuit(price: Decimal, lower: Decimal, upper: Decimal, symbol: &str) -> Self {
        let name = symbol.replace(':', ".");
        Self::risk(format!(
            "RED:RULE:{{Check circuit limit including square off order}}Current:INR {price:.2} \
             LowerCircuit:INR {lower:.2} UpperCircuit:INR {upper:.2}:{name} for C-{CLIENT}"
        ))
    }

    /// An intraday order after the day's square-off.
    pub fn after_square_off() -> Self {
        Self::risk("RED:MIS Orders are disallowed after system square off")
    }

    /// Delivery sells what is held only. The words are ours.
    pub fn not_held(symbol: &str, wanted: i64, free: i64) -> Self {
        Self::risk(format!("RED:RULE:{{Check holdings}}Sell:{wanted} Free:{free}:{symbol} for C-{CLIENT}"))
    }

    /// A market order for a symbol without a price. Cannot happen at the broker, so the words are ours.
    pub fn no_price(symbol: &str) -> Self {
        Self::risk(format!("RED:No price is known for {symbol}"))
    }
}
