//! Positions, orders and money of the account that the mode names, for the command line, the chat and scripts.

use actix_web::{HttpResponse, web};
use keeper_domain::keys::BotName;
use serde::Serialize;

use crate::{
    account::{AccountPart, Money, Orders, Positions, Trouble, call, read},
    http::{access::Gate, backend::Backend, reply::json},
};

/// An order book longer than this is not put together in memory for a person.
const MOST: usize = 4_000_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/api/positions").get(get_positions))
        .service(web::resource("/api/funds").get(get_funds))
        .service(web::resource("/api/orderbook").get(get_orders));
}

/// The positions, as the exchange tells them now.
pub(crate) async fn positions(backend: &dyn Backend) -> Result<AccountPart<Positions>, Trouble> {
    read(backend.forward(call("/positions"), BotName::owner()).await, Positions::of)
}

/// The money.
pub(crate) async fn funds(backend: &dyn Backend) -> Result<AccountPart<Money>, Trouble> {
    read(backend.forward(call("/funds"), BotName::owner()).await, Money::of)
}

/// The order book of today, newest first.
pub(crate) async fn orders(backend: &dyn Backend) -> Result<AccountPart<Orders>, Trouble> {
    let too_long = || Trouble { problem: "the order book is too long to be shown here".to_owned() };
    let mut forwarded = backend.forward(call("/orders"), BotName::owner()).await;
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
    read(forwarded, Orders::of)
}

async fn get_positions(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    match gate.refuse_reader() {
        Some(refusal) => refusal,
        None => told(positions(backend.as_ref()).await),
    }
}

async fn get_funds(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    match gate.refuse_reader() {
        Some(refusal) => refusal,
        None => told(funds(backend.as_ref()).await),
    }
}

async fn get_orders(gate: Gate, backend: web::Data<dyn Backend>) -> HttpResponse {
    match gate.refuse_reader() {
        Some(refusal) => refusal,
        None => told(orders(backend.as_ref()).await),
    }
}

fn told<T: Serialize>(account: Result<T, Trouble>) -> HttpResponse {
    match account {
        Ok(account) => json(HttpResponse::Ok(), &account),
        // Whoever asks must not take this for an empty account.
        Err(trouble) => json(HttpResponse::BadGateway(), &trouble),
    }
}
