//! From bytes to a JSON object that says "ok", or to the reason why not.

use std::{collections::BTreeSet, fmt};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
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
    /// beside an HTTP status or a code that says otherwise contradicts itself, and tells nothing; so does one that has a field
    /// twice: some programs take the first and some the last.
    ///
    /// # Errors
    /// As [`Body::read`], and when it contradicts itself.
    pub fn read_strictly(http_status: u16, body: &[u8]) -> Result<Self, Unreadable> {
        let has_twice = has_a_field_twice(body);
        let body = Self::read(http_status, body)?;
        // 206 and its like are said of what is not whole, or not there.
        if http_status != 200 || has_twice {
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

/// Whether the answer itself has two fields of one name; what is inside of them is not looked at.
fn has_a_field_twice(body: &[u8]) -> bool {
    serde_json::from_slice::<Twice>(body).is_ok_and(|Twice(has_one)| has_one)
}

struct Twice(bool);

impl<'de> Deserialize<'de> for Twice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Twice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Twice, M::Error> {
        let (mut seen, mut has_one) = (BTreeSet::new(), false);
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            has_one |= !seen.insert(name);
        }
        Ok(Twice(has_one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_taken_for_nothing_is_said_once_and_under_a_good_status() {
        let read = |status, body: &str| Body::read_strictly(status, body.as_bytes()).is_ok();
        let none = r#"{"s":"ok","code":200,"netPositions":[]}"#;
        assert!(read(200, none));
        for status in [100, 199, 201, 202, 203, 204, 205, 206, 207, 299, 300, 302, 304, 399, 400, 500] {
            assert!(!read(status, none), "{status}");
        }
        for twice in [
            r#"{"s":"ok","netPositions":[{"symbol":"A"}],"netPositions":[]}"#,
            r#"{"s":"error","s":"ok","netPositions":[]}"#,
            r#"{"s":"ok","netPositions":[],"x":1,"\u0078":2}"#,
        ] {
            assert!(!read(200, twice), "{twice}");
        }
        assert!(
            read(200, r#"{"s":"ok","netPositions":[{"a":1,"a":2}],"overall":{"a":1}}"#),
            "in the answer itself"
        );
    }
}
