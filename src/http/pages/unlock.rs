//! Entering the gateway key into a browser, and leaving again.

use std::num::NonZeroU32;

use actix_web::{HttpResponse, http::header::WWW_AUTHENTICATE, web};
use askama::Template;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::{
    access::Gate,
    pages::respond::{show_with_forms, to_status_page},
};

/// Keys tried at once, and how many more each second: a person mistypes, a program guesses.
const AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How often keys may be tried, by all together.
pub(in crate::http) struct Attempts(DefaultDirectRateLimiter);

impl Default for Attempts {
    fn default() -> Self {
        Self(RateLimiter::direct(Quota::per_second(NonZeroU32::MIN).allow_burst(AT_ONCE)))
    }
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/unlock").post(unlock)).service(web::resource("/lock").post(lock));
}

#[derive(Template)]
#[template(path = "unlock.html")]
struct Page<'a> {
    nonce: &'a str,
    problem: Option<&'static str>,
}

/// The form and nothing else.
pub(super) fn ask_for_key(problem: Option<&'static str>) -> HttpResponse {
    let mut response = show_with_forms(401, |nonce| Page { nonce, problem }.render());
    let scheme = actix_web::http::header::HeaderValue::from_static("Bearer");
    response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    response
}

#[derive(Deserialize)]
struct Key {
    key: SecretString,
}

async fn unlock(gate: Gate, attempts: web::Data<Attempts>, form: web::Form<Key>) -> HttpResponse {
    if attempts.0.check().is_err() {
        return HttpResponse::TooManyRequests()
            .insert_header(("Retry-After", "10"))
            .body("too many keys at once; wait a moment\n");
    }
    if !gate.is_own() {
        return ask_for_key(Some("The key must be entered on this page."));
    }
    match gate.begin_visit(&form.key) {
        Some(cookie) => {
            let mut response = to_status_page();
            // A cookie that cannot be written leaves the visitor before the door.
            let _written = response.add_cookie(&cookie);
            response
        }
        None => ask_for_key(Some("This is not the gateway key.")),
    }
}

#[derive(Deserialize)]
struct Leave {
    token: String,
}

async fn lock(gate: Gate, form: web::Form<Leave>) -> HttpResponse {
    let mut response = to_status_page();
    if gate.may_act(&form.token) {
        let _written = response.add_cookie(&gate.end_visit());
    }
    response
}
