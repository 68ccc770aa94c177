//! Refusals for which FYERS' own words are not known, or which only a simulation has.

use chrono::{DateTime, Utc};
use fyers_api::{
    error::{ApiError, CLIENT},
    ist,
};

/// A field, flag or value that is not simulated: nothing of the request was done.
pub(crate) fn not_taken(field: &str, why: &str) -> ApiError {
    ApiError::new(-50, format!("{field} is not taken: {why}"))
}

/// The order is over.
pub(crate) fn not_pending(id: &str) -> ApiError {
    ApiError { id: Some(id.to_owned()), ..ApiError::new(-52, "Not a pending order") }
}

/// Outside the segment's sessions.
pub(crate) fn market_closed(segment: &str, next: Option<DateTime<Utc>>) -> ApiError {
    let next = next.map(|at| ist::ist(at).format(" It opens %a %d %b at %H:%M IST.").to_string());
    ApiError::risk(format!(
        "RED:Market is closed for {segment}. Orders are not taken outside market hours for C-{CLIENT}.{}",
        next.unwrap_or_default()
    ))
}

/// The first minutes of a share's closing auction.
pub(crate) fn closing_auction(symbol: &str) -> ApiError {
    ApiError::risk(format!(
        "RED:{symbol} takes no orders, changes or cancels at the start of its closing auction for C-{CLIENT}"
    ))
}

/// More than the exchange takes in one order.
pub(crate) fn over_freeze(symbol: &str, quantity: i64, freeze: i64) -> ApiError {
    ApiError::risk(format!(
        "RED:RULE:{{Check freeze quantity}}Current:{quantity} Freeze:{freeze}:{symbol} for C-{CLIENT}"
    ))
}

/// No real price was ever seen, and none is made up.
pub(crate) fn no_known_price(symbol: &str) -> ApiError {
    ApiError::risk(format!(
        "RED:No price of {symbol} is known and FYERS cannot be asked now; nothing was simulated for C-{CLIENT}"
    ))
}

/// No price that is fresh enough to fill at.
pub(crate) fn no_fresh_price(symbol: &str) -> ApiError {
    ApiError::risk(format!(
        "RED:No fresh price of {symbol} is to be had; nothing was simulated for C-{CLIENT}"
    ))
}
