//! The envelope of every Bot API answer.

use serde_json::{Value, json};

use crate::http::Response;

/// A method's result, or HTTP status and description.
pub(super) type MethodResult<T = Value> = Result<T, (u16, String)>;

/// HTTP 400 with Telegram's prefix.
pub(super) fn bad<T>(what: &str) -> MethodResult<T> {
    Err((400, format!("Bad Request: {what}")))
}

/// `{"ok":true,"result":...}`
pub(super) fn ok(result: &Value) -> Response {
    Response::ok(&json!({"ok": true, "result": result}))
}

/// `{"ok":false,...}`
pub(crate) fn error(status: u16, description: &str) -> Response {
    Response::json(status, &json!({"ok": false, "error_code": status, "description": description}))
}

/// HTTP 400 for a group that became a supergroup.
pub(super) fn moved(to: i64) -> Response {
    let description = "Bad Request: group chat was upgraded to a supergroup chat";
    let parameters = json!({"migrate_to_chat_id": to});
    let body = json!({"ok": false, "error_code": 400, "description": description, "parameters": parameters});
    Response::json(400, &body)
}

/// HTTP 429 as Telegram words it.
pub(crate) fn too_many_requests(retry_after: u64) -> Response {
    let description = format!("Too Many Requests: retry after {retry_after}");
    let parameters = json!({"retry_after": retry_after});
    let body = json!({"ok": false, "error_code": 429, "description": description, "parameters": parameters});
    Response::json(429, &body)
}
