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
        let is_at_odds = is_of_token && ((is_new && has_id) || !TOKEN_STATUSES.contains(&http_status));
        let is_refusal = code.is_some_and(|code| code < 0 && !TROUBLE.contains(&code)) && !is_at_odds;
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
mod tests {
    use serde_json::json;

    use super::{OrderWord::*, *};

    fn word(status: u16, body: &Value, is_new: bool) -> Vec<OrderWord> {
        order_words(&ApiResponse { status, ..ApiResponse::default() }, body, is_new)
    }

    #[test]
    fn only_a_whole_word_of_fyers_takes_or_refuses_an_order() {
        for (status, body, says) in [
            (200, json!({"s": "ok", "code": 1101, "message": "m", "id": "26"}), Taken),
            (200, json!({"s": "ok", "code": 201, "id": "26"}), Taken),
            (201, json!({"s": "ok", "code": 200, "id": "26"}), Taken),
            (200, json!({"s": "ok", "id": "26"}), Taken),
            (200, json!({"s": "ok", "code": 201, "message": "look in the book"}), NotKnown),
            (200, json!({"s": "ok", "code": 1101}), NotKnown),
            (200, json!({"s": "ok", "code": 1101, "id": ""}), NotKnown),
            (200, json!({"s": "ok", "code": 1101, "id": " "}), NotKnown),
            (200, json!({"s": "ok", "code": 1101, "id": null}), NotKnown),
            (200, json!({"s": "ok", "code": 200, "id": 26}), NotKnown),
            (200, json!({"s": "ok", "code": 200, "id": ["26"]}), NotKnown),
            (200, json!({"s": "ok", "code": -99, "id": "26"}), NotKnown),
            (500, json!({"s": "ok", "code": 1101, "id": "26"}), NotKnown),
            (302, json!({"s": "ok", "code": 1101, "id": "26"}), NotKnown),
            (400, json!({"s": "ok", "code": 1101, "id": "26"}), NotKnown),
            (400, json!({"s": "error", "code": -99, "message": "RED:Margin", "id": "26"}), Refused),
            (200, json!({"s": "error", "code": -50, "message": "Invalid input"}), Refused),
            (401, json!({"s": "error", "code": -16}), Refused),
            (401, json!({"s": "error", "code": -16, "message": "m", "id": ""}), Refused),
            (401, json!({"s": "error", "code": -16, "message": "m", "id": "26"}), NotKnown),
            (429, json!({"s": "error", "code": -16, "message": "m"}), NotKnown),
            (404, json!({"s": "error", "code": "-8"}), NotKnown),
            (403, json!({"s": "error", "code": "-373"}), Refused),
            (429, json!({"s": "error", "code": -429, "message": "Request limit reached"}), Refused),
            (400, json!({"code": -50, "symbol": "Invalid symbol provided"}), Refused),
            (200, json!({"code": -50, "symbol": "Invalid symbol provided"}), NotKnown),
            (400, json!({"code": -99, "message": "RED"}), NotKnown),
            (200, json!({"code": 1101, "id": "26"}), NotKnown),
            (429, json!({"message": "Too many requests"}), NotKnown),
            (500, json!({"s": "error", "code": -1}), NotKnown),
            (500, json!({"s": "error", "code": -99, "message": "RED", "id": "26"}), NotKnown),
            (503, json!({"s": "error", "code": -50}), NotKnown),
            (408, json!({"s": "error", "code": -50}), NotKnown),
            (200, json!({"s": "error", "code": -1, "message": "Request timed out"}), NotKnown),
            (400, json!({"s": "error", "code": -99, "message": "Gateway Timeout"}), NotKnown),
            (400, json!({"s": "error", "code": -96}), NotKnown),
            (400, json!({"s": "error", "code": 0}), NotKnown),
            (400, json!({"s": "error", "code": 500}), NotKnown),
            (400, json!({"s": "error", "message": "no"}), NotKnown),
            (400, json!({"s": "error", "code": "x"}), NotKnown),
            (200, json!({"s": "no_data", "code": -99}), NotKnown),
            (200, json!({"s": "ERROR", "code": -99}), NotKnown),
            (200, Value::Null, NotKnown),
        ] {
            assert_eq!(word(status, &body, true), [says], "{status} {body}");
        }
    }

