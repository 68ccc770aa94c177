//! Price alerts (section 3.24): they can be created, changed and deleted, and are never triggered.

use serde_json::{Value, json};

use crate::broker::ApiError;
use crate::http::{Request, Response};
use crate::state::World;

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap_or_default()
}

fn done(code: i64, message: &str) -> Response {
    Response::ok(&json!({"s": "ok", "code": code, "message": message}))
}

/// `GET`, `POST`, `PUT` and `DELETE` of `/price-alert`, and `PUT /toggle-alert`.
pub(super) fn alert(world: &mut World, request: &Request) -> Response {
    let alert = body(request);
    let id = alert["alertId"].as_str().unwrap_or_default().to_owned();
    let known = world.book.conditional.alerts.contains_key(&id);
    match request.method.as_str() {
        "GET" => Response::ok(
            &json!({"s": "ok", "code": 200, "message": "", "data": world.book.conditional.alerts}),
        ),
        "POST" => {
            let named = ["agent", "alert-type", "name", "symbol", "comparisonType", "condition", "value"];
            if named.iter().any(|field| alert[field].is_null()) {
                return ApiError::InvalidInput.response();
            }
            let id = uuid::Uuid::new_v4().to_string();
            world.book.conditional.alerts.insert(id, alert);
            done(120, "Alert created successfully")
        }
        _ if !known => ApiError::InvalidInput.response(),
        "DELETE" => {
            world.book.conditional.alerts.remove(&id);
            done(121, "Alert deleted successfully")
        }
        _ => done(123, "Alert updated successfully"),
    }
}
