//! The gateway: FYERS' interface for bots that hold the gateway key instead of a FYERS token.
//!
//! A request is stripped to what FYERS needs to know and handed to the backend, which brings it to where the mode
//! says. What comes back is passed on as it is, with two headers that say where it comes from. What the gateway
//! says itself has FYERS' shape, so that a bot reads it like any other answer.

mod incoming;
mod login_code;
mod long_body;
mod refusal;

pub(super) use incoming::discard;

use std::time::{Duration, Instant};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web,
};
use fyers_api::{
    http::{ApiRequest, Surface},
    operation::Operation,
};
use keeper_actors::exchange::messages::Forwarded;
use keeper_domain::{
    disclosure::texts,
    keys::{BotName, KEY_LIMIT_HEADER},
    mode::ShownMode,
    places::PlaceKind,
    routing::{Venue, path},
};

use crate::http::{
    access::Gate,
    backend::{Backend, Front},
    feed::symbol_token,
    limits::{
        answer::{held, with_room},
        connections::Connection,
        places::{Holder, Places},
    },
    reply::mark,
};
use crate::memory::Share;
use tokio::time::sleep;

use refusal::Refusal;

/// How long a read that finds no place waits for its answer.
const REFUSED_READ: Duration = Duration::from_secs(1);

pub(super) fn routes(config: &mut web::ServiceConfig) {
    // A scope is found by its prefix; a pattern for the rest would be a regular expression for every request.
    for place in ["/api/v3", "/data"] {
        config.service(web::scope(place).default_service(web::to(carry)));
    }
}

async fn carry(
    request: HttpRequest,
    payload: web::Payload,
    gate: web::Data<Gate>,
    backend: web::Data<dyn Backend>,
    front: web::Data<Front>,
    places: web::Data<Places>,
) -> HttpResponse {
    let began = Instant::now();
    let (response, mode, bot) = answered(&request, payload, &gate, (&backend, &front, &places)).await;
    let bot = bot.as_ref().map(BotName::as_str);
    front.metrics.gateway((mode, bot), request.path(), response.status().as_u16(), began.elapsed());
    response
}

/// The answer, and the mode it was handled in: none for a request that was refused at the door.
async fn answered(
    request: &HttpRequest,
    payload: web::Payload,
    gate: &Gate,
    (backend, front, places): (&web::Data<dyn Backend>, &Front, &Places),
) -> (HttpResponse, Option<ShownMode>, Option<BotName>) {
    let shown = backend.shown_mode();
    let refused = |refusal: Refusal, surface, path: &str| {
        let venue = if refusal == Refusal::NoAnswer { Venue::Unknown } else { Venue::None };
        (marked(refusal.answer(surface, path), shown, venue), None, None)
    };
    // The route was chosen by a decoded path; what counts here is how it was written.
    let Some((surface, path)) = path::split(request.uri().path()) else {
        return refused(Refusal::OddPath, Surface::Api, "");
    };
    if login_code::is(request, surface, path) {
        return match login_code::answer(request, payload, gate, front.app_id.as_deref()).await {
            Ok(answer) => (marked(answer, shown, Venue::None), None, None),
            Err(refusal) => refused(refusal, surface, path),
        };
    }
    let call = match admit(request, surface, path, gate) {
        Ok(bot) => incoming::call(request, payload, surface, path).await.map(|call| (call, bot)),
        Err(refusal) => {
            incoming::discard(payload).await;
            Err(refusal)
        }
    };
    // Whoever waits for the answer to an order must not lose it because others open connections.
    let connection = request.conn_data::<Connection>().filter(|_| call.is_ok());
    let _answering = connection.map(|connection| connection.answering(request.method()));
    match call {
        Ok(((call, _held), bot)) => {
            let operation = Operation::of(&call);
            let trades = operation.trades();
            if trades && holds_a_secret(&call, front) {
                let (answer, ..) = refused(Refusal::SecretText, surface, path);
                return (answer, None, Some(bot));
            }
            let kind = if trades { PlaceKind::Change } else { PlaceKind::Read };
            let Some(_place) = places.take(Holder::Key(bot.clone()), kind) else {
                front.metrics.place_refused(bot.as_str());
                if kind == PlaceKind::Read {
                    // Told at once, it would come again at once: hundreds of connections that are told no cost as much as
                    // hundreds that are served.
                    sleep(REFUSED_READ).await;
                }
                let (answer, ..) = refused(Refusal::NoPlace(kind), surface, path);
                return (answer, None, Some(bot));
            };
            match backend.forward(call, bot.clone()).await {
                Some(mut forwarded) => {
                    if let Some(limit) = key_limit(&forwarded) {
                        front.metrics.key_refused(bot.as_str(), limit, operation.kind());
                    }
                    if symbol_token::is_one(surface, path) {
                        symbol_token::learn(&front.feeds, forwarded.venue, &mut forwarded.answer);
                    }
                    let (shown, mut room) = (shown_of(&forwarded, shown), front.memory.for_answer());
                    // Whoever reads an answer slowly holds it for long. The answer to an order is never turned away.
                    if !room.find_room(forwarded.answer.body.len()).await && !trades {
                        return refused(Refusal::NoRoom, surface, path);
                    }
                    (answer(forwarded, (shown, room), backend), Some(shown), Some(bot))
                }
                None => refused(Refusal::NoAnswer, surface, path),
            }
        }
        Err(refusal) => refused(refusal, surface, path),
    }
}

