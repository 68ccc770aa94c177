//! The keeper's listener: health for containers, status for people and scripts, the gateway for bots.
//!
//! It runs on its own worker thread, so `/livez` can tell that the actors' thread hangs.

mod access;
mod events;
mod gateway;
pub mod journal_signal;
pub mod metrics;
mod orders;
mod origin;
mod pages;
mod visit;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer, Responder,
    dev::Server,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    middleware::DefaultHeaders,
    web,
};
use async_trait::async_trait;
use fyers_api::http::ApiRequest;
use keeper_actors::exchange::messages::Forwarded;
use keeper_domain::{chat::talk::Control, event::Recorded, secret::AuthCode};
use secrecy::SecretString;
use url::Url;

use crate::{
    http::{journal_signal::Feed, metrics::Metrics},
    login::LoginReport,
    status::{Day, Health, SessionStatus, Status},
};
use access::Gate;

/// What the listener may ask of the keeper. A question that a backend leaves out is one that nobody answers there.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Whether the actors' thread and the supervisor are alive. No I/O, no waiting.
    fn is_live(&self) -> bool;
    /// Whether the state is loaded.
    fn is_ready(&self) -> bool;
    /// Everything at one glance; `None` when the keeper does not answer in time.
    async fn status(&self) -> Option<Status> {
        None
    }
    /// Makes a refresh call and waits for its outcome.
    async fn refresh(&self) -> Option<SessionStatus> {
        None
    }
    /// Begins a login: FYERS' login address with a fresh one-time state.
    async fn begin_login(&self) -> Result<String, LoginReport> {
        Err(LoginReport::silent())
    }
    /// Takes a login's code and waits for a bounded time until its token is in use, or is not. Without a state
    /// the caller vouches for the person.
    async fn finish_login(&self, _code: AuthCode, _state: Option<SecretString>) -> LoginReport {
        LoginReport::silent()
    }
    /// Brings a bot's request to where the mode says; `None` when the keeper does not answer in time.
    async fn forward(&self, _call: ApiRequest) -> Option<Forwarded> {
        None
    }
    /// The newest orders that bots have sent and what came of them, newest first, `limit` at most; `None` when the
    /// keeper does not answer in time.
    async fn orders(&self, _limit: u32) -> Option<Vec<serde_json::Value>> {
        None
    }
    /// The newest events of the journal, newest first, `limit` at most; `None` when they cannot be read.
    async fn recent_events(&self, _limit: u32) -> Option<Vec<Recorded>> {
        None
    }
    /// Events of the journal after this one, oldest first, `limit` at most; `None` when they cannot be read.
    async fn events_after(&self, _id: i64, _limit: u32) -> Option<Vec<Recorded>> {
        None
    }
    /// What the day of the present moment looks like.
    fn day(&self) -> Option<Day> {
        None
    }
    /// Makes an actor panic, or blocks the actors' thread ("thread"); false for a name it does not know.
    #[cfg(feature = "demo")]
    fn fault(&self, _victim: &str) -> bool {
        false
    }
}

/// What the listener shows beside the backend.
pub struct Front {
    /// Carries out what the status page's buttons ask for; `None` for a page without buttons.
    pub control: Option<Arc<dyn Control>>,
    /// What Prometheus is told.
    pub metrics: Arc<Metrics>,
    /// Says when the journal has grown.
    pub feed: Feed,
    /// Where a browser reaches the keeper, if a person said so.
    pub public_url: Option<Url>,
}

/// How long an idle connection stays open: longer than any pause of a busy bot, so that its next order does not
/// meet a door that is just closing.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Binds the listener; it serves once the returned server is polled. Also gives the address it has, which
/// differs from the one asked for when that had port 0.
pub fn listen(
    addr: SocketAddr,
    key: SecretString,
    backend: Arc<dyn Backend>,
) -> std::io::Result<(Server, SocketAddr)> {
    let front = Front { control: None, metrics: Metrics::new(), feed: Feed::default(), public_url: None };
    listen_with(addr, key, backend, front)
}

/// The same, with a status page that acts and with numbers and news from the whole keeper.
pub fn listen_with(
    addr: SocketAddr,
    key: SecretString,
    backend: Arc<dyn Backend>,
    front: Front,
) -> std::io::Result<(Server, SocketAddr)> {
    let gate = web::Data::new(Gate::new(key, addr.ip().is_loopback(), front.public_url.as_ref()));
    let backend = web::Data::from(backend);
    let front = web::Data::new(front);
    let seats = web::Data::new(events::Seats::default());
    let (knocks, notes) = (web::Data::new(pages::Knocks::default()), web::Data::new(pages::Notes::default()));
    let limits = web::Data::new(pages::login::Limits::default());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(
                DefaultHeaders::new()
                    .add((CACHE_CONTROL, "no-store"))
                    .add(("Referrer-Policy", "no-referrer")),
            )
            .app_data(gate.clone())
            .app_data(backend.clone())
            .app_data(limits.clone())
            .app_data(front.clone())
            .app_data(seats.clone())
            .app_data(knocks.clone())
            .app_data(notes.clone())
            .app_data(web::FormConfig::default().limit(16 * 1024))
            .app_data(web::JsonConfig::default().limit(16 * 1024))
            .configure(routes)
    })
    .workers(1)
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .shutdown_timeout(1)
    .bind(addr)?;
    let bound = server.addrs().first().copied().unwrap_or(addr);
    Ok((server.run(), bound))
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/livez").get(livez).head(livez))
        .service(web::resource("/readyz").get(readyz).head(readyz))
        .service(web::resource("/api/status").get(status))
        .service(web::resource("/api/refresh").post(refresh))
        .configure(orders::routes)
        .configure(pages::routes)
        .configure(metrics::route::routes)
        .configure(events::routes)
        .configure(pages::login::routes)
        .configure(gateway::routes)
        .default_service(web::to(nothing_here));
    #[cfg(feature = "demo")]
    config.service(web::resource("/api/fault/{victim}").post(fault));
}

/// For the end-to-end tests; not in the image, like the demo.
#[cfg(feature = "demo")]
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
    answer(backend.is_ready(), "ready\n", "the state is not loaded yet\n")
}

async fn status(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let Some(status) = backend.status().await else { return unanswered() };
    let mut response = match status.status {
        Health::Fail => HttpResponse::ServiceUnavailable(),
        Health::Pass | Health::Warn => HttpResponse::Ok(),
    };
    response.insert_header((CONTENT_TYPE, "application/health+json")).json(status)
}

async fn refresh(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_writer() {
        return refusal;
    }
    backend.refresh().await.map_or_else(unanswered, |session| HttpResponse::Ok().json(session))
}

async fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound().body("nothing here: try /, /livez, /readyz, /metrics or /api/status\n")
}

fn answer(good: bool, yes: &'static str, no: &'static str) -> HttpResponse {
    if good { HttpResponse::Ok().body(yes) } else { HttpResponse::ServiceUnavailable().body(no) }
}

fn unanswered() -> HttpResponse {
    HttpResponse::ServiceUnavailable().body("the keeper did not answer in time\n")
}
