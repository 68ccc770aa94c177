//! The FYERS side: which path leads where.

mod account;
pub(crate) mod auth;
mod book;
pub(crate) mod errors;
pub(crate) mod market;
pub(crate) mod orders;
pub(crate) mod tokens;
mod wire;

pub(crate) use book::Book;
use errors::ApiError;

use crate::http::{Reply, Request};
use crate::world::World;

/// Answers one request to the FYERS port.
pub(crate) fn handle(world: &mut World, request: &Request) -> Reply {
    if let Some(path) = request.path.strip_prefix("/api/v3/") {
        api(world, request, path)
    } else if let Some(path) = request.path.strip_prefix("/data/") {
        data(world, request, path)
    } else {
        not_found()
    }
}

fn api(world: &mut World, request: &Request, path: &str) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", "generate-authcode") => return auth::generate_authcode(world, request),
        ("POST", "validate-authcode") => return auth::validate_authcode(world, request),
        ("POST", "validate-refresh-token") => return auth::validate_refresh_token(world, request),
        ("POST", "logout") => return auth::logout(world, request),
        _ => {}
    }
    if let Err(refusal) = auth::authorize(world, request, ApiError::NotAuthenticated) {
        return refusal;
    }
    match (request.method.as_str(), path) {
        ("GET", "profile") => account::profile(world),
        ("GET", "funds") => account::funds(world),
        ("GET", "holdings") => account::holdings(world),
        ("GET", "orders") => orders::order_book(world, request),
        ("GET", "positions") => orders::positions(world),
        ("GET", "tradebook") => orders::trade_book(world, request),
        ("POST", "orders/sync") => orders::place(world, request),
        ("PATCH", "orders/sync") => orders::modify(world, request),
        ("DELETE", "orders/sync") => orders::cancel(world, request),
        _ => not_found(),
    }
}

fn data(world: &World, request: &Request, path: &str) -> Reply {
    if let Err(refusal) = auth::authorize(world, request, ApiError::DataTokenInvalid) {
        return refusal;
    }
    match (request.method.as_str(), path) {
        ("GET", "quotes") => market::quotes(world, request),
        ("GET", "depth") => market::depth(world, request),
        ("GET", "marketStatus") => market::market_status(world),
        _ => not_found(),
    }
}

/// The contract says 404 and nothing about the body.
fn not_found() -> Reply {
    Reply::text(404, "text/plain; charset=utf-8", "404 page not found\n")
}