/// Which limit of the bot's key has refused it here.
fn key_limit(forwarded: &Forwarded) -> Option<&str> {
    let mut headers = forwarded.answer.headers.iter().filter(|_| forwarded.venue == Venue::None);
    headers.find(|(name, _)| name == KEY_LIMIT_HEADER).and_then(|(_, limit)| std::str::from_utf8(limit).ok())
}

/// Whatever an order says is shown by books, logs and alerts.
fn holds_a_secret(call: &ApiRequest, front: &Front) -> bool {
    let shown = texts(&call.body);
    let shown = shown.iter().chain([&call.path, &call.query]);
    shown.into_iter().any(|text| front.secrets.finds(text))
}

/// Whether the request may come in at all, by its head. The session's own calls come without a key, and whoever
/// makes them should hear why they do not work here.
fn admit(request: &HttpRequest, surface: Surface, path: &str, gate: &Gate) -> Result<BotName, Refusal> {
    if path::is_about_the_session(path) {
        return Err(Refusal::Session);
    }
    let bot = gate
        .admits_bot(request)
        .map_err(|is_limited| if is_limited { Refusal::TooManyKeys } else { Refusal::Key })?;
    if path::is_plain(surface, path) { Ok(bot) } else { Err(Refusal::OddPath) }
}

/// Whoever died over a request has not told its mode: the one that is shown to everybody is as near as can be known.
fn shown_of(forwarded: &Forwarded, now: ShownMode) -> ShownMode {
    if forwarded.venue == Venue::Unknown { now } else { forwarded.shown() }
}

/// The answer as it came, and where it comes from. It has its room until it is written.
fn answer(
    forwarded: Forwarded,
    (shown, room): (ShownMode, Share),
    backend: &web::Data<dyn Backend>,
) -> HttpResponse {
    let Forwarded { venue, answer, rest, .. } = forwarded;
    let mut response =
        HttpResponse::new(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY));
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(&value)) {
            headers.append(name, value);
        }
    }
    let response = match rest {
        None => response.set_body(held(answer.body, room)),
        Some(rest) => {
            let beginning = with_room(answer.body, room);
            response.set_body(long_body::stream(beginning, rest, backend.clone())).map_into_boxed_body()
        }
    };
    marked(response, shown, venue)
}

/// The two headers that every answer has.
fn marked(mut response: HttpResponse, shown: ShownMode, venue: Venue) -> HttpResponse {
    mark(response.headers_mut(), shown, venue);
    response
}
