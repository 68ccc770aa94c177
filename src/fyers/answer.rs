//! What an unusable answer means to the keeper: from `fyers_api`'s verdict and the answer's head to a
//! [`BrokerError`].

use std::sync::{Mutex, PoisonError};

use fyers_api::{
    envelope::{NotFyers, RATE_LIMIT},
    error::ApiError,
    response::{Parsed, Unreadable},
};
use keeper_domain::{
    broker_error::{BrokerError, Garble},
    routing::drift::ToldDrift,
};

use crate::fyers::{
    clean::{clean, clean_with_order},
    http::Raw,
};

/// Reads an answer. `secrets` are kept out of FYERS' words.
pub(super) fn read<T>(
    raw: &Raw,
    secrets: &[&str],
    parse: impl FnOnce(u16, &[u8]) -> Result<T, Unreadable>,
) -> Result<T, BrokerError> {
    parse(raw.head.status, &raw.body).map_err(|why| match why {
        Unreadable::NotFyers(why) => raw.head.garbled(garble(why)),
        Unreadable::Error(error) => refused(raw, &error, secrets),
        // FYERS says "ok", so this is never a server error.
        Unreadable::Field(field) => field_missing(raw.head.status, field),
    })
}

/// The value, after a warning about what was odd beside it and was not told yet. Names of fields only: what they hold may be
/// private.
pub(super) fn warned<T>(told: &Mutex<ToldDrift>, call: &'static str, parsed: Parsed<T>) -> T {
    let news = told.lock().unwrap_or_else(PoisonError::into_inner).news(call, &parsed.drift);
    if !news.is_empty() {
        let fields = news.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
        tracing::warn!(
            event = "fyers.drift",
            call,
            count = news.len(),
            fields,
            "FYERS' answer differs from its documentation in fields that are not needed; told once"
        );
    }
    parsed.value
}

pub(super) fn field_missing(status: u16, field: &'static str) -> BrokerError {
    BrokerError::Garbled { status, garble: Garble::Field(field) }
}

fn garble(why: NotFyers) -> Garble {
    match why {
        NotFyers::Empty => Garble::Empty,
        NotFyers::Truncated => Garble::Truncated,
        NotFyers::NotAnObject => Garble::NotJson,
        NotFyers::NoEnvelope => Garble::Field("s"),
    }
}

/// FYERS says no. An order that was refused only after it got an id exists in the order book (docs/fyers-api.md,
/// "Place", code -99), so the id stays in the message.
fn refused(raw: &Raw, error: &ApiError, secrets: &[&str]) -> BrokerError {
    let head = raw.head;
    if error.code == RATE_LIMIT {
        return head.rate_limited();
    }
    if head.is_fault() && error.id.is_none() {
        return head.fault();
    }
    refusal(error, secrets)
}

/// FYERS' error with words that are fit for a log.
pub(super) fn refusal(error: &ApiError, secrets: &[&str]) -> BrokerError {
    let message = match &error.id {
        Some(id) => clean_with_order(&error.message, id, secrets),
        None => clean(&error.message, secrets),
    };
    BrokerError::Refused { status: error.status, code: error.code, message }
}

#[cfg(test)]
mod tests {
    use keeper_domain::broker_error::BrokerError::{Fault, Garbled, RateLimited, Refused};

    use fyers_api::response::Body;

    use super::*;
    use crate::fyers::http::Head;

    fn judge(status: u16, body: &str) -> Result<Body, BrokerError> {
        let raw = Raw { head: Head { status, retry_after: None }, body: body.as_bytes().to_vec().into() };
        read(&raw, &["TOP-SECRET"], Body::read)
    }

    fn error(status: u16, body: &str) -> BrokerError {
        judge(status, body).err().unwrap()
    }

    fn garbled(status: u16, garble: Garble) -> BrokerError {
        Garbled { status, garble }
    }

    #[test]
    fn s_decides_before_the_status() {
        assert!(judge(200, r#"{"s":"ok"}"#).is_ok());
        assert!(judge(400, r#"{"s":"ok"}"#).is_ok());
        let refused = Refused { status: 200, code: -16, message: "no".into() };
        assert_eq!(error(200, r#"{"s":"error","code":-16,"message":"no"}"#), refused);
    }

    #[test]
    fn without_s_the_code_decides_and_without_both_it_is_not_fyers() {
        assert_eq!(error(403, r#"{"message":"Forbidden"}"#), garbled(403, Garble::Field("s")));
        assert_eq!(error(401, r#"{"message":"Unauthorized"}"#), garbled(401, Garble::Field("s")));
        assert_eq!(
            error(401, r#"{"code":-16}"#),
            garbled(401, Garble::Field("s")),
            "no word about the token"
        );
        let refused = Refused { status: 403, code: -373, message: "no".into() };
        assert_eq!(error(403, r#"{"code":-373,"message":"no"}"#), refused);
        assert_eq!(error(200, r#"{"code":200}"#), garbled(200, Garble::Field("s")));
        assert_eq!(error(200, r#"{"s":"no_data"}"#), garbled(200, Garble::Field("s")));
        assert_eq!(error(200, r#"{"s":1}"#), garbled(200, Garble::Field("s")));
    }

    #[test]
    fn what_is_no_object_is_named() {
        assert_eq!(error(200, " \n"), garbled(200, Garble::Empty));
        assert_eq!(error(200, r#"{"s":"o"#), garbled(200, Garble::Truncated));
        for body in ["<html>", "error code: 1010", "[]", "\"ok\"", "null", "{} {}"] {
            assert_eq!(error(200, body), garbled(200, Garble::NotJson), "{body}");
        }
        assert_eq!(error(200, &"[".repeat(10_000)), garbled(200, Garble::NotJson));
    }

    #[test]
    fn a_server_error_is_one_unless_it_speaks_of_an_order() {
        let fault = Fault { status: 500, retry_after: None };
        let bodies = ["", "<html>", "{", r#"{"message":"x"}"#];
        for body in bodies.into_iter().chain([r#"{"s":"error","code":-96}"#, r#"{"s":"error","code":-8}"#]) {
            assert_eq!(error(500, body), fault, "{body}");
        }
        assert_eq!(error(502, r#"{"s":"ok"}"#), Fault { status: 502, retry_after: None });
        assert!(matches!(error(500, r#"{"s":"error","code":-99,"id":"1"}"#), Refused { code: -99, .. }));
    }

    #[test]
    fn codes_come_as_numbers_texts_or_not_at_all() {
        assert!(matches!(error(400, r#"{"s":"error","code":"-371"}"#), Refused { code: -371, .. }));
        assert!(matches!(error(400, r#"{"s":"error","code":{}}"#), Refused { code: 0, .. }));
        assert_eq!(error(200, r#"{"s":"error","code":-429}"#), RateLimited { retry_after: None });
    }

    #[test]
    fn the_brokers_words_are_cleaned_and_keep_the_order_id() {
        let body = r#"{"s":"error","code":-99,"message":"RED: \u0007TOP-SECRET","id":"26112300000018"}"#;
        let message = "RED: [redacted] (order id 26112300000018)".to_owned();
        assert_eq!(error(400, body), Refused { status: 400, code: -99, message });
    }
}
