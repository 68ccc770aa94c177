//! What every answer of FYERS says of itself, and how to tell FYERS' answers from those of the edge in front of it
//! (docs/fyers-api.md, "Basics" and "Auth errors").

use serde::Deserialize;
use serde_json::Value;

use crate::{error::ApiError, number};

/// The codes that say "this token is dead", on any authenticated call.
pub const TOKEN_CODES: [i64; 4] = [-8, -15, -16, -17];

/// The HTTP statuses under which FYERS says so. With a 5xx it is not well itself, or the edge in front of it speaks.
pub(crate) const TOKEN_STATUSES: [u16; 4] = [200, 400, 401, 403];

/// The code of "too many calls".
pub const RATE_LIMIT: i64 = -429;

/// The field `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvelopeStatus {
    /// `ok`.
    Ok,
    /// `error`.
    Error,
    /// `no_data`: a good question with an empty answer.
    NoData,
}

/// Why a body is not an answer of FYERS. The edge sends HTML, plain text, nothing, or JSON of its own such as
/// `{"message":"Forbidden"}`. Such an answer says nothing about the token, the account or an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFyers {
    /// Nothing at all.
    #[error("the body is empty")]
    Empty,
    /// JSON that ends in the middle.
    #[error("the body ends in the middle")]
    Truncated,
    /// HTML, plain text, or JSON that is not an object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// A JSON object with neither a known `s` nor a whole number as `code`.
    #[error("the body has neither `s` nor `code`")]
    NoEnvelope,
}

/// The envelope of an answer. The rest of the body is passed over, however long it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Envelope {
    /// `s`; absent from some answers, as from that to a sliced order.
    pub status: Option<EnvelopeStatus>,
    /// `code`; absent from some good answers. With `s` it may also be a text such as `"-16"`.
    pub code: Option<i64>,
    /// `message`; empty when there is none.
    pub message: String,
    /// `id`: the order that an order call made, even one that was refused (code -99).
    pub id: Option<String>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    s: Value,
    #[serde(default)]
    code: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    id: Value,
}

impl Envelope {
    /// Reads the envelope of a body.
    ///
    /// # Errors
    /// When this is not an answer of FYERS.
    pub fn read(body: &[u8]) -> Result<Self, NotFyers> {
        let body = body.trim_ascii();
        if body.is_empty() {
            return Err(NotFyers::Empty);
        }
        // Without this check a list would be read as the fields in their order.
        if !body.starts_with(b"{") {
            return Err(NotFyers::NotAnObject);
        }
        let fields: Fields = serde_json::from_slice(body).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => NotFyers::Truncated,
            _ => NotFyers::NotAnObject,
        })?;
        Self::of(&fields.s, &fields.code, &fields.message, &fields.id).ok_or(NotFyers::NoEnvelope)
    }

    /// The envelope of an object that has been read already, such as an element of a basket's answer.
    pub fn of_value(body: &Value) -> Option<Self> {
        Self::of(&body["s"], &body["code"], &body["message"], &body["id"])
    }

    fn of(s: &Value, code: &Value, message: &Value, id: &Value) -> Option<Self> {
        let status = match s.as_str() {
            Some("ok") => Some(EnvelopeStatus::Ok),
            Some("error") => Some(EnvelopeStatus::Error),
            Some("no_data") => Some(EnvelopeStatus::NoData),
            _ => None,
        };
        let code = match code {
            Value::Number(_) => number::whole(code),
            // An object that shows it is FYERS' by `s` may quote its number; a text alone proves nothing.
            Value::String(_) if status.is_some() => number::whole(code),
            _ => None,
        };
        let message = message.as_str().unwrap_or_default().to_owned();
        (status.is_some() || code.is_some()).then(|| Self { status, code, message, id: id_text(id) })
    }

    /// Whether FYERS says that all went well.
    pub fn is_ok(&self) -> bool {
        self.status == Some(EnvelopeStatus::Ok)
    }

    /// Whether FYERS says no: `s` decides, and where it is absent the sign of the code.
    pub fn is_error(&self) -> bool {
        match self.status {
            Some(status) => status == EnvelopeStatus::Error,
            None => self.code.is_some_and(|code| code < 0),
        }
    }

    /// The answer as FYERS' error, whatever `s` says; code 0 when there is none.
    pub fn into_error(self, http_status: u16) -> ApiError {
        let (code, message, id) = (self.code.unwrap_or(0), self.message, self.id);
        ApiError { status: http_status, code, message, id }
    }

    /// Whether FYERS says this under this HTTP status. Its own errors end with 500; what comes above is a gateway's.
    /// Without `s` it answers a sliced order and names a bad field, but never speaks of a token.
    pub fn is_fyers_under(&self, http_status: u16) -> bool {
        let of_token = http_status == 401 || self.code.is_some_and(|code| TOKEN_CODES.contains(&code));
        http_status <= 500 && (self.status.is_some() || !of_token)
    }

    /// The code with which this answer declares the token dead; see [`kills_token`].
    pub fn kills_token(&self, http_status: u16) -> Option<i64> {
        let says_no = self.status == Some(EnvelopeStatus::Error);
        self.code.filter(|code| says_no && is_token_code(http_status, *code))
    }
}

