//! Several at once: baskets of orders, exits and conversions of positions (sections 3.10, 3.13, 3.14).

use serde_json::{Value, json};

use super::orders;
use crate::broker::ApiError;
use crate::http::{Request, Response};
use crate::state::World;

/// The most orders in one call.
const MOST: usize = 10;

/// One of a basket, as if it had come alone.
type One = fn(&mut World, &Request) -> Response;

fn alone(request: &Request, body: &Value) -> Request {
    Request { body: body.to_string().into_bytes(), ..request.clone() }
}

/// `POST`, `PATCH` and `DELETE` of `/multi-order/sync`: an array, answered element by element.
pub(super) fn basket(world: &mut World, request: &Request, one: One) -> Response {
    let elements = serde_json::from_slice::<Vec<Value>>(&request.body).unwrap_or_default();
    if elements.is_empty() || elements.len() > MOST {
        return ApiError::InvalidInput.response();
    }
    let mut rows = vec![];
    for element in elements {
        let reply = one(world, &alone(request, &element));
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let words = if reply.status == 200 { "HTTP OK" } else { "Bad Request" };
        rows.push(json!({"statusCode": reply.status, "body": body, "statusDescription": words}));
    }
    Response::ok(&json!({"s": "ok", "code": 200, "message": "", "data": rows}))
}

/// `DELETE /positions`: market orders that close all positions, or those that are named. With `pending_orders_cancel` what
/// waits in their symbols is cancelled before.
pub(super) fn exit(world: &mut World, request: &Request) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let ids: Vec<String> = match &body["id"] {
        Value::String(id) => vec![id.clone()],
        Value::Array(ids) => ids.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
        _ => vec![],
    };
    let all = body["exit_all"] == 1 || body["segment"].is_array() || body["pending_orders_cancel"] == 1;
    if ids.is_empty() && !all {
        return ApiError::InvalidInput.response();
    }
    let is_meant =
        |symbol: &str, product: &str| ids.is_empty() || ids.contains(&format!("{symbol}-{product}"));
    if body["pending_orders_cancel"] == 1 {
        orders::cancel_waiting(world, is_meant);
    }
    let mut closing = world.book.open_positions();
    closing.retain(|(symbol, product, _)| is_meant(symbol, product));
    if closing.is_empty() {
        return Response::error(400, -352, "Looks like you have no open positions.");
    }
    for (symbol, product, net) in closing {
        let order = json!({"symbol": symbol, "qty": net.abs(), "type": 2, "side": -net.signum(),
            "productType": product, "limitPrice": 0, "stopPrice": 0, "validity": "DAY", "disclosedQty": 0,
            "offlineOrder": false});
        let refused = orders::place(world, &alone(request, &order));
        if refused.status != 200 {
            return refused;
        }
    }
    Response::ok(&json!({"s": "ok", "code": 200, "message": "The position is closed."}))
}

/// `POST /positions`: another product for a position.
pub(super) fn convert(world: &mut World, request: &Request) -> Response {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
        return ApiError::InvalidInput.response();
    };
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (from, to, symbol) = (text("convertFrom"), text("convertTo"), text("symbol"));
    let quantity = body["convertQty"].as_i64().unwrap_or_default();
    let symbol = symbol.strip_suffix(&format!("-{from}")).unwrap_or(&symbol);
    let convertible = |product: &str| matches!(product, "INTRADAY" | "MARGIN");
    if !convertible(&from) || !convertible(&to) {
        let message = format!("You cannot convert {from} position to INTRADAY / MARGIN.");
        return Response::error(400, -50, &message);
    }
    if quantity <= 0 || !world.book.convert(symbol, &from, &to, quantity) {
        return Response::error(400, -53, "Invalid position id");
    }
    Response::ok(&json!({"s": "ok", "code": 200, "message": "Position Converted Successfully!!",
        "positionDetails": 1101}))
}
