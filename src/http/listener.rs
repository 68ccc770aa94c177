//! The listener: which routes there are and how connections are served.

use std::{net::SocketAddr, sync::Arc};

use actix_web::{App, dev::Server, middleware::from_fn, web};
use keeper_actors::hub::Hub;
use keeper_domain::event::Event;

use crate::http::{
    access::{Gate, GatewayKey, Settings, WrongKey, is_meant, note_asker},
    account,
    backend::{Backend, Front},
    door::{Door, bind, headers},
    events, feed, gateway, health,
    journal_signal::JournalSignal,
    keys,
    limits::{body, descriptors, places::Places},
    metrics::Metrics,
    orders, pages,
    reply::problems,
    shared::Shared,
};
use crate::{logging::Redactor, memory::Memory, status::Status};

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
    let most = descriptors::connections();
    let door = Door::new(most, front.trusted_proxies.clone());
    front.memory.relieved_by(door.relief());
    let gate = web::Data::new(Gate::new(settings(bound, key.into(), &backend, &front)));
    let (seats, memory) = (web::Data::new(events::Seats::default()), web::Data::new(front.memory.clone()));
    let (backend, front) = (web::Data::from(backend), web::Data::new(front));
    let shared = web::Data::new(Shared::<Status>::default());
    let pages = pages::State::default();
    let places = web::Data::new(Places::new(most));
    let wishes = web::Data::new(feed::Wishes::default());
    let application = move || {
        App::new()
            .wrap(from_fn(body::read_first))
            .wrap(from_fn(pages::for_people))
            .wrap(from_fn(is_meant))
            .wrap(from_fn(note_asker))
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
            .configure(routes)
    };
    let server = door.serve((listener, bound), application)?;
    Ok((server, bound))
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
        siblings: front.keys.as_ref().map(|keys| keys.signing()),
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
