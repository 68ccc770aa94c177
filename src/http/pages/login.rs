//! The login by browser: off to FYERS with a fresh one-time state, and back.
//!
//! The way back is a page that posts: a program that only looks at links (a chat's previewer) spends nothing.

use std::{num::NonZeroU32, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{LOCATION, RETRY_AFTER},
    web,
};
use askama::Template;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use keeper_domain::{
    secret::AuthCode,
    session::login::{Redirect, read_pasted, read_query},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    http::{access::Gate, backend::Backend, pages::respond::show},
    login_report::{LoginReport, code_of},
};

/// Logins begun a second, and at once. Less than fills the memory for states within their life, so that
/// strangers who begin logins cannot push a person's state out.
const BEGIN: (u32, u32) = (1, 30);
/// Logins finished a second, and at once.
const FINISH: (u32, u32) = (50, 200);

/// How often strangers may knock.
#[derive(Clone)]
pub(in crate::http) struct Limits {
    begin: Arc<DefaultDirectRateLimiter>,
    finish: Arc<DefaultDirectRateLimiter>,
}

impl Default for Limits {
    fn default() -> Self {
        let limiter = |(each_second, at_once): (u32, u32)| {
            let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(Quota::per_second(number(each_second)).allow_burst(number(at_once))))
        };
        Self { begin: limiter(BEGIN), finish: limiter(FINISH) }
    }
}

pub(in crate::http) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/fyers/login").get(begin))
        .service(web::resource("/fyers/callback").get(returned).post(finish))
        .service(web::resource("/api/login").post(begin_for_terminal))
        .service(web::resource("/api/login/complete").post(finish_for_terminal));
}

struct Form {
    action: &'static str,
    code: String,
    state: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    nonce: &'a str,
    kind: &'static str,
    mark: &'static str,
    title: &'a str,
    lines: &'a [String],
    form: Option<Form>,
    again: Option<&'static str>,
}

fn tell(report: &LoginReport) -> HttpResponse {
    let (status, kind, mark) = if report.good { (200, "good", "✅") } else { (400, "bad", "⚠️") };
    let again = (!report.good).then_some("/fyers/login");
    show(status, |nonce| {
        Page { nonce, kind, mark, title: &report.title, lines: &report.lines, form: None, again }.render()
    })
}

fn busy() -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header((RETRY_AFTER, "5"))
        .body("too many logins at once; try again\n")
}

async fn begin(backend: web::Data<dyn Backend>, limits: web::Data<Limits>) -> HttpResponse {
    if limits.begin.check().is_err() {
        return busy();
    }
    match backend.begin_login().await {
        Ok(url) => HttpResponse::Found().insert_header((LOCATION, url)).finish(),
        Err(report) => tell(&report),
    }
}

async fn returned(request: HttpRequest) -> HttpResponse {
    let (code, state) = match read_query(request.query_string()) {
        Some(Redirect::Code { code, state: Some(state) }) => (code, state),
        Some(Redirect::Refused { code, message }) => return tell(&LoginReport::denied(code, &message)),
        _ => return tell(&LoginReport::unreadable()),
    };
    let form = Form { action: "/fyers/callback", code: code.expose().to_owned(), state };
    let lines = ["Back from FYERS. One moment…".to_owned()];
    show(200, |nonce| {
        let title = "Finishing the login";
        Page { nonce, kind: "wait", mark: "🔑", title, lines: &lines, form: Some(form), again: None }.render()
    })
}

#[derive(Deserialize)]
struct Finish {
    auth_code: String,
    state: String,
}

async fn finish(
    backend: web::Data<dyn Backend>,
    limits: web::Data<Limits>,
    form: web::Form<Finish>,
) -> HttpResponse {
    if limits.finish.check().is_err() {
        return busy();
    }
    let Finish { auth_code, state } = form.into_inner();
    let report = backend.finish_login(AuthCode::new(auth_code), Some(SecretString::from(state))).await;
    tell(&report)
}

async fn begin_for_terminal(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    match backend.begin_login().await {
        Ok(url) => HttpResponse::Ok().json(serde_json::json!({ "url": url })),
        Err(report) => HttpResponse::Conflict().json(report),
    }
}

#[derive(Deserialize)]
struct Pasted {
    pasted: SecretString,
}

async fn finish_for_terminal(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    body: web::Json<Pasted>,
) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    let report = match code_of(read_pasted(body.pasted.expose_secret())) {
        // Who has the key needs no state; one that is told must fit all the same.
        Ok((code, _)) => backend.finish_login(code, None).await,
        Err(report) => report,
    };
    HttpResponse::Ok().json(report)
}
