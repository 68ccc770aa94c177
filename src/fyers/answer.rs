//! From bytes to a JSON object that says "ok", or to the reason why not.
//!
//! The field `s` decides and the HTTP status comes second (docs/fyers-api.md, "Basics" "Envelope"): errors
//! have been seen under HTTP 200.

use keeper_domain::broker_error::{BrokerError, Garble};
use serde_json::{Map, Value};

use crate::fyers::{
    clean::{clean, clean_with_order},
    fields::{Miss, Row},
    http::{Head, Raw},
};

/// The broker's code for "too many calls", whatever the HTTP status.
const RATE_LIMIT: i64 = -429;

/// Codes that speak about the session (docs/fyers-api.md, "Auth errors"): meant, even under HTTP 500.
const SESSION_CODES: [i64; 4] = [-8, -15, -16, -17];

/// An answer that says "ok".
pub(super) struct Answer {
    head: Head,
    fields: Map<String, Value>,
}

impl Answer {
    /// Judges a body. `secrets` are kept out of the broker's words.
    pub(super) fn judge(raw: &Raw, secrets: &[&str]) -> Result<Self, BrokerError> {
        let head = raw.head;
        let fields = object(&raw.body).map_err(|garble| head.garbled(garble))?;
        match fields.get("s").and_then(Value::as_str) {
            Some("ok") => Ok(Self { head, fields }),
            Some("error") => Err(refusal(head, Row::new(&fields), secrets)),
            _ if head.status >= 400 => Err(refusal(head, Row::new(&fields), secrets)),
            _ => Err(head.garbled(Garble::Field("s"))),
        }
    }

    /// Takes a value out of the answer; a miss becomes an error that names the field.
    pub(super) fn take<'a, T>(
        &'a self,
        look: impl FnOnce(Row<'a>) -> Result<T, Miss>,
    ) -> Result<T, BrokerError> {
        look(Row::new(&self.fields)).map_err(|miss| self.missing(miss))
    }

    /// The answer's verdict on a field. The broker said "ok", so this is never a server error.
    pub(super) fn missing(&self, Miss(field): Miss) -> BrokerError {
        BrokerError::Garbled { status: self.head.status, garble: Garble::Field(field) }
    }

    /// A part of an otherwise good answer is an error.
    pub(super) fn refused_part(&self, code: i64, message: &str, secrets: &[&str]) -> BrokerError {
        BrokerError::Refused { status: self.head.status, code, message: clean(message, secrets) }
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Garble> {
    if body.trim_ascii().is_empty() {
        return Err(Garble::Empty);
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => Garble::Truncated,
        _ => Garble::NotJson,
    })
}

/// The broker said no. An order that was refused only after it got an id exists in the order book (FYERS API
/// contract, section 3.7, code -99), so the id stays in the message.
fn refusal(head: Head, fields: Row<'_>, secrets: &[&str]) -> BrokerError {
    let code = code(fields);
    let id = fields.id("id").ok();
    if code == RATE_LIMIT {
        return head.rate_limited();
    }
    if head.is_fault() && id.is_none() && !SESSION_CODES.contains(&code) {
        return head.fault();
    }
    let words = fields.text("message").unwrap_or_default();
    let message = match &id {
        Some(id) => clean_with_order(words, id, secrets),
        None => clean(words, secrets),
    };
    BrokerError::Refused { status: head.status, code, message }
}

/// 0 when there is none; a number in quotes is still a number.
fn code(fields: Row<'_>) -> i64 {
    let quoted = || fields.text("code").ok().and_then(|text| text.trim().parse().ok());
    fields.int("code").ok().or_else(quoted).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use keeper_domain::broker_error::BrokerError::{Fault, Garbled, RateLimited, Refused};

    use super::*;

    fn judge(status: u16, body: &str) -> Result<Answer, BrokerError> {
        let raw = Raw { head: Head { status, retry_after: None }, body: body.as_bytes().to_vec().into() };
        Answer::judge(&raw, &["TOP-SECRET"])
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
    fn without_s_the_status_decides() {
        let refused = Refused { status: 403, code: 0, message: "Forbidden".into() };
        assert_eq!(error(403, r#"{"message":"Forbidden"}"#), refused);
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
    fn a_server_error_is_one_unless_it_speaks_of_the_session_or_of_an_order() {
        let fault = Fault { status: 500, retry_after: None };
        for body in ["", "<html>", "{", r#"{"s":"error","code":-96}"#, r#"{"message":"x"}"#] {
            assert_eq!(error(500, body), fault, "{body}");
        }
        assert!(matches!(error(500, r#"{"s":"error","code":-8}"#), Refused { code: -8, .. }));
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