    #[test]
    fn what_makes_no_order_needs_no_id() {
        for code in [200, 201, 1102, 1103] {
            assert_eq!(word(200, &json!({"s": "ok", "code": code}), false), [Taken]);
        }
        let named = json!({"s": "error", "code": -16, "id": "26"});
        assert_eq!(word(401, &named, false), [Refused], "the order that was to be cancelled");
        assert_eq!(word(500, &json!({"s": "ok", "code": 1103}), false), [NotKnown]);
        assert_eq!(word(400, &json!({"s": "error", "code": -352}), false), [Refused]);
    }

    #[test]
    fn each_order_of_a_basket_has_its_own_word_and_none_under_a_servers_error() {
        let row = |status: u16, body: Value| json!({"statusCode": status, "body": body});
        let basket = json!({"s": "ok", "code": 200, "data": [
            row(200, json!({"s": "ok", "code": 1101, "id": "1"})),
            row(400, json!({"s": "error", "code": -50, "message": "Invalid input"})),
            row(500, json!({"s": "error", "code": -50})),
            row(200, json!({"s": "ok", "code": 201})),
            json!({"statusCode": 200})]});
        assert_eq!(word(200, &basket, true), [Taken, Refused, NotKnown, NotKnown, NotKnown]);
        assert_eq!(word(502, &basket, true), [NotKnown; 5]);
    }

    #[test]
    fn an_error_about_the_token_in_a_row_proves_nothing_of_its_order() {
        let dead = json!({"s": "error", "code": -16, "message": "Could not authenticate the user"});
        let row = |status: u16, body: &Value| json!({"statusCode": status, "body": body});
        let rows = |rows: &[Value]| json!({"s": "ok", "code": 200, "message": "", "data": rows});
        let errors = |body: &Value, is_new| {
            token_errors(&ApiResponse { status: 200, ..ApiResponse::default() }, body, is_new)
        };
        let all = rows(&[row(401, &dead), row(200, &dead)]);
        let taken = row(200, &json!({"s": "ok", "code": 1101, "id": "1"}));
        let refused = row(400, &json!({"s": "error", "code": -50}));
        let mixed = rows(&[taken.clone(), row(401, &dead), refused.clone()]);
        for is_new in [true, false] {
            assert_eq!(word(200, &all, is_new), [NotKnown; 2]);
            assert_eq!(word(200, &mixed, is_new), [Taken, NotKnown, Refused]);
            assert_eq!(
                (errors(&all, is_new), errors(&mixed, is_new)),
                (TokenErrors::All, TokenErrors::SomeRows)
            );
            assert_eq!(errors(&rows(&[taken.clone(), refused.clone()]), is_new), TokenErrors::None);
            assert_eq!(errors(&dead, is_new), TokenErrors::All);
        }
        let named = json!({"s": "error", "code": -16, "id": "26"});
        assert_eq!(errors(&named, true), TokenErrors::WithAnOrder);
        assert_eq!(errors(&rows(&[row(401, &named)]), true), TokenErrors::SomeRows);
        let instead = json!({"statusCode": 200});
        let other = without_token_errors(&mixed, &instead).unwrap();
        assert_eq!(other["data"], json!([taken, instead, refused]));
        let stray = rows(&[row(429, &dead)]);
        assert_eq!(without_token_errors(&stray, &instead).unwrap()["data"], json!([instead]));
        assert_eq!(
            (without_token_errors(&dead, &instead), without_token_errors(&rows(&[taken]), &instead)),
            (None, None)
        );
        let answer = ApiResponse { status: 200, ..ApiResponse::default() };
        assert_eq!(token_message(&answer, &mixed).as_deref(), Some("Could not authenticate the user"));
    }
}
