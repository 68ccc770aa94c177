//! What a fault does to an HTTP request.

use serde_json::{Value, json};

use crate::faults::Fault;
use crate::http::Response;
use crate::state::Service;
use crate::telegram::{error as telegram_error, too_many_requests};

/// What happens to a request instead of its normal response.
pub(crate) enum Plan {
    /// This response; the request has no effect.
    Instead(Response),
    /// The normal response after a wait.
    After(std::time::Duration),
    /// The normal response, changed.
    Changed(fn(Response) -> Response),
    /// The request has its effect, and this is the response.
    Replaced(Response),
    /// The normal response, cut off half-way.
    Cut,
    /// The normal response, never sent: the connection is reset.
    Lost,
    /// The normal response, never sent; the connection stays open.
    Held,
    /// No response: the connection is reset.
    Reset,
    /// No response at all; the connection stays open.
    Hang,
    /// The normal response; on a WebSocket the fault applies to the messages that follow.
    Frames(Fault),
}

/// Turns a fault into a plan.
pub(crate) fn plan(fault: Fault, service: Service) -> Plan {
    match fault {
        Fault::Pass => Plan::After(std::time::Duration::ZERO),
        Fault::Latency { ms } => Plan::After(std::time::Duration::from_millis(ms)),
        Fault::Hang => Plan::Hang,
        Fault::Reset => Plan::Reset,
        Fault::LostAnswer => Plan::Lost,
        Fault::HeldAnswer => Plan::Held,
        Fault::Truncated => Plan::Cut,
        Fault::WrongTypes => Plan::Changed(wrong_types),
        Fault::Answered { status, body } => Plan::Replaced(Response::json(status, &body)),
        Fault::Unacknowledged => Plan::Changed(unacknowledged),
        Fault::Html { status } => Plan::Instead(html(status)),
        Fault::EmptyBody { status } => Plan::Instead(Response::text(status, "application/json", "")),
        Fault::Oversized { bytes } => Plan::Instead(oversized(bytes, service)),
        Fault::Json { status, body } => Plan::Instead(Response::json(status, &body)),
        Fault::RateLimited { retry_after } => Plan::Instead(rate_limited(retry_after, service)),
        Fault::Redirect { location } => Plan::Instead(Response::redirect(location)),
        Fault::ErrorWith200 { code, message } => Plan::Instead(Response::error(200, code, &message)),
        Fault::Error { error } => Plan::Instead(error.response()),
        frames @ (Fault::Mute { .. }
        | Fault::HalfOpen { .. }
        | Fault::TornFrame { .. }
        | Fault::ShortFrame { .. }
        | Fault::SlowFrames { .. }
        | Fault::Disconnect { .. }
        | Fault::SymbolLimit { .. }) => Plan::Frames(frames),
        Fault::TelegramError { status, description } => Plan::Instead(telegram_error(status, &description)),
    }
}

/// A page like those of the edge in front of FYERS.
fn html(status: u16) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}: error</title></head>\n<body><center><h1>{status}</h1>\
         </center><hr><center>cloudflare</center></body></html>\n"
    );
    Response::text(status, "text/html; charset=UTF-8", &page)
}

fn oversized(bytes: usize, service: Service) -> Response {
    let padding = "x".repeat(bytes);
    Response::ok(&match service {
        Service::Fyers => json!({"s": "ok", "code": 200, "message": padding}),
        Service::Telegram => json!({"ok": true, "result": padding}),
    })
}

/// FYERS puts the wait into headers, Telegram into the body.
fn rate_limited(retry_after: u64, service: Service) -> Response {
    match service {
        Service::Telegram => too_many_requests(retry_after),
        Service::Fyers => Response::error(429, -429, "Request limit reached")
            .header("Retry-After", retry_after.to_string())
            .header("X-Retry-After-Ms", retry_after.saturating_mul(1000).to_string()),
    }
}

fn unacknowledged(mut reply: Response) -> Response {
    if let Ok(Value::Object(mut fields)) = serde_json::from_slice(&reply.body) {
        fields.insert("code".into(), json!(201));
        reply.body = Value::Object(fields).to_string().into_bytes();
    }
    reply
}

/// Changes the JSON type of every field except `s` and `ok`.
fn wrong_types(mut reply: Response) -> Response {
    if let Ok(Value::Object(mut fields)) = serde_json::from_slice(&reply.body) {
        for (name, value) in &mut fields {
            if name != "s" && name != "ok" {
                *value = other_type(value);
            }
        }
        reply.body = Value::Object(fields).to_string().into_bytes();
    }
    reply
}

fn other_type(value: &Value) -> Value {
    match value {
        Value::Number(_) => json!("two hundred"),
        Value::String(_) => json!(12345),
        Value::Bool(_) => json!("yes"),
        Value::Null => json!([]),
        Value::Array(_) | Value::Object(_) => json!("not what was expected"),
    }
}
