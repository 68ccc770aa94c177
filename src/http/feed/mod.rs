//! Sockets for bots: FYERS' own data socket and order socket, and a plain JSON one (docs/feeds.md).
//!
//! What bots follow and are sent is decided in `keeper_domain::feeds`; in here is the WebSocket side. A connection is one
//! stream: it is asked for bytes when the network has room for them, so a bot that does not read costs what it follows
//! and no more.

mod entry;
mod hsm;
mod incoming;
mod orders;
mod plain;
mod socket;
pub(super) mod symbol_token;
mod wishes;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::RETRY_AFTER,
    middleware::{Next, from_fn},
    web,
};
use keeper_domain::{feeds::door::Door, mode::Mode, routing::Venue};

use crate::http::{
    access::Gate,
    backend::{Backend, Front},
    limits::connections::Connection,
    reply::mark,
};
use entry::Entry;
pub(super) use wishes::Wishes;

/// Sockets at once; more than any account has bots.
const MOST: usize = 128;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/hsm/v1-5/prod").wrap(from_fn(marked)).get(data))
        .service(web::resource("/trade/v3").wrap(from_fn(marked)).get(order_updates))
        .service(web::resource("/feed").wrap(from_fn(marked)).get(feed));
}

/// An answer to a handshake has the headers of every other answer to a bot, whether the socket opens or not. No order goes
/// through it.
async fn marked(
    backend: web::Data<dyn Backend>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    mark(response.headers_mut(), backend.shown_mode(), Venue::None);
    Ok(response)
}

/// The key comes in the first message, as FYERS has it.
async fn data(
    request: HttpRequest,
    payload: web::Payload,
    gate: web::Data<Gate>,
    (front, wishes): (web::Data<Front>, web::Data<Wishes>),
) -> HttpResponse {
    let key = Entry::of(&request, &gate, None);
    open(&request, payload, (&front, &wishes), Door::Hsm, (key.ceiling(), hsm::HsmProtocol::new(key)))
}

/// The key is in the header; a wrong one is refused as FYERS does it.
async fn order_updates(
    request: HttpRequest,
    payload: web::Payload,
    gate: web::Data<Gate>,
    (front, wishes): (web::Data<Front>, web::Data<Wishes>),
) -> HttpResponse {
    match gate.admits_bot(&request) {
        Ok(bot) => {
            let key = Entry::of(&request, &gate, Some(bot));
            open(
                &request,
                payload,
                (&front, &wishes),
                Door::Orders,
                (key.ceiling(), orders::OrderProtocol::new(key)),
            )
        }
        Err(is_limited) => refused(is_limited),
    }
}

/// The key is in the header, or in the first message where a browser cannot set one.
async fn feed(
    request: HttpRequest,
    payload: web::Payload,
    gate: web::Data<Gate>,
    (front, wishes): (web::Data<Front>, web::Data<Wishes>),
) -> HttpResponse {
    let shows_key = request.headers().contains_key("authorization");
    match shows_key.then(|| gate.admits_bot(&request)) {
        Some(Err(is_limited)) => refused(is_limited),
        shown => {
            let (bot, is_known) = (shown.and_then(Result::ok), shows_key);
            let key = Entry::of(&request, &gate, bot);
            let ceiling = key.ceiling();
            let protocol = plain::PlainProtocol::new(key, is_known);
            open(&request, payload, (&front, &wishes), Door::Plain, (ceiling, protocol))
        }
    }
}

fn refused(is_limited: bool) -> HttpResponse {
    if is_limited {
        return HttpResponse::TooManyRequests().insert_header((RETRY_AFTER, 60)).finish();
    }
    HttpResponse::Forbidden().finish()
}

fn open<P: socket::Protocol>(
    request: &HttpRequest,
    payload: web::Payload,
    (front, wishes): (&Front, &Wishes),
    door: Door,
    (ceiling, protocol): (Mode, P),
) -> HttpResponse {
    let open: usize = front.feeds.with(|feeds, _| Door::ALL.iter().map(|door| feeds.clients(*door)).sum());
    if open >= MOST {
        return HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, 5))
            .body("too many sockets are open\n");
    }
    let connection = request.conn_data::<Connection>().cloned();
    let cut = move || connection.iter().for_each(Connection::close);
    let seat = front.feeds.connect(door, ceiling, cut);
    socket::answer(request, payload, seat, (protocol, &front.memory, wishes))
}
