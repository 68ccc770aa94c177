//! The listener: which routes there are and how connections are served.

use std::{
    future::ready,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App,
    dev::{AppConfig, Server},
    http::header::CACHE_CONTROL,
    middleware::{DefaultHeaders, from_fn},
    rt::net::TcpStream,
    web,
};
use keeper_actors::hub::Hub;
use keeper_domain::event::Event;
use socket2::{Domain, Socket, Type};

use crate::http::{
    access::{Gate, GatewayKey, Settings, WrongKey, is_meant},
    account,
    backend::{Backend, Front},
    events, feed, gateway, health,
    journal_signal::JournalSignal,
    keys,
    limits::{
        body,
        connections::{Connections, Guarded},
        descriptors,
        places::Places,
    },
    metrics::Metrics,
    orders, pages,
    reply::problems,
    request_line::Readable,
    shared::Shared,
};
use crate::{logging::Redactor, memory::Memory, status::Status};

/// How long an idle connection stays open: longer than any pause of a busy bot, so that its next order does not
/// meet a connection that is just closing.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long the end of a connection may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How much of an answer is written ahead, in bytes: each of the connections may have as much and one part more.
const WRITE_BUFFER: usize = 8 * 1024;
/// Connections that wait in the kernel to be accepted; it may allow fewer. Each costs it little, and the keeper nothing.
const QUEUE: i32 = 1_024;
/// Connections that are accepted and wait for another one to make room.
const SPARE: usize = 64;

/// Binds the listener; it serves once the returned server is polled. Also gives the address it has, which
/// differs from the one asked for when that had port 0.
pub fn listen(
    addr: SocketAddr,
    key: impl Into<GatewayKey>,
    backend: Arc<dyn Backend>,
) -> std::io::Result<(Server, SocketAddr)> {
    let front = Front {
        control: None,
        keys: None,
        metrics: Metrics::new(),
        feed: JournalSignal::default(),
        feeds: Hub::default(),
        public_url: None,
        trusted_proxies: vec![],
        app_id: None,
        memory: Memory::default(),
        secrets: Redactor::default(),
        set_up: None,
    };
    listen_with(addr, key, backend, front)
}

/// The same, with a status page that acts and with numbers and news from the whole keeper.
pub fn listen_with(
    addr: SocketAddr,
    key: impl Into<GatewayKey>,
    backend: Arc<dyn Backend>,
    front: Front,
) -> std::io::Result<(Server, SocketAddr)> {
    let listener = bind(addr)?;
    let bound = listener.local_addr()?;
    let connections = Connections::new(descriptors::connections(), front.trusted_proxies.clone());
    let holders = connections.clone();
    front.memory.relieved_by(move || holders.relieve());
    let gate = web::Data::new(Gate::new(settings(bound, key.into(), &backend, &front)));
    let (seats, memory) = (web::Data::new(events::Seats::default()), web::Data::new(front.memory.clone()));
    let (backend, front) = (web::Data::from(backend), web::Data::new(front));
    let shared = web::Data::new(Shared::<Status>::default());
    let pages = pages::State::default();
    let most = descriptors::connections();
    let places = web::Data::new(Places::new(most));
    let wishes = web::Data::new(feed::Wishes::default());
    let serve = move || {
        let app = App::new()
            .wrap(from_fn(body::read_first))
            .wrap(from_fn(pages::for_people))
            .wrap(from_fn(is_meant))
            .wrap(headers())
            .app_data(gate.clone())
            .app_data(backend.clone())
            .app_data(front.clone())
            .app_data(seats.clone())
            .app_data(memory.clone())
            .app_data(shared.clone())
            .app_data(places.clone())
            .app_data(wishes.clone())
            .configure(problems)
            .configure(|config| pages.configure(config))
            .configure(routes);
        let app = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
        let http = HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_LIMIT)
            .client_disconnect_timeout(CLOSE_LIMIT)
            .h1_write_buffer_size(WRITE_BUFFER)
            .local_addr(bound)
            .on_connect_ext(|io: &Readable<Guarded>, data| {
                data.insert(io.get_ref().connection());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        let connections = connections.clone();
        fn_service(move |stream: TcpStream| {
            let admitted = connections.admit(stream).map(|(guarded, peer)| (Readable::new(guarded), peer));
            ready(admitted.ok_or(DispatchError::DisconnectTimeout))
        })
        .and_then(http)
    };
    let server = Server::build()
        .workers(1)
        .max_concurrent_connections(most + SPARE)
        .disable_signals()
        .shutdown_timeout(1)
        .listen("http", listener, serve)?
        .run();
    Ok((server, bound))
}

/// As the standard library does it, but for the queue: there it has 128 places, and where it is full the kernel drops who
/// knocks, a health check as well as a stranger, for a second or more.
fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(QUEUE)?;
    Ok(socket.into())
}

fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((CACHE_CONTROL, "no-store"))
        .add(("Referrer-Policy", "no-referrer"))
        .add(("X-Content-Type-Options", "nosniff"))
}

fn settings(bound: SocketAddr, key: GatewayKey, backend: &Arc<dyn Backend>, front: &Front) -> Settings {
    let (backend, metrics) = (Arc::clone(backend), Arc::clone(&front.metrics));
    Settings {
        key,
        keys: front.keys.as_ref().map(|keys| keys.shared()).unwrap_or_default(),
        listens_on_loopback: bound.ip().is_loopback(),
        port: bound.port(),
        public_url: front.public_url.clone(),
        trusted_proxies: front.trusted_proxies.clone(),
        on_wrong_key: Box::new(move |WrongKey { entrance, client, tell }| {
            metrics.wrong_key(entrance.slug());
            if let Some(count) = tell {
                backend.report(Event::WrongKeys { client: client.to_string(), count });
            }
        }),
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(health::routes)
        .configure(keys::routes)
        .configure(orders::routes)
        .configure(account::routes)
        .configure(events::routes)
        .configure(feed::routes)
        .configure(gateway::routes)
        .default_service(web::to(pages::nothing_here));
}
