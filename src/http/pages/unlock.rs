//! Entering the gateway key into a browser, and leaving again.

use actix_web::{HttpRequest, HttpResponse, http::header::WWW_AUTHENTICATE, web};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::{
    access::{Gate, too_many_keys},
    pages::respond::{show_with_forms, to_status_page},
};

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

/// What another site's page sends is no attempt: it must not spend the budget of the person before the browser.
async fn unlock(request: HttpRequest, gate: Gate, form: web::Form<Key>) -> HttpResponse {
    if !gate.is_own() {
        return ask_for_key(Some("The key must be entered on this page."));
    }
    match gate.begin_session(&request, &form.key) {
        Ok(cookie) => {
            let mut response = to_status_page();
            // A cookie that cannot be written leaves the visitor at this form.
            let _written = response.add_cookie(&cookie);
            response
        }
        Err(is_limited) if is_limited => too_many_keys(),
        Err(_) => ask_for_key(Some("This is not the gateway key.")),
    }
}

#[derive(Deserialize)]
struct Leave {
    token: String,
}

async fn lock(gate: Gate, form: web::Form<Leave>) -> HttpResponse {
    let mut response = to_status_page();
    if gate.may_act(&form.token) {
        let _written = response.add_cookie(&gate.end_session());
    }
    response
}
