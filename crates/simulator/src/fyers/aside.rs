//! What stands beside trading: reports, price alerts and smart orders (sections 3.23 and 3.24). The contract tells
//! little of them, and so does this: what it does not name is not played.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::ApiError;
use crate::http::{Reply, Request};
use crate::world::World;

/// The most rows of one page of a report.
const LARGEST_PAGE: u32 = 100;

/// What a person has set up: alerts and smart orders by their ids.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    alerts: BTreeMap<String, Value>,
    flows: BTreeMap<String, Value>,
}

/// The report of a path, if it is one.
pub(super) fn report(path: &str, request: &Request) -> Option<Reply> {
    let name = match path {
        "order-history" => "Order history",
        "trade-history" => "Trade history",
        "charges-history" => "Charges history",
        "realised-pnl-history" => "Realised P&L",
        "tax-pnl-history" => "Tax P&L",
        "ledger-history" => "Ledger",
        _ => return None,
    };
    let size = request.query("page_size").map_or(Ok(LARGEST_PAGE), str::parse::<u32>);
    if !size.is_ok_and(|size| (1..=LARGEST_PAGE).contains(&size)) {
        return Some(ApiError::InvalidInput.reply());
    }
    let message = format!("{name} report data fetched successfully");
    Some(Reply::ok(&json!({"s": "ok", "data": [], "total_count": 0, "message": message, "code": 200})))
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn said(code: i64, message: &str) -> Reply {
    Reply::ok(&json!({"s": "ok", "code": code, "message": message}))
}

/// `GET`, `POST`, `PUT` and `DELETE` of `/price-alert`, and `PUT /toggle-alert`.
pub(super) fn alert(world: &mut World, request: &Request) -> Reply {
    let alert = body(request);
    let id = alert["alertId"].as_str().unwrap_or_default().to_owned();
    let known = world.book.aside.alerts.contains_key(&id);
    match request.method.as_str() {
        "GET" => Reply::ok(&json!({"s": "ok", "code": 200, "message": "", "data": world.book.aside.alerts})),
        "POST" => {
            let named = ["agent", "alert-type", "name", "symbol", "comparisonType", "condition", "value"];
            if named.iter().any(|field| alert[field].is_null()) {
                return ApiError::InvalidInput.reply();
            }
            let id = uuid::Uuid::new_v4().to_string();
            world.book.aside.alerts.insert(id, alert);
            said(120, "Alert created successfully")
        }
        _ if !known => ApiError::InvalidInput.reply(),
        "DELETE" => {
            world.book.aside.alerts.remove(&id);
            said(121, "Alert deleted successfully")
        }
        _ => said(123, "Alert updated successfully"),
    }
}

/// `POST /smart-order/{step,limit,trail,sip}`.
pub(super) fn smart_order(world: &mut World, request: &Request) -> Reply {
    let order = body(request);
    if world.market.price(order["symbol"].as_str().unwrap_or_default()).is_none() {
        return Reply::error(400, -50, "The symbol entered is invalid.");
    }
    if order["qty"].as_i64().is_none_or(|qty| qty <= 0) || !matches!(order["side"].as_i64(), Some(1 | -1)) {
        return ApiError::InvalidInput.reply();
    }
    let id = uuid::Uuid::new_v4().to_string();
    world.book.aside.flows.insert(id.clone(), order);
    flow_said("place", &id)
}

/// `PATCH /smart-order/{modify,pause,resume}` and `DELETE /smart-order/cancel`.
pub(super) fn smart_change(world: &mut World, request: &Request, what: &str) -> Reply {
    let id = body(request)["flowId"].as_str().unwrap_or_default().to_owned();
    if !world.book.aside.flows.contains_key(&id) {
        return ApiError::InvalidInput.reply();
    }
    if what == "cancel" {
        world.book.aside.flows.remove(&id);
    }
    flow_said(what, &id)
}

fn flow_said(what: &str, id: &str) -> Reply {
    let message = format!("Request sent successfully to {what} smart order");
    Reply::ok(&json!({"code": 200, "message": message, "s": "ok", "id": id}))
}

/// `GET /smart-order/orderbook`.
pub(super) fn smart_book(world: &World) -> Reply {
    let rows: Vec<Value> = world
        .book
        .aside
        .flows
        .iter()
        .map(|(id, order)| {
            let mut row = order.clone();
            row["flowId"] = json!(id);
            row
        })
        .collect();
    Reply::ok(&json!({"s": "ok", "code": 200, "message": "", "orderBook": rows}))
}
