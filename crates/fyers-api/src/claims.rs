//! Reads what a FYERS token says of itself. It cannot be verified by anyone but FYERS (HS256 with their
//! secret), so the claims are hints: the profile call is the proof (docs/fyers-api.md, "Tokens").

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// The claims that are of use to a client. Everything is optional: an odd token is still a token if FYERS takes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// `exp`: end, exact to the second.
    pub expires_at: Option<DateTime<Utc>>,
    /// `iat`: when it was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// `fy_id`: the account.
    pub account: Option<String>,
    /// `app_id`: the app without its ending; only in a login's code.
    pub app: Option<String>,
    /// `hsm_key`: what the data socket knows the session by. A secret.
    pub hsm_key: Option<String>,
}

/// The claims of a token; all empty when the text is not a JWT.
pub fn claims(token: &str) -> Claims {
    let Some(body) = payload(token) else { return Claims::default() };
    Claims {
        expires_at: time(&body, "exp"),
        issued_at: time(&body, "iat"),
        account: body.get("fy_id").and_then(Value::as_str).map(str::to_owned),
        app: body.get("app_id").and_then(Value::as_str).map(str::to_owned),
        hsm_key: body.get("hsm_key").and_then(Value::as_str).map(str::to_owned),
    }
}

fn payload(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_header, body, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = URL_SAFE_NO_PAD.decode(body.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn time(body: &Value, claim: &str) -> Option<DateTime<Utc>> {
    let seconds = body.get(claim)?;
    let seconds = seconds.as_i64().or_else(|| seconds.as_f64().map(|s| s as i64))?;
    DateTime::from_timestamp(seconds, 0)
}

/// A JWT-shaped token for tests, here and in the root package.
#[doc(hidden)]
pub fn fake(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&serde_json::json!({"typ": "JWT", "alg": "HS256"})), part(claims))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_exp_iat_and_account() {
        let token =
            fake(&json!({"exp": 1_795_393_800, "iat": 1_795_320_000.0, "fy_id": "XX00001", "x": [1]}));
        let read = claims(&token);
        assert_eq!(read.expires_at, DateTime::from_timestamp(1_795_393_800, 0));
        assert_eq!(read.issued_at, DateTime::from_timestamp(1_795_320_000, 0));
        assert_eq!(read.account.as_deref(), Some("XX00001"));
    }

    #[test]
    fn a_claim_of_the_wrong_type_is_as_good_as_none() {
        let read = claims(&fake(&json!({"exp": "soon", "iat": null, "fy_id": 7})));
        assert_eq!(read, Claims::default());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", dots in 0usize..5) {
            let _ = claims(&text);
            let _ = claims(&vec![text; dots].join("."));
        }

        #[test]
        fn no_number_makes_it_panic(exp in any::<f64>(), iat in any::<i64>()) {
            let _ = claims(&fake(&json!({"exp": exp, "iat": iat})));
        }
    }
}
