//! The first set-up as pages: the app at FYERS, the chat, the first login, and what the bot needs. Opened once by the link
//! in the log, or with the gateway key; only where what is typed is not seen on the way. A secret that was entered is on no
//! page.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{HOST, LOCATION},
    web,
};
use askama::Template;
use secrecy::SecretString;
use serde::Deserialize;

use crate::http::{
    access::Gate,
    backend::{Backend, Front},
    pages::{cleaned::filters, notes::Notes, respond::show_with_forms},
    set_up::{AppAnswers, Pairing, SetUpDoor, SetUpView},
};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/setup").get(page))
        .service(web::resource("/setup/begin").post(begin))
        .service(web::resource("/setup/app").post(app))
        .service(web::resource("/setup/telegram").post(telegram))
        .service(web::resource("/setup/skip").post(skip))
        .service(web::resource("/setup/back").post(back))
        .service(web::resource("/setup/keep").post(keep))
        .service(web::resource("/setup/finish").post(finish));
}

/// What is on the page.
enum Step {
    /// The link was followed: a button uses it up.
    Open { code: String },
    /// It opens nothing.
    Closed,
    /// What is typed here could be read on the way.
    Unsafe,
    /// The app at FYERS.
    App,
    /// The bot.
    Telegram,
    /// The code is waited for.
    Code { bot: String, code: String },
    /// All is there.
    Ready { is_greeted: Option<bool> },
    /// The keeper starts again.
    Done { login: Option<String> },
}

impl Step {
    fn number(&self) -> usize {
        match self {
            Self::Open { .. } | Self::Closed | Self::Unsafe => 0,
            Self::App => 1,
            Self::Telegram | Self::Code { .. } => 2,
            Self::Ready { .. } | Self::Done { .. } => 3,
        }
    }

    fn of(view: &SetUpView) -> Self {
        match (&view.app, &view.pairing) {
            (None, _) => Self::App,
            (Some(_), Pairing::None) => Self::Telegram,
            (Some(_), Pairing::Waiting { bot, code }) => Self::Code { bot: bot.clone(), code: code.clone() },
            (Some(_), Pairing::Done { is_greeted }) => Self::Ready { is_greeted: Some(*is_greeted) },
            (Some(_), Pairing::Skipped) => Self::Ready { is_greeted: None },
        }
    }

    /// Whether the page looks again by itself.
    fn waits(&self) -> bool {
        matches!(self, Self::Code { .. })
    }
}

#[derive(Template)]
#[template(path = "set_up.html")]
struct Page<'a> {
    nonce: &'a str,
    step: Step,
    view: Option<SetUpView>,
    /// What the forms carry.
    token: String,
    problem: Option<String>,
}

fn show(
    status: u16,
    step: Step,
    view: Option<SetUpView>,
    token: String,
    problem: Option<String>,
) -> HttpResponse {
    show_with_forms(status, |nonce| Page { nonce, step, view, token, problem }.render())
}

fn closed() -> HttpResponse {
    show(403, Step::Closed, None, String::new(), None)
}

/// Not `code`: the log takes that for a login's.
#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    once: String,
}

/// Looking spends nothing: a program that follows links leaves the link as it was.
async fn page(
    gate: Gate,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    link: web::Query<Link>,
) -> HttpResponse {
    let Some(door) = &front.set_up else { return to("/") };
    if !gate.is_safe_for_secrets() {
        return show(403, Step::Unsafe, None, String::new(), None);
    }
    let Some(token) = gate.token() else {
        let code = link.into_inner().once;
        return if code.is_empty() {
            closed()
        } else {
            show(200, Step::Open { code }, None, String::new(), None)
        };
    };
    let view = door.steps.view().await;
    let problem = notes.take(&token).or_else(|| view.trouble.clone());
    show(200, Step::of(&view), Some(view), token, problem)
}

/// Uses the link up for a page session, as the gateway key would begin it.
async fn begin(
    request: HttpRequest,
    gate: Gate,
    front: web::Data<Front>,
    link: web::Form<Link>,
) -> HttpResponse {
    let Some(door) = &front.set_up else { return to("/") };
    if !gate.is_safe_for_secrets() {
        return show(403, Step::Unsafe, None, String::new(), None);
    }
    if !gate.is_own() {
        return closed();
    }
    match gate.begin_first_session(&request, door.link.redeem(&link.once)) {
        Some(cookie) => {
            let mut response = to("/setup");
            // A cookie that cannot be written leaves the visitor outside.
            let _written = response.add_cookie(&cookie);
            response
        }
        None => closed(),
    }
}

