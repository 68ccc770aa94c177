//! Logging in and refreshing (docs/fyers-api.md, "Login" and "Refresh").
//!
//! `app_id_hash` is the lower-case hexadecimal SHA-256 of `APPID:SECRET`, the app id with its ending.

use serde_json::{Value, json};

/// The query of `GET /generate-authcode`, the page where a person logs in; values as they are before URL encoding.
/// `redirect_uri` must be the one registered with the app; `state` comes back with the code.
pub fn login_page<'a>(
    app_id: &'a str,
    redirect_uri: &'a str,
    state: &'a str,
) -> [(&'static str, &'a str); 4] {
    [("client_id", app_id), ("redirect_uri", redirect_uri), ("response_type", "code"), ("state", state)]
}

/// The body of `POST /validate-authcode`, which turns the code of a login into tokens. A code works once.
pub fn login(app_id_hash: &str, code: &str) -> Value {
    json!({"grant_type": "authorization_code", "appIdHash": app_id_hash, "code": code})
}

/// The body of `POST /validate-refresh-token`. FYERS counts wrong PINs against the account.
pub fn refresh(app_id_hash: &str, refresh_token: &str, pin: &str) -> Value {
    json!({"grant_type": "refresh_token", "appIdHash": app_id_hash, "refresh_token": refresh_token, "pin": pin})
}
