//! The keeper's own words to a bot, in FYERS' format.

use fyers_api::{error::ApiError, http::ApiResponse, response};
use keeper_domain::reason::Reason;
use mock_exchange::api::responses;

/// A refusal of the keeper's own, as FYERS would write it: amounts are `INR 1,23,456.00` there, and a bot's console may
/// not know the mark.
pub(super) fn refusal(status: u16, code: i64, why: &str) -> ApiResponse {
    let message = format!("fyers-keeper: {}", why.replace('\u{20b9}', "INR "));
    let refusal = ApiError { status, code, message, id: None };
    responses::answer(status, &responses::refusal(&refusal))
}

/// The MockExchange's answer to an order that was meant for FYERS, with the reason why it did not go there.
pub(super) fn not_sent_because(answer: ApiResponse, why: Reason) -> ApiResponse {
    let mut body = response::json(&answer);
    let Some(words) = body["message"].as_str() else { return answer };
    let words = format!("{words}; not sent to FYERS, because {}", why.words());
    body["message"] = words.into();
    ApiResponse { body: body.to_string().into_bytes(), ..answer }
}

/// Whether the keeper itself held the request back to keep FYERS' rate limits.
pub(super) fn never_left(answer: &ApiResponse) -> bool {
    answer.headers.iter().any(|(name, _)| name == "x-keeper-limit")
}
