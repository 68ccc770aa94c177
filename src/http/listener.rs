//! The listener: which routes there are and how connections are served.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer, dev::Server, http::header::CACHE_CONTROL, middleware::DefaultHeaders, web,
};
use secrecy::SecretString;

use crate::http::{
    access::Gate,
    backend::{Backend, Front},
    events, gateway, health,
    journal_signal::Feed,
    metrics::{self, Metrics},
    orders, pages,
};

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
    let (attempts, notes) =
        (web::Data::new(pages::Attempts::default()), web::Data::new(pages::Notes::default()));
    let limits = web::Data::new(pages::Limits::default());
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
            .app_data(attempts.clone())
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
        .configure(health::routes)
        .configure(orders::routes)
        .configure(pages::routes)
        .configure(metrics::route::routes)
        .configure(events::routes)
        .configure(gateway::routes)
        .default_service(web::to(nothing_here));
}

async fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound().body("nothing here: try /, /livez, /readyz, /metrics or /api/status\n")
}
