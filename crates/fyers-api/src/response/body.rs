//! From bytes to a JSON object that says "ok", or to the reason why not.

use serde_json::{Map, Value};

use crate::{
    envelope::{Envelope, EnvelopeStatus, NotFyers},
    error::ApiError,
    number,
    response::row::Row,
};

/// Why an answer could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It does not come from FYERS, or not whole: it says nothing.
    #[error("not an answer of FYERS: {0}")]
    NotFyers(#[from] NotFyers),
    /// FYERS says no.
    #[error("FYERS says no: {0}")]
    Error(ApiError),
    /// FYERS says "ok", but this field is missing or is not what is documented. Never shows what was there instead:
    /// it may be a secret.
    #[error("the field `{0}` is missing or has the wrong type")]
    Field(&'static str),
}

/// An answer that says "ok".
#[derive(Clone, PartialEq)]
pub struct Body(Map<String, Value>);

impl Body {
    /// Judges an answer: `s` decides, and where it is absent the code and the HTTP status.
    ///
    /// # Errors
    /// When it is not FYERS', or FYERS says no, or it says neither.
    pub fn read(http_status: u16, body: &[u8]) -> Result<Self, Unreadable> {
        let envelope = Envelope::read(body)?;
        if !envelope.is_fyers_under(http_status) {
            return Err(NotFyers::NoEnvelope.into());
        }
        let says_no = envelope.is_error() || (envelope.status.is_none() && http_status >= 400);
        match envelope.status {
            _ if says_no => Err(Unreadable::Error(envelope.into_error(http_status))),
            Some(EnvelopeStatus::Ok) => match serde_json::from_slice(body) {
                Ok(fields) => Ok(Self(fields)),
                Err(_) => Err(NotFyers::NotAnObject.into()),
            },
            _ => Err(Unreadable::Field("s")),
        }
    }

    /// The same for an answer in which something that is missing must not be taken for "there is none". One that says "ok"
    /// beside an HTTP status or a code that says otherwise contradicts itself, and tells nothing.
    ///
    /// # Errors
    /// As [`Body::read`], and when it contradicts itself.
    pub fn read_strictly(http_status: u16, body: &[u8]) -> Result<Self, Unreadable> {
        let body = Self::read(http_status, body)?;
        if http_status >= 400 {
            return Err(Unreadable::Field("s"));
        }
        // A code that is no number says nothing: `s` has decided.
        match body.get("code").and_then(number::whole) {
            None | Some(200..300) => Ok(body),
            Some(_) => Err(Unreadable::Field("code")),
        }
    }

    pub(crate) fn row(&self) -> Row<'_> {
        Row::new(&self.0)
    }

    /// A field that is there; `null` is the same as absent, for FYERS uses both.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.row().get(name)
    }
}