/// The set-up, for a form of this page in a session that it belongs to, sent where nobody can read it on the way.
fn entered<'a>(gate: &Gate, front: &'a Front, token: &str) -> Result<&'a SetUpDoor, Box<HttpResponse>> {
    match &front.set_up {
        Some(door) if gate.may_act(token) && gate.is_safe_for_secrets() => Ok(door),
        Some(_) => Err(closed().into()),
        None => Err(to("/").into()),
    }
}

/// So that a reload repeats nothing; what went wrong is told by the page that follows.
fn next(outcome: Result<(), String>, notes: &Notes<String>, token: &str) -> HttpResponse {
    if let Err(problem) = outcome {
        notes.leave(token, problem);
    }
    to("/setup")
}

#[derive(Deserialize)]
struct AppForm {
    token: String,
    #[serde(default)]
    public_url: String,
    id: String,
    secret: SecretString,
}

async fn app(
    request: HttpRequest,
    gate: Gate,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    form: web::Form<AppForm>,
) -> HttpResponse {
    let AppForm { token, public_url, id, secret } = form.into_inner();
    let door = match entered(&gate, &front, &token) {
        Ok(door) => door,
        Err(refusal) => return *refusal,
    };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let (public_url, id) = (public_url.trim().to_owned(), id.trim().to_ascii_uppercase());
    let outcome = door.steps.save_app(AppAnswers { public_url, host, id, secret }).await;
    next(outcome, &notes, &token)
}

#[derive(Deserialize)]
struct BotForm {
    token: String,
    bot: SecretString,
}

async fn telegram(
    gate: Gate,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    form: web::Form<BotForm>,
) -> HttpResponse {
    let BotForm { token, bot } = form.into_inner();
    match entered(&gate, &front, &token) {
        Ok(door) => next(door.steps.begin_pairing(bot).await, &notes, &token),
        Err(refusal) => *refusal,
    }
}

#[derive(Deserialize)]
struct Press {
    token: String,
}

async fn skip(
    gate: Gate,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    form: web::Form<Press>,
) -> HttpResponse {
    match entered(&gate, &front, &form.token) {
        Ok(door) => next(door.steps.skip_pairing().await, &notes, &form.token),
        Err(refusal) => *refusal,
    }
}

/// So that a wrong app or bot can be changed here.
async fn back(gate: Gate, front: web::Data<Front>, form: web::Form<Press>) -> HttpResponse {
    match entered(&gate, &front, &form.token) {
        Ok(door) => {
            door.steps.step_back().await;
            to("/setup")
        }
        Err(refusal) => *refusal,
    }
}

/// For whoever has pressed Back and changes nothing.
async fn keep(gate: Gate, front: web::Data<Front>, form: web::Form<Press>) -> HttpResponse {
    match entered(&gate, &front, &form.token) {
        Ok(door) => {
            door.steps.keep().await;
            to("/setup")
        }
        Err(refusal) => *refusal,
    }
}

#[derive(Deserialize)]
struct FinishForm {
    token: String,
    /// `real` for real money. Everything else is the sandbox.
    #[serde(default)]
    orders: String,
}

/// The page that is left when the keeper begins again: this session ends with it, so the link to the first login is
/// signed, as the card's is.
async fn finish(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    front: web::Data<Front>,
    notes: web::Data<Notes<String>>,
    form: web::Form<FinishForm>,
) -> HttpResponse {
    let door = match entered(&gate, &front, &form.token) {
        Ok(door) => door,
        Err(refusal) => return *refusal,
    };
    let view = door.steps.view().await;
    if view.app.is_none() {
        return to("/setup");
    }
    if view.asks_orders
        && let Err(problem) = door.steps.choose_orders(form.orders == "real").await
    {
        return next(Err(problem), &notes, &form.token);
    }
    let view = door.steps.view().await;
    let login = view.redirect.as_ref().map(|_| backend.vouched_link());
    door.steps.finish();
    show(200, Step::Done { login }, Some(view), String::new(), None)
}

fn to(path: &'static str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}
