//! What only FYERS' own answers may change.

use fyers_api::{
    envelope::{self, kills_token},
    http::ApiResponse,
};

use crate::broker_error::BrokerError;

/// The code with which FYERS says that the token is dead, and that it therefore did nothing (docs/fyers-api.md, "Auth
/// errors"). Nothing but FYERS' own error says so: not HTTP 401 alone, not a web page.
pub fn token_death(answer: &ApiResponse) -> Option<i64> {
    kills_token(answer.status, &answer.body)
}

/// A token's code under a status that does not fit it: no bot may take it for FYERS' word.
pub fn stray_token_code(answer: &ApiResponse) -> Option<i64> {
    envelope::stray_token_code(answer.status, &answer.body)
}

/// Whether FYERS takes no orders from this app at all: wrong kind of app, no permission, or another address than
/// the registered one (docs/fyers-api.md, "Order bans"). It says the same words for all three.
pub fn is_order_ban(error: &BrokerError) -> bool {
    let BrokerError::Refused { message, .. } = error else { return false };
    message.contains("not allowed from this app") || message.contains("Order placement restricted")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: &[u8]) -> ApiResponse {
        ApiResponse { status, headers: vec![], body: body.to_vec() }
    }

    #[test]
    fn only_fyers_own_words_end_a_token() {
        let death = |status, body: &str| token_death(&answer(status, body.as_bytes()));
        assert_eq!(
            death(401, r#"{"s":"error","code":-16,"message":"Could not authenticate the user"}"#),
            Some(-16)
        );
        assert_eq!(death(200, r#"{"s":"error","code":"-16"}"#), Some(-16));
        for (status, body) in [
            (401, "<html>401</html>"),
            (401, ""),
            (401, r#"{"message":"Unauthorized"}"#),
            (403, r#"{"message":"Forbidden"}"#),
            (401, r#"{"s":"error","message":"x"}"#),
            (401, r#"{"s":"ok","code":-16}"#),
            (401, r#"["error",-16]"#),
            (401, r#"{"code":-16}"#),
            (502, r#"{"s":"error","code":-16}"#),
            (500, r#"{"s":"error","code":-16}"#),
        ] {
            assert_eq!(death(status, body), None, "{status} {body}");
        }
    }

    /// JSON that is often nearly FYERS' own error.
    fn nearly_fyers() -> impl Strategy<Value = serde_json::Value> {
        let code = prop_oneof![
            Just(serde_json::json!(-8)),
            Just(serde_json::json!(-16)),
            Just(serde_json::json!("-15")),
            Just(serde_json::json!(-17)),
            Just(serde_json::json!(-99)),
            Just(serde_json::json!(200)),
            Just(serde_json::json!(null)),
            Just(serde_json::json!([-16])),
        ];
        let verdict = prop_oneof![
            Just(serde_json::json!("error")),
            Just(serde_json::json!("ok")),
            Just(serde_json::json!("ERROR")),
            Just(serde_json::json!(null)),
        ];
        (verdict, code, any::<[bool; 3]>()).prop_map(|(verdict, code, [has_verdict, has_code, is_inner])| {
            let mut answer = serde_json::json!({"message": "Could not authenticate the user"});
            if has_verdict {
                answer["s"] = verdict;
            }
            if has_code {
                answer["code"] = code;
            }
            if is_inner { serde_json::json!({"error": answer}) } else { answer }
        })
    }

    proptest! {
        #[test]
        fn a_token_ends_by_fyers_own_error_and_by_nothing_less(
            status in prop_oneof![200u16..600, Just(200), Just(400), Just(401), Just(403)],
            body in nearly_fyers(),
        ) {
            // A number may be quoted beside FYERS' own verdict. Under HTTP 401 any error of FYERS' own is about the token.
            let quoted = body["code"].as_str().and_then(|code| code.parse().ok());
            let code = body["code"].as_i64().or(quoted).filter(|_| body["s"] == "error");
            let of_token = |code: i64| match status {
                200 | 400 | 403 => [-8, -15, -16, -17].contains(&code),
                401 => code < 0,
                _ => false,
            };
            let says_so = code.is_some_and(of_token);
            let death = token_death(&answer(status, body.to_string().as_bytes()));
            prop_assert_eq!(death.is_some(), says_so, "{} {}", status, body);
        }

        #[test]
        fn arbitrary_bytes_and_statuses_end_no_token(status: u16, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(token_death(&answer(status, &body)), None);
        }
    }
}
