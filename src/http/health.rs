//! Whether the keeper is alive and ready, its status as JSON and as numbers, and a refresh call on demand.

use actix_web::{HttpResponse, Responder, http::header::CONTENT_TYPE, web};
use keeper_domain::{
    chat::talk::{Action, Person},
    text::shown_lines,
};

use crate::{
    http::{
        access::Gate,
        backend::{Backend, Front, HandOver},
        keys::days,
        metrics::of_keys,
        reply::{json, unanswered},
        shared::Shared,
    },
    keys::KeyDay,
    status::{Health, Status},
};

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/livez").get(livez).head(livez))
        .service(web::resource("/readyz").get(readyz).head(readyz))
        .service(web::resource("/metrics").get(metrics))
        .service(web::resource("/api/status").get(status))
        .service(web::resource("/api/refresh").post(refresh))
        .service(web::resource("/api/handover").post(hand_over))
        .service(web::resource("/api/alerts/test").post(test_alerts));
    #[cfg(feature = "fault-injection")]
    config.service(web::resource("/api/fault/{victim}").post(fault));
}

/// For the end-to-end tests; not in the image, like the demo.
#[cfg(feature = "fault-injection")]
async fn fault(gate: Gate, backend: web::Data<dyn Backend>, victim: web::Path<String>) -> HttpResponse {
    match gate.refuse_writer() {
        Some(refusal) => refusal,
        None if backend.fault(&victim) => HttpResponse::Accepted().finish(),
        None => HttpResponse::NotFound().finish(),
    }
}

async fn livez(backend: web::Data<dyn Backend>) -> impl Responder {
    answer(backend.is_live(), "alive\n", "the actors' thread does not answer\n")
}

async fn readyz(backend: web::Data<dyn Backend>) -> impl Responder {
    match backend.unwritable() {
        Some(why) if backend.is_ready() => {
            let words = format!("orders cannot be put on record: {why}\n");
            HttpResponse::ServiceUnavailable().body(shown_lines(&words).into_owned())
        }
        _ => answer(backend.is_ready(), "ready\n", "the state is not loaded yet\n"),
    }
}

async fn status(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    (front, shared): (web::Data<Front>, web::Data<Shared<Status>>),
) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let Some(status) = shared.read(backend.status()).await else { return unanswered() };
    let mut response = match status.status {
        Health::Fail => HttpResponse::ServiceUnavailable(),
        Health::Pass | Health::Warn => HttpResponse::Ok(),
    };
    response.insert_header((CONTENT_TYPE, "application/health+json"));
    json(response, &Told { status: &status, keys: days(&gate, &front, backend.as_ref()) })
}

/// The status, with the keys that whoever asks may see.
#[derive(serde::Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    status: &'a Status,
    keys: Vec<KeyDay>,
}

/// Numbers for Prometheus. A keeper whose actors do not answer has none: Prometheus then sees `up` at 0.
async fn metrics(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    (front, shared): (web::Data<Front>, web::Data<Shared<Status>>),
) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let Some(status) = shared.read(backend.status()).await else { return unanswered() };
    let keys = of_keys(&days(&gate, &front, backend.as_ref()));
    match front.metrics.text(&status, gate.bot_reader()).map(|text| text + &keys) {
        Ok(text) => HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn refresh(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    backend.refresh().await.map_or_else(unanswered, |session| json(HttpResponse::Ok(), &session))
}

/// The other keeper acts within a second; this one stops in good order and stands by.
async fn hand_over(gate: Gate, backend: web::Data<dyn Backend>, wish: web::Query<Wish>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    match backend.hand_over(wish.force).await {
        HandOver::Begun => HttpResponse::Accepted().finish(),
        HandOver::Alone => HttpResponse::Conflict()
            .body("this keeper has its state to itself: KEEPER_DATABASE_URL is not set\n"),
        HandOver::NobodyStandsBy => HttpResponse::FailedDependency()
            .body("no keeper stands by, so this one goes on; ?force=true lets the lease go all the same\n"),
        HandOver::StandbyCutOff => HttpResponse::PreconditionFailed()
            .body("the keeper that stands by cannot reach FYERS; ?force=true hands over all the same\n"),
    }
}

/// How a handover is wished for.
#[derive(serde::Deserialize)]
struct Wish {
    /// Also to a keeper that cannot reach FYERS.
    #[serde(default)]
    force: bool,
}

/// One alert of each severity by every channel, for those who set one up.
async fn test_alerts(gate: Gate, front: web::Data<Front>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    let Some(control) = &front.control else { return unanswered() };
    let by = Person { id: 0, name: "the API".to_owned() };
    let told = control.act(Action::Test, &by).await;
    json(HttpResponse::Ok(), &serde_json::json!({ "message": told }))
}

fn answer(good: bool, yes: &'static str, no: &'static str) -> HttpResponse {
    if good { HttpResponse::Ok().body(yes) } else { HttpResponse::ServiceUnavailable().body(no) }
}
