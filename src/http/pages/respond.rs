//! Pages: nothing from elsewhere, no frames, and only a page's own style and script.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY},
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::Rng;

/// Renders a page with a fresh nonce.
pub(super) fn show(status: u16, page: impl FnOnce(&str) -> askama::Result<String>) -> HttpResponse {
    let nonce = URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 16]>());
    let Ok(body) = page(&nonce) else { return HttpResponse::InternalServerError().finish() };
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or_default())
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(body)
}

/// The same, for a page with forms: without any referrer a browser would not tell their origin either.
pub(super) fn show_with_forms(
    status: u16,
    page: impl FnOnce(&str) -> askama::Result<String>,
) -> HttpResponse {
    let mut response = show(status, page);
    let policy = actix_web::http::header::HeaderValue::from_static("same-origin");
    response.headers_mut().insert(REFERRER_POLICY, policy);
    response
}

/// Sends the browser to the status page, so that a reload repeats nothing.
pub(super) fn to_status_page() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, "/")).finish()
}
