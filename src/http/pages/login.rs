//! The login by browser: off to FYERS with a fresh one-time state, and back.
//!
//! The way back is a page that posts: a program that only looks at links (a chat's previewer) spends nothing.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HeaderValue, LOCATION, REFRESH, RETRY_AFTER},
    web,
};
use askama::Template;
use keeper_actors::token::messages::LoginProof;
use keeper_domain::{
    reason::Reason,
    secret::AuthCode,
    session::login::{LoginFailure, LoginOrigin, Redirect, StateRefusal, read_query},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    http::{
        access::Gate,
        backend::{Backend, Front},
        pages::{login_budget::LoginBudget, respond::show},
        reply::json,
    },
    login_report::{LoginReport, code_in},
};

pub(super) fn routes(config: &mut web::ServiceConfig) {
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
    // Another login would be as unconfirmed as this one.
    let is_over = report.good || report.reason == Some(Reason::AccountUnconfirmed);
    let again = (!is_over).then_some("/fyers/login");
    let is_late = *report == LoginReport::stopped();
    let mut page = show(if is_late { 503 } else { status }, |nonce| {
        Page { nonce, kind, mark, title: &report.title, lines: &report.lines, form: None, again }.render()
    });
    if is_late {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    page
}

/// The set-up has just ended, and the program that knows the app is about to answer here. The browser asks again by itself.
fn in_a_moment() -> HttpResponse {
    let lines = ["The keeper starts again with its new settings. FYERS' login opens in a moment.".to_owned()];
    let mut page = show(503, |nonce| {
        let (kind, mark, title) = ("wait", "⏳", "One moment");
        Page { nonce, kind, mark, title, lines: &lines, form: None, again: None }.render()
    });
    page.headers_mut().insert(REFRESH, HeaderValue::from_static("3"));
    page
}

fn busy() -> HttpResponse {
    HttpResponse::TooManyRequests()
        .insert_header((RETRY_AFTER, "5"))
        .body(
            "too many logins have failed here in the last hour; use the link of the login card in Telegram, or the status page with the key\n",
        )
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    card: String,
    /// `page`: the link of the status page, which is signed like the card's.
    #[serde(default)]
    from: String,
}

impl Link {
    fn origin(&self, is_signed: bool) -> LoginOrigin {
        match (is_signed, self.from.as_str()) {
            (false, _) => LoginOrigin::Page,
            (true, "page") => LoginOrigin::StatusPage,
            (true, _) => LoginOrigin::Card,
        }
    }
}

/// Not limited: it costs a signature and nothing is remembered, so no scanner can use it up for a person.
async fn begin(
    backend: web::Data<dyn Backend>,
    front: web::Data<Front>,
    link: web::Query<Link>,
) -> HttpResponse {
    if front.set_up.as_ref().is_some_and(|door| door.steps.is_finished()) {
        return in_a_moment();
    }
    match backend.begin_login(link.origin(backend.is_card_link(&link.card))) {
        Ok(url) => HttpResponse::Found().insert_header((LOCATION, url)).finish(),
        Err(report) => tell(&report),
    }
}

/// Back from FYERS. Only a redirect of a login that this keeper has begun may put words on the page.
async fn returned(request: HttpRequest, backend: web::Data<dyn Backend>) -> HttpResponse {
    let redirect = read_query(request.query_string());
    let state = match &redirect {
        Some(Redirect::Code { state, .. } | Redirect::Refused { state, .. }) => state.clone(),
        None => None,
    };
    let unlike = || tell(&LoginReport::not_back_from_login(request.query_string()));
    let Some(state) = state else { return unlike() };
    match (redirect, backend.login_state(&state)) {
        (Some(Redirect::Code { code, .. }), Ok(_) | Err(StateRefusal::Expired)) => go_on(&code, state),
        (Some(Redirect::Refused { code, message, .. }), Ok(_)) => tell(&LoginReport::denied(code, &message)),
        (_, Err(refusal)) => tell(&LoginReport::failed(LoginFailure::State(refusal))),
        (None, Ok(_)) => unlike(),
    }
}

/// The page that posts the code. An old one is posted too: it may have been used, and then the person is told how
/// things are.
fn go_on(code: &AuthCode, state: String) -> HttpResponse {
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

/// The state is looked at before anything is counted: what nobody has begun spends nobody's budget. A login that is
/// sent again, by a reload or a second tap, is told what came of it (see the token actor).
async fn finish(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    budget: web::Data<LoginBudget>,
    form: web::Form<Finish>,
) -> HttpResponse {
    let Finish { auth_code, state } = form.into_inner();
    let begun = backend.login_state(&state);
    match begun {
        // A used one may be expired as well; the actor knows.
        Err(StateRefusal::Expired | StateRefusal::Used | StateRefusal::Unfinished) => {}
        Ok(origin) if origin.is_vouched() || budget.admits(gate.client(), &state) => {}
        Ok(_) => return busy(),
        Err(refusal) => return tell(&LoginReport::failed(LoginFailure::State(refusal))),
    }
    let report =
        backend.finish_login(AuthCode::new(auth_code), LoginProof::State(state.clone().into())).await;
    if report.good && begun == Ok(LoginOrigin::Page) {
        budget.was_good(&state);
    }
    tell(&as_it_is_now(backend.as_ref(), report).await)
}

/// A login that is done is told by how the session is now, not by how it was: green only while a token is in use.
async fn as_it_is_now(backend: &dyn Backend, report: LoginReport) -> LoginReport {
    if !report.good {
        return report;
    }
    match backend.status().await {
        Some(status) if status.session.usable => report,
        Some(_) => LoginReport::failed(LoginFailure::State(StateRefusal::Used)),
        None => LoginReport::silent(),
    }
}

async fn begin_for_terminal(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    match backend.begin_login(LoginOrigin::CommandLine) {
        Ok(url) => json(HttpResponse::Ok(), &serde_json::json!({ "url": url })),
        Err(report) => json(HttpResponse::Conflict(), &report),
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
    let report = match code_in(body.pasted.expose_secret()) {
        // Who has the key needs no state.
        Ok((code, _)) => backend.finish_login(code, LoginProof::Person(LoginOrigin::CommandLine)).await,
        Err(report) => report,
    };
    json(HttpResponse::Ok(), &report)
}
