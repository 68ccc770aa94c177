//! A bot's own login (`validate-authcode`, docs/fyers-api.md, "Login"). Most programs for FYERS have one, and none of
//! them can log in here, for the session is the keeper's. Whoever shows the gateway key where the app's secret belongs
//! gets what such a call is for: the access token to use, which is the gateway key itself.

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web};
use fyers_api::{claims::claims, http::Surface};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::http::{
    access::Gate,
    gateway::{incoming, refusal::Refusal},
};

/// The call.
const PATH: &str = "/validate-authcode";
/// Endings of app ids, which the code leaves out.
const ENDINGS: [&str; 2] = ["-100", "-200"];

/// What the call shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Shown {
    #[serde(rename = "appIdHash")]
    hash: String,
    code: String,
}

/// Whether this is the call.
pub(super) fn is(request: &HttpRequest, surface: Surface, path: &str) -> bool {
    surface == Surface::Api && path == PATH && request.method() == actix_web::http::Method::POST
}

/// The answer: FYERS' own with the gateway key as access token, or why not.
pub(super) async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    gate: &Gate,
    app: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let (call, _held) = incoming::call(request, payload, Surface::Api, PATH).await?;
    let shown: Shown = serde_json::from_slice(&call.body).unwrap_or_default();
    let hash = shown.hash.trim().to_ascii_lowercase();
    if hash.is_empty() {
        return Err(Refusal::LoginCode);
    }
    match gate.key_of_hash(request, &hash, &apps(&shown.code, app)) {
        Ok(key) => {
            let body = serde_json::json!({"s": "ok", "code": 200,
                "message": "The access token is the gateway key: the keeper logs in to FYERS by itself",
                "access_token": key.expose_secret(), "refresh_token": ""});
            Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(body.to_string()))
        }
        Err(true) => Err(Refusal::TooManyKeys),
        Err(false) => Err(Refusal::LoginCode),
    }
}

/// The app ids that may be in the hash: the keeper's own, the one a real code was made for, and the code itself, so
/// that a bot can name any.
fn apps(code: &str, own: Option<&str>) -> Vec<String> {
    let of_code = claims(code).app.into_iter().flat_map(|app| ENDINGS.map(|ending| format!("{app}{ending}")));
    own.map(str::to_owned).into_iter().chain(of_code).chain([code.trim().to_owned()]).collect()
}
