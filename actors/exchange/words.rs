//! The keeper's own words to a bot, in FYERS' format.

use fyers_api::{error::ApiError, http::ApiResponse};
use mock_exchange::api::responses;

/// A refusal of the keeper's own, as FYERS would write it.
pub(super) fn refusal(status: u16, code: i64, why: &str) -> ApiResponse {
    let refusal = ApiError { status, code, message: format!("fyers-keeper: {why}"), id: None };
    responses::answer(status, &responses::refusal(&refusal))
}

/// Whether the keeper itself held the request back to keep FYERS' rate limits.
pub(super) fn never_left(answer: &ApiResponse) -> bool {
    answer.headers.iter().any(|(name, _)| name == "x-keeper-limit")
}
