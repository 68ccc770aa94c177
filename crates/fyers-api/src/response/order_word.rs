//! What an answer to an order call proves. Money hangs on it: an order that is wrongly taken for refused is sent again.

use serde_json::Value;

use crate::{
    envelope::{Envelope, EnvelopeStatus, TOKEN_CODES, TOKEN_STATUSES},
    http::ApiResponse,
    response::orders::{answers, has_rows},
};

/// Codes of FYERS' errors that say that something went wrong there, not that it said no: a time-out, "unexpected error",
/// "connection error".
const TROUBLE: [i64; 6] = [-1, -96, -201, -202, -204, -205];
/// The code of a badly written field, which FYERS may name without `s`: such an order was not looked at further.
const BAD_FIELD: i64 = -50;

/// HTTP's statuses of a request that is wrong as it is, with which nothing is done. FYERS writes them as the code of its error
/// where it has none of its own, as for an order of several legs (docs/fyers-api.md, "Order validation").
const BAD_REQUEST: [i64; 8] = [400, 403, 404, 405, 413, 415, 422, 429];

/// What FYERS says of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderWord {
    /// It has the order, or has done what was asked.
    Taken,
    /// It said no: nothing was done.
    Refused,
    /// Neither is proven: the order may be in the market.
    NotKnown,
}

impl OrderWord {
    /// The rule. A refusal is FYERS' error with the code of a refusal, an acceptance is its `ok`, of a new order
    /// (`is_new`) with the order's id; both under a status that FYERS speaks with. Whatever is less proves nothing.
    fn of(http_status: u16, body: &Value, is_new: bool) -> Self {
        let Some(Envelope { status, code, message, .. }) = Envelope::of_value(body) else {
            return Self::NotKnown;
        };
        let has_id = body["id"].as_str().is_some_and(|id| !id.trim().is_empty());
        // Who refuses the token makes no order, and here is the id of one, or a status that does not fit.
        let is_of_token = code.is_some_and(|code| TOKEN_CODES.contains(&code));
        let is_named = has_id || body["id"].is_number();
        let is_at_odds = is_of_token && ((is_new && is_named) || !TOKEN_STATUSES.contains(&http_status));
        let is_refusal = code.is_some_and(|code| is_of_refusal(code, is_named)) && !is_at_odds;
        match status {
            Some(EnvelopeStatus::Ok) if (200..300).contains(&http_status) => {
                let is_taken = code.is_none_or(|code| code >= 0) && (has_id || !is_new);
                if is_taken { Self::Taken } else { Self::NotKnown }
            }
            Some(EnvelopeStatus::Error) if is_word_under(http_status) => {
                if is_refusal && !is_time_out(&message) { Self::Refused } else { Self::NotKnown }
            }
            None if http_status == 400 && code == Some(BAD_FIELD) && body["id"].is_null() => Self::Refused,
            _ => Self::NotKnown,
        }
    }
}

/// Whether this code says no. A request that was wrong as it is made no order: where there is one, nothing is proven.
fn is_of_refusal(code: i64, is_named: bool) -> bool {
    (code < 0 && !TROUBLE.contains(&code)) || (BAD_REQUEST.contains(&code) && !is_named)
}

/// Whether FYERS says no under this status. With 408 and 5xx it says that it could not end what it had begun.
fn is_word_under(http_status: u16) -> bool {
    http_status != 408 && ((200..300).contains(&http_status) || (400..500).contains(&http_status))
}

fn is_time_out(message: &str) -> bool {
    let message = message.to_lowercase();
    ["timed out", "timeout", "time out"].iter().any(|words| message.contains(words))
}

/// What an answer says of each order in it, in the order of [`outcomes`](crate::response::outcomes). `is_new`: the call
/// makes orders. An error about the token in one row of many proves nothing: FYERS has let the call in with that token.
pub fn order_words(answer: &ApiResponse, body: &Value, is_new: bool) -> Vec<OrderWord> {
    let (is_spoken, has_rows) = (is_word_under(answer.status), has_rows(body));
    let word = |(status, body): (u16, &Value)| match is_spoken && !(has_rows && is_of_token(status, body)) {
        true => OrderWord::of(status, body, is_new),
        false => OrderWord::NotKnown,
    };
    answers(answer, body).into_iter().map(word).collect()
}

/// How much of an answer to an order call is FYERS' error about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenErrors {
    /// Nothing.
    None,
    /// The answer as a whole, though it names an order.
    WithAnOrder,
    /// Some rows of it.
    SomeRows,
    /// All of it, and it names no order.
    All,
}

/// How much of this answer is FYERS' error about the token. `is_new`: the call makes orders.
pub fn token_errors(answer: &ApiResponse, body: &Value, is_new: bool) -> TokenErrors {
    let all = answers(answer, body);
    let is_error = |(status, body): &(u16, &Value)| is_of_token(*status, body);
    let is_plain =
        |(status, body): &(u16, &Value)| OrderWord::of(*status, body, is_new) == OrderWord::Refused;
    match () {
        () if !is_word_under(answer.status) || !all.iter().any(is_error) => TokenErrors::None,
        () if all.iter().all(|one| is_error(one) && is_plain(one)) => TokenErrors::All,
        () if has_rows(body) => TokenErrors::SomeRows,
        () => TokenErrors::WithAnOrder,
    }
}

/// FYERS' words to the token, where an answer to an order call has some.
pub fn token_message(answer: &ApiResponse, body: &Value) -> Option<String> {
    let first = answers(answer, body).into_iter().find(|(status, body)| is_of_token(*status, body))?;
    Envelope::of_value(first.1).map(|envelope| envelope.message).filter(|words| !words.is_empty())
}

/// The same body with another row for each that has a code of the token's, under whatever status; `None` where there is none.
pub fn without_token_errors(body: &Value, instead: &Value) -> Option<Value> {
    let of_token = |row: &Value| {
        let code = Envelope::of_value(&row["body"]).and_then(|envelope| envelope.code);
        code.is_some_and(|code| TOKEN_CODES.contains(&code))
            || row["statusCode"]
                .as_u64()
                .is_some_and(|status| status == 401 && is_of_token(401, &row["body"]))
    };
    let rows = body["data"].as_array().filter(|_| has_rows(body))?;
    let mut other = body.clone();
    let fresh = |row: &Value| if of_token(row) { instead.clone() } else { row.clone() };
    other["data"] = rows.iter().map(fresh).collect();
    rows.iter().any(of_token).then_some(other)
}

fn is_of_token(http_status: u16, body: &Value) -> bool {
    Envelope::of_value(body).is_some_and(|envelope| envelope.kills_token(http_status).is_some())
}

#[cfg(test)]
mod tests;
