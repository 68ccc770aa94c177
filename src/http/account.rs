//! Positions, orders and money of the account that the mode names, for the command line, the chat and scripts.

use actix_web::{HttpResponse, http::header::RETRY_AFTER, web};
use keeper_domain::{keys::BotName, places::PlaceKind};
use serde::Serialize;

use crate::{
    account::{AccountPart, Money, Orders, Positions, Trouble, call, read},
    http::{
        access::Gate,
        backend::{Backend, Front},
        limits::places::{Holder, Place, Places},
        reply::json,
    },
};

/// An order book longer than this is not put together in memory for a person.
const MOST: usize = 4_000_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/positions").get(get_positions))
        .service(web::resource("/api/funds").get(get_funds))
        .service(web::resource("/api/orderbook").get(get_orders));
}

/// As whom the exchange is asked: a bot sees here what it sees at the gateway, a person the account.
fn reader(gate: &Gate) -> BotName {
    gate.bot_reader().cloned().unwrap_or_else(BotName::owner)
}

/// The positions, as the exchange tells them now.
pub(crate) async fn positions(
    backend: &dyn Backend,
    bot: BotName,
) -> Result<AccountPart<Positions>, Trouble> {
    let read = read(backend.forward(call("/positions"), bot).await, Positions::of);
    read.map(|account| account.beside(backend.open_at_fyers()))
}

/// The money.
pub(crate) async fn funds(backend: &dyn Backend, bot: BotName) -> Result<AccountPart<Money>, Trouble> {
    let read = read(backend.forward(call("/funds"), bot).await, Money::of);
    read.map(|account| account.beside(backend.open_at_fyers()))
}

/// The order book of today, newest first.
pub(crate) async fn orders(backend: &dyn Backend, bot: BotName) -> Result<AccountPart<Orders>, Trouble> {
    let too_long = || Trouble { problem: "the order book is too long to be shown here".to_owned() };
    let mut forwarded = backend.forward(call("/orders"), bot).await;
    if let Some(book) = &mut forwarded {
        while let Some(rest) = book.rest.take() {
            let rows = backend.next_rows(rest).await.ok_or_else(too_long)?;
            book.answer.body.extend(rows.bytes);
            book.rest = rows.rest;
            if book.answer.body.len() > MOST {
                return Err(too_long());
            }
        }
    }
    read(forwarded, Orders::of).map(|account| account.beside(backend.open_at_fyers()))
}

async fn get_positions(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    places: web::Data<Places>,
    front: web::Data<Front>,
) -> HttpResponse {
    in_a_place(&gate, (&places, &front), positions(backend.as_ref(), reader(&gate))).await
}

async fn get_funds(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    places: web::Data<Places>,
    front: web::Data<Front>,
) -> HttpResponse {
    in_a_place(&gate, (&places, &front), funds(backend.as_ref(), reader(&gate))).await
}

async fn get_orders(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    places: web::Data<Places>,
    front: web::Data<Front>,
) -> HttpResponse {
    in_a_place(&gate, (&places, &front), orders(backend.as_ref(), reader(&gate))).await
}

/// FYERS may be asked for it, which may take a while: until then whoever asks takes a place.
async fn in_a_place<T: Serialize>(
    gate: &Gate,
    (places, front): (&Places, &Front),
    read: impl Future<Output = Result<T, Trouble>>,
) -> HttpResponse {
    match place(gate, places, front) {
        Err(refusal) => *refusal,
        Ok(_place) => told(read.await),
    }
}

fn place(gate: &Gate, places: &Places, front: &Front) -> Result<Place, Box<HttpResponse>> {
    if let Some(refusal) = gate.refuse_reader() {
        return Err(refusal.into());
    }
    let holder = gate.holder();
    let name = match &holder {
        Holder::Key(bot) => bot.as_str().to_owned(),
        Holder::Client(_) => "none".to_owned(),
    };
    places.take(holder, PlaceKind::Read).ok_or_else(|| {
        front.metrics.place_refused(&name);
        let words = "too many requests of yours wait for their answers; try again in a moment\n";
        Box::new(HttpResponse::TooManyRequests().insert_header((RETRY_AFTER, "1")).body(words))
    })
}

fn told<T: Serialize>(account: Result<T, Trouble>) -> HttpResponse {
    match account {
        Ok(account) => json(HttpResponse::Ok(), &account),
        // Whoever asks must not take this for an empty account.
        Err(trouble) => json(HttpResponse::BadGateway(), &trouble),
    }
}