/// A code of [`TOKEN_CODES`] under a status with which FYERS says no such thing, as 429 or 5xx: it is no word about the token
/// nor about anything that was asked, and whoever reads only the code would believe it.
pub fn stray_token_code(http_status: u16, body: &[u8]) -> Option<i64> {
    let code = Envelope::read(body).ok()?.code.filter(|code| TOKEN_CODES.contains(code))?;
    (!TOKEN_STATUSES.contains(&http_status)).then_some(code)
}

/// An id as a text: FYERS sends texts, its documents show numbers too. `None` when it is empty or neither.
pub fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// Whether FYERS' error code says "this token is dead" under this HTTP status: -8, -15, -16 and -17 under 200, 400, 401
/// or 403, another negative code under 401. For an error that has been read already; [`kills_token`] reads one.
pub fn is_token_code(http_status: u16, code: i64) -> bool {
    let unauthorized = http_status == 401 && code < 0 && code != RATE_LIMIT;
    unauthorized || (TOKEN_STATUSES.contains(&http_status) && TOKEN_CODES.contains(&code))
}

/// The code with which an answer declares the access token dead, or `None`.
///
/// Only FYERS' own whole envelope does: `s` is `error`, and `code` is -8, -15, -16 or -17 under a status that FYERS says
/// so with, or another negative one under HTTP 401. A code without `s`, an edge's 401 or 403, a 5xx, an empty body or
/// HTML never does.
///
/// Not for the refresh and the login call: there -16 can mean that FYERS has switched the call off.
pub fn kills_token(http_status: u16, body: &[u8]) -> Option<i64> {
    Envelope::read(body).ok()?.kills_token(http_status)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Result<Envelope, NotFyers> {
        Envelope::read(body.as_bytes())
    }

    #[test]
    fn the_envelope_is_read_and_the_rest_is_passed_over() {
        let candles = read(r#"{"s":"ok","candles":[[1,2],[3,4]],"x":{"code":-8}}"#).unwrap();
        assert!(candles.is_ok() && candles.code.is_none());
        let order = read(r#" {"code":-99,"message":"RED","s":"error","id":"26112300000018"}"#).unwrap();
        assert!(order.is_error());
        assert_eq!((order.code, order.message.as_str()), (Some(-99), "RED"));
        assert_eq!(order.id.as_deref(), Some("26112300000018"));
        assert_eq!(read(r#"{"s":"no_data","candles":[]}"#).unwrap().status, Some(EnvelopeStatus::NoData));
        assert_eq!(read(r#"{"code":1101,"data":[]}"#).unwrap().code, Some(1101));
    }

    #[test]
    fn what_an_edge_sends_is_not_fyers() {
        for (body, why) in [
            ("", NotFyers::Empty),
            (" \r\n", NotFyers::Empty),
            ("<html>403</html>", NotFyers::NotAnObject),
            ("error code: 1010", NotFyers::NotAnObject),
            ("null", NotFyers::NotAnObject),
            (r#"["error",-8]"#, NotFyers::NotAnObject),
            (r#"{"s":"error","code":-8} trailing"#, NotFyers::NotAnObject),
            (r#"{"s":"error","code":"#, NotFyers::Truncated),
            (r#"{"message":"Forbidden"}"#, NotFyers::NoEnvelope),
            (r#"{"code":"-16"}"#, NotFyers::NoEnvelope),
            (r#"{"s":1,"code":"-8"}"#, NotFyers::NoEnvelope),
            (r#"{"s":"failed"}"#, NotFyers::NoEnvelope),
        ] {
            assert_eq!(read(body), Err(why), "{body}");
            assert_eq!(kills_token(401, body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn only_fyers_own_error_kills_a_token() {
        for (status, body, killed) in [
            (401, r#"{"s":"error","code":-16,"message":"Could not authenticate the user"}"#, Some(-16)),
            (
                401,
                r#"{"code":-8,"message":"Your token has expired. Please generate a token","s":"error"}"#,
                Some(-8),
            ),
            (200, r#"{"s":"error","code":"-16"}"#, Some(-16)),
            (400, r#"{"s":"error","code":-15}"#, Some(-15)),
            (403, r#"{"s":"error","code":-17}"#, Some(-17)),
            (401, r#"{"code":-17}"#, None),
            (401, r#"{"code":-1}"#, None),
            (200, r#"{"code":-16,"s":null}"#, None),
            (401, r#"{"s":"ERROR","code":-16}"#, None),
            (401, r#"{"s":"error","code":-16.5}"#, None),
            (404, r#"{"s":"error","code":-16}"#, None),
            (429, r#"{"s":"error","code":-16}"#, None),
            (500, r#"{"s":"error","code":-15}"#, None),
            (502, r#"{"s":"error","code":-16}"#, None),
            (520, r#"{"s":"error","code":-8}"#, None),
            (401, r#"{"s":"error","code":-1}"#, Some(-1)),
            (401, r#"{"s":"error"}"#, None),
            (401, r#"{"s":"error","code":401}"#, None),
            (401, r#"{"s":"error","code":-429}"#, None),
            (401, r#"{"s":"ok","code":-16}"#, None),
            (403, r#"{"s":"error","code":-373}"#, None),
            (400, r#"{"s":"error","code":-50}"#, None),
            (200, r#"{"s":"no_data","code":-16}"#, None),
        ] {
            assert_eq!(kills_token(status, body.as_bytes()), killed, "{status} {body}");
            let is_stray = [404, 429, 500, 502, 520].contains(&status);
            assert_eq!(stray_token_code(status, body.as_bytes()).is_some(), is_stray, "{status} {body}");
        }
    }

    #[test]
    fn a_gateways_answer_is_none_of_fyers_and_neither_is_a_token_code_alone() {
        for (status, body, is_fyers) in [
            (200, r#"{"code":1101,"data":[]}"#, true),
            (400, r#"{"code":-50,"symbol":"Invalid symbol provided"}"#, true),
            (500, r#"{"s":"error","code":-96}"#, true),
            (401, r#"{"s":"error","message":"x"}"#, true),
            (400, r#"{"code":-16}"#, false),
            (401, r#"{"code":-50}"#, false),
            (502, r#"{"s":"error","code":-50}"#, false),
            (503, r#"{"s":"ok","code":1101}"#, false),
        ] {
            assert_eq!(read(body).unwrap().is_fyers_under(status), is_fyers, "{status} {body}");
        }
    }

    proptest! {
        /// The promise in full: whatever bytes come under whatever status, a token dies only of an object that has
        /// an error in FYERS' envelope.
        #[test]
        fn arbitrary_bytes_never_kill_a_token(status: u16, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(code) = kills_token(status, &body) {
                let value: Value = serde_json::from_slice(&body).unwrap();
                prop_assert!(code < 0 && value.is_object() && number::whole(&value["code"]) == Some(code));
                prop_assert!(value["s"] == "error" && TOKEN_STATUSES.contains(&status));
            }
        }

        #[test]
        fn arbitrary_objects_kill_a_token_only_by_error_and_code(
            status in prop_oneof![any::<u16>(), 200u16..600, Just(200), Just(400), Just(401), Just(403), Just(500), Just(502)],
            s in prop_oneof![Just(json!("ok")), Just(json!("error")), Just(json!("no_data")), Just(Value::Null),
                any::<i64>().prop_map(|n| json!(n)), "[a-z]{0,6}".prop_map(|text| json!(text))],
            code in prop_oneof![(-500i64..500).prop_map(|n| json!(n)), any::<i64>().prop_map(|n| json!(n)),
                (-20i64..0).prop_map(|n| json!(n.to_string())), any::<f64>().prop_map(|n| json!(n)), Just(Value::Null)],
            message in ".{0,20}",
        ) {
            let body = json!({"s": s, "code": code, "message": message});
            let killed = kills_token(status, body.to_string().as_bytes());
            let whole = number::whole(&code).filter(|_| s == "error");
            let known = |code: &i64| TOKEN_CODES.contains(code) && [200, 400, 401, 403].contains(&status);
            let dead = whole.filter(|code| known(code) || (status == 401 && *code < 0 && *code != RATE_LIMIT));
            prop_assert_eq!(killed, dead);
            // What kills a token is read as FYERS' word by every reader.
            let read = Envelope::read(body.to_string().as_bytes());
            prop_assert!(dead.is_none() || read.is_ok_and(|envelope| envelope.is_fyers_under(status)));
        }
    }
}
