//! Orders of several legs, orders answered before they are done, and what an order would need (sections 3.11,
//! 3.12, 3.17).

use serde_json::{Value, json};

use super::orders;
use super::requests::{MultiLeg, MultiLegOrder};
use crate::broker::ApiError;
use crate::broker::quantity;
use crate::broker::round2;
use crate::http::{Request, Response};
use crate::state::World;

/// Margin of futures and options as a share of their value.
const MARGIN_SHARE: f64 = 0.2;

/// `POST /multileg/orders/sync`.
pub(super) fn multi_leg(world: &mut World, request: &Request) -> Response {
    let Ok(order) = serde_json::from_slice::<MultiLegOrder>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let wanted: &[&str] = match order.order_type.as_str() {
        "2L" => &["leg1", "leg2"],
        "3L" => &["leg1", "leg2", "leg3"],
        _ => return ApiError::InvalidInput.response(),
    };
    let product = matches!(order.product_type.as_str(), "INTRADAY" | "MARGIN");
    if !product
        || order.validity != "IOC"
        || !order.legs.keys().map(String::as_str).eq(wanted.iter().copied())
    {
        return ApiError::InvalidInput.response();
    }
    if let Some(message) = fault(world, &order.legs.values().collect::<Vec<_>>()) {
        return Response::error(400, 400, message);
    }
    let mut first = None;
    for leg in order.legs.values() {
        let placed = orders::place(world, &alone(request, &leg_as_order(&order, leg)));
        if placed.status != 200 {
            return placed;
        }
        first = first.or(Some(placed));
    }
    first.unwrap_or_else(|| ApiError::InvalidInput.response())
}

/// The rules on legs; their code is positive (section 6.1).
fn fault(world: &World, legs: &[&MultiLeg]) -> Option<&'static str> {
    let derivative = |leg: &&&MultiLeg| ["FUT", "CE", "PE"].iter().any(|end| leg.symbol.ends_with(end));
    let mut symbols: Vec<&str> = legs.iter().map(|leg| leg.symbol.as_str()).collect();
    symbols.sort_unstable();
    symbols.dedup();
    if legs.iter().filter(derivative).count() < legs.len()
        || legs.iter().any(|leg| world.market.price(&leg.symbol).is_none())
    {
        return Some("Only NFO symbols are allowed");
    }
    (symbols.len() < legs.len()).then_some("You cannot add same symbol for two legs.")
}

fn leg_as_order(order: &MultiLegOrder, leg: &MultiLeg) -> Value {
    let mut body = json!({"symbol": leg.symbol, "qty": leg.qty, "type": leg.kind, "side": leg.side,
        "productType": order.product_type, "limitPrice": leg.limit_price, "stopPrice": 0, "validity": order.validity,
        "disclosedQty": 0, "offlineOrder": order.offline_order});
    if let Some(tag) = &order.order_tag {
        body["orderTag"] = json!(tag);
    }
    body
}

fn alone(request: &Request, body: &Value) -> Request {
    Request { body: body.to_string().into_bytes(), ..request.clone() }
}

/// `/orders/async`: done at once here, but answered as FYERS answers, without an order id.
pub(super) fn queued(
    world: &mut World,
    request: &Request,
    one: fn(&mut World, &Request) -> Response,
) -> Response {
    let reply = one(world, request);
    if reply.status != 200 {
        return reply;
    }
    let id = uuid::Uuid::new_v4().to_string();
    Response::ok(&json!({"s": "ok", "code": 1101, "message": "Order queued successfully.", "id_fyers": id}))
}

/// `POST /multiorder/margin`.
pub(super) fn margin(world: &World, request: &Request) -> Response {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let Some(orders) = body["data"].as_array().filter(|orders| !orders.is_empty()) else {
        return ApiError::InvalidInput.response();
    };
    let mut needed = 0.0;
    for order in orders {
        let symbol = order["symbol"].as_str().unwrap_or_default();
        let (Some(ltp), Some(qty)) = (world.market.price(symbol), order["qty"].as_i64()) else {
            return Response::error(400, -310, "Please provide valid symbols");
        };
        needed += quantity(qty.abs()) * ltp * MARGIN_SHARE;
    }
    let available = world.account.capital + world.book.realized() - world.book.blocked();
    Response::ok(&json!({"code": 200, "message": "", "s": "ok", "data": {"margin_avail": round2(available),
        "margin_total": round2(needed), "margin_new_order": round2(needed)}}))
}
