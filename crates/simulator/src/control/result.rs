//! Parsing a control request and writing its result.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::Request;

/// The body of a successful control call, or HTTP status and message.
pub(super) type ControlResult = Result<Value, (u16, String)>;

pub(super) fn body<T: DeserializeOwned>(request: &Request) -> Result<T, (u16, String)> {
    serde_json::from_slice(&request.body).map_err(|error| (400, error.to_string()))
}

pub(super) fn shown<T: serde::Serialize>(value: &T) -> ControlResult {
    serde_json::to_value(value).map_err(|error| (500, error.to_string()))
}

pub(super) fn done() -> ControlResult {
    Ok(json!({"ok": true}))
}
