//! The keeper's own words to a bot, in FYERS' format.

use fyers_api::{error::ApiError, http::ApiResponse, response};
use keeper_domain::{reason::Reason, text::shown};
use mock_exchange::api::responses;

/// A refusal of the keeper's own, as FYERS would write it: amounts are `INR 1,23,456.00` there, and a bot's console may
/// not know the mark.
pub(super) fn refusal(status: u16, code: i64, why: &str) -> ApiResponse {
    // It may name what the bot has sent.
    let message = shown(&format!("fyers-keeper: {}", why.replace('\u{20b9}', "INR "))).into_owned();
    let refusal = ApiError { status, code, message, id: None };
    responses::answer(status, &responses::refusal(&refusal))
}

/// When a bot may come again, in seconds, where nothing was done.
const RETRY_AFTER: &str = "2";

/// Nothing was done, and it may be otherwise in a moment: a client may send it again by itself.
pub(super) fn not_now(why: &str) -> ApiResponse {
    let mut answer = refusal(503, -503, why);
    answer.headers.push(("retry-after".to_owned(), RETRY_AFTER.into()));
    answer
}

/// Of a request that has left, and of which nobody knows what FYERS did. `why`: what was said that proves nothing.
pub(super) fn outcome_unknown(why: Option<&str>) -> ApiResponse {
    let why = why.map(|words| format!(": {words}"));
    let message = format!(
        "fyers-keeper: the order was sent and its outcome is not known{}. Look in the order book before sending it again.",
        why.unwrap_or_default()
    );
    responses::answer(200, &serde_json::json!({"s": "ok", "code": 201, "message": message, "id": ""}))
}

/// The same answer to many orders with "its outcome is not known" in place of each error about the token: who takes that for a
/// refusal sends the order again.
pub(super) fn without_token_errors(answer: ApiResponse) -> ApiResponse {
    let unknown = response::json(&outcome_unknown(None));
    let instead = serde_json::json!({"statusCode": 200, "body": unknown, "statusDescription": "HTTP OK"});
    match response::without_token_errors(&response::json(&answer), &instead) {
        Some(other) => responses::answer(answer.status, &other),
        None => answer,
    }
}

/// Of an answer with a token's code under a status that does not fit it.
pub(super) fn stray(answer: &ApiResponse, code: i64) -> String {
    format!("HTTP {} with the code {code}, which is no word of FYERS' about a token", answer.status)
}

/// The MockExchange's answer to an order that was meant for FYERS, with the reason why it is not there.
pub(super) fn not_at_fyers_because(answer: ApiResponse, was_sent: bool, why: Reason) -> ApiResponse {
    let mut body = response::json(&answer);
    let Some(words) = body["message"].as_str() else { return answer };
    let fate = if was_sent { "refused by FYERS" } else { "not sent to FYERS" };
    let words = format!("{words}; {fate}, because {}", why.words());
    body["message"] = words.into();
    ApiResponse { body: body.to_string().into_bytes(), ..answer }
}

/// Whether the keeper itself held the request back to keep FYERS' rate limits.
pub(super) fn never_left(answer: &ApiResponse) -> bool {
    answer.headers.iter().any(|(name, _)| name == "x-keeper-limit")
}
