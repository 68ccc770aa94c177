//! Which path of the FYERS API leads to which handler.

use super::{
    account, alerts, auth, chain, gtt, history, market, multi_leg, multi_order, orders, reports,
    smart_orders, symbol_master, symbol_token,
};
use crate::broker::ApiError;
use crate::http::{Request, Response};
use crate::state::World;
use crate::{endpoint, login};

/// Answers one request to the FYERS port.
pub(crate) fn handle(world: &mut World, request: &Request) -> Response {
    if let Some(path) = request.path.strip_prefix("/api/v3/") {
        api(world, request, path)
    } else if let Some(path) = request.path.strip_prefix("/data/") {
        data(world, request, path)
    } else if request.path == endpoint::LOGIN || request.path.starts_with("/login/") {
        login::handle(world, request)
    } else if request.method == "GET" && request.path == endpoint::REDIRECT_PAGE {
        login::redirect_page(request)
    } else if request.method == "GET" && request.path == endpoint::INDEX_MAPPING {
        symbol_token::index_mapping()
    } else if let Some(file) = request.path.strip_prefix(endpoint::SYMBOL_MASTER) {
        symbol_master::file(world, file).unwrap_or_else(not_found)
    } else {
        not_found()
    }
}

fn api(world: &mut World, request: &Request, path: &str) -> Response {
    match (request.method.as_str(), path) {
        ("GET", "generate-authcode") => return auth::generate_authcode(world, request),
        ("POST", "validate-authcode") => return auth::validate_authcode(world, request),
        ("POST", "validate-refresh-token") => return auth::validate_refresh_token(world, request),
        ("POST", "logout") => return auth::logout(world, request),
        _ => {}
    }
    match auth::authorize(world, request, ApiError::NotAuthenticated) {
        Ok(fy_id) => world.seen_by(&fy_id, |world| account_call(world, request, path)),
        Err(refusal) => refusal,
    }
}

/// A call that the token in its header opened; the world shows the account of that token.
fn account_call(world: &mut World, request: &Request, path: &str) -> Response {
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
        ("POST", "multi-order/sync") => multi_order::basket(world, request, orders::place),
        ("PATCH", "multi-order/sync") => multi_order::basket(world, request, orders::modify),
        ("DELETE", "multi-order/sync") => multi_order::basket(world, request, orders::cancel),
        ("DELETE", "positions") => multi_order::exit(world, request),
        ("POST", "positions") => multi_order::convert(world, request),
        _ => conditional_call(world, request, path),
    }
}

fn conditional_call(world: &mut World, request: &Request, path: &str) -> Response {
    match (request.method.as_str(), path) {
        ("GET", "gtt/orders") => gtt::book(world),
        ("POST", "gtt/orders/sync") => gtt::place(world, request),
        ("PATCH", "gtt/orders/sync") => gtt::modify(world, request),
        ("DELETE", "gtt/orders/sync") => gtt::cancel(world, request),
        ("POST", "multileg/orders/sync") => multi_leg::multi_leg(world, request),
        ("POST", "orders/async") => multi_leg::queued(world, request, orders::place),
        ("PATCH", "orders/async") => multi_leg::queued(world, request, orders::modify),
        ("DELETE", "orders/async") => multi_leg::queued(world, request, orders::cancel),
        ("POST", "multiorder/margin") => multi_leg::margin(world, request),
        (_, "price-alert") | ("PUT", "toggle-alert") => alerts::alert(world, request),
        ("POST", "smart-order/step" | "smart-order/limit" | "smart-order/trail" | "smart-order/sip") => {
            smart_orders::smart_order(world, request)
        }
        ("PATCH", "smart-order/modify" | "smart-order/pause" | "smart-order/resume")
        | ("DELETE", "smart-order/cancel") => {
            smart_orders::smart_change(world, request, path.rsplit('/').next().unwrap_or_default())
        }
        ("GET", "smart-order/orderbook") => smart_orders::smart_book(world),
        ("GET", _) => reports::report(path, request).unwrap_or_else(not_found),
        _ => not_found(),
    }
}

fn data(world: &World, request: &Request, path: &str) -> Response {
    if (request.method.as_str(), path) == ("POST", "symbol-token") {
        return match auth::authorize_bare(world, request) {
            Ok(()) => symbol_token::symbol_token(world, request),
            Err(refusal) => refusal,
        };
    }
    let refusal = if path == "history" { ApiError::NotAuthenticated } else { ApiError::DataTokenInvalid };
    if let Err(refusal) = auth::authorize(world, request, refusal) {
        return refusal;
    }
    match (request.method.as_str(), path) {
        ("GET", "quotes") => market::quotes(world, request),
        ("POST", "quotes") => market::quotes_by_body(world, request),
        ("GET", "history") => history::history(world, request),
        ("GET", "options-chain-v3") => chain::option_chain(world, request),
        ("GET", "depth") => market::depth(world, request),
        ("GET", "marketStatus") => market::market_status(world),
        _ => not_found(),
    }
}

/// The contract says 404 and nothing about the body.
fn not_found() -> Response {
    Response::text(404, "text/plain; charset=utf-8", "404 page not found\n")
}
