//! Smart orders (section 3.24): they can be placed, paused and cancelled, and are never executed.

use serde_json::{Value, json};

use crate::broker::ApiError;
use crate::http::{Request, Response};
use crate::state::World;

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

/// `POST /smart-order/{step,limit,trail,sip}`.
pub(super) fn smart_order(world: &mut World, request: &Request) -> Response {
    let order = body(request);
    if world.market.price(order["symbol"].as_str().unwrap_or_default()).is_none() {
        return Response::error(400, -50, "The symbol entered is invalid.");
    }
    if order["qty"].as_i64().is_none_or(|qty| qty <= 0) || !matches!(order["side"].as_i64(), Some(1 | -1)) {
        return ApiError::InvalidInput.response();
    }
    let id = uuid::Uuid::new_v4().to_string();
    world.book.conditional.smart.insert(id.clone(), order);
    accepted("place", &id)
}

/// `PATCH /smart-order/{modify,pause,resume}` and `DELETE /smart-order/cancel`.
pub(super) fn smart_change(world: &mut World, request: &Request, what: &str) -> Response {
    let id = body(request)["flowId"].as_str().unwrap_or_default().to_owned();
    if !world.book.conditional.smart.contains_key(&id) {
        return ApiError::InvalidInput.response();
    }
    if what == "cancel" {
        world.book.conditional.smart.remove(&id);
    }
    accepted(what, &id)
}

fn accepted(what: &str, id: &str) -> Response {
    let message = format!("Request sent successfully to {what} smart order");
    Response::ok(&json!({"code": 200, "message": message, "s": "ok", "id": id}))
}

/// `GET /smart-order/orderbook`.
pub(super) fn smart_book(world: &World) -> Response {
    let rows: Vec<Value> = world
        .book
        .conditional
        .smart
        .iter()
        .map(|(id, order)| {
            let mut row = order.clone();
            row["flowId"] = json!(id);
            row
        })
        .collect();
    Response::ok(&json!({"s": "ok", "code": 200, "message": "", "orderBook": rows}))
}
