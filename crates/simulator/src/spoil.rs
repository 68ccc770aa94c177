//! Answers that faults put in the place of the true one, or make out of it.

use serde_json::{Value, json};

use crate::faults::Fault;
use crate::http::Reply;
use crate::telegram::wire::{error as telegram_error, too_many_requests};
use crate::world::Service;

/// What a fault does to a request.
pub(crate) enum Plan {
    /// This answer, and the request has no effect.
    Instead(Reply),
    /// The true answer after a wait.
    After(std::time::Duration),
    /// The true answer, changed.
    Changed(fn(Reply) -> Reply),
    /// The true answer, cut off half-way.
    Cut,
    /// The true answer, never sent: the connection is reset.
    Lost,
    /// No answer: the connection is reset.
    Reset,
    /// No answer at all.
    Hang,
}

/// Turns a fault into a plan.
pub(crate) fn plan(fault: Fault, service: Service) -> Plan {
    match fault {
        Fault::Pass => Plan::After(std::time::Duration::ZERO),
        Fault::Latency { ms } => Plan::After(std::time::Duration::from_millis(ms)),
        Fault::Hang => Plan::Hang,
        Fault::Reset => Plan::Reset,
        Fault::LostAnswer => Plan::Lost,
        Fault::Truncated => Plan::Cut,
        Fault::WrongTypes => Plan::Changed(wrong_types),
        Fault::Unacknowledged => Plan::Changed(unacknowledged),
        Fault::Html { status } => Plan::Instead(html(status)),
        Fault::EmptyBody { status } => Plan::Instead(Reply::text(status, "application/json", "")),
        Fault::Oversized { bytes } => Plan::Instead(oversized(bytes, service)),
        Fault::Json { status, body } => Plan::Instead(Reply::json(status, &body)),
        Fault::RateLimited { retry_after } => Plan::Instead(rate_limited(retry_after, service)),
        Fault::Redirect { location } => Plan::Instead(Reply::redirect(location)),
        Fault::ErrorWith200 { code, message } => Plan::Instead(Reply::error(200, code, &message)),
        Fault::Error { error } => Plan::Instead(error.reply()),
        Fault::TelegramError { status, description } => Plan::Instead(telegram_error(status, &description)),
    }
}

/// A page in the manner of the edge in front of FYERS.
fn html(status: u16) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}: error</title></head>\n<body><center><h1>{status}</h1>\
         </center><hr><center>cloudflare</center></body></html>\n"
    );
    Reply::text(status, "text/html; charset=UTF-8", &page)
}

fn oversized(bytes: usize, service: Service) -> Reply {
    let padding = "x".repeat(bytes);
    Reply::ok(&match service {
        Service::Fyers => json!({"s": "ok", "code": 200, "message": padding}),
        Service::Telegram => json!({"ok": true, "result": padding}),
    })
}

/// FYERS puts the wait into headers, Telegram into the body.
fn rate_limited(retry_after: u64, service: Service) -> Reply {
    match service {
        Service::Telegram => too_many_requests(retry_after),
        Service::Fyers => Reply::error(429, -429, "Request limit reached")
            .header("Retry-After", retry_after.to_string())
            .header("X-Retry-After-Ms", retry_after.saturating_mul(1000).to_string()),
    }
}

fn unacknowledged(mut reply: Reply) -> Reply {
    if let Ok(Value::Object(mut fields)) = serde_json::from_slice(&reply.body) {
        fields.insert("code".into(), json!(201));
        reply.body = Value::Object(fields).to_string().into_bytes();
    }
    reply
}

/// Gives every field but the verdict (`s`, `ok`) a type it should not have.
fn wrong_types(mut reply: Reply) -> Reply {
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
