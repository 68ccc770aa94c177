//! The body: docs/alerts.md is its contract, and a test compares the two.

use chrono::SecondsFormat;
use fyers_api::ist::ist;
use keeper_domain::{alert::Outgoing, alerts::render};
use serde_json::{Value, json};

use crate::build_info;

/// The number by which a receiver knows an alert that it has already.
pub(super) fn id(alert: &Outgoing) -> String {
    render::id(alert).trim_start_matches('#').to_owned()
}

/// One alert as JSON.
pub(super) fn of(alert: &Outgoing) -> Value {
    let time = |at| ist(at).to_rfc3339_opts(SecondsFormat::Millis, false);
    let title = alert.text.lines().next().unwrap_or_default();
    json!({
        "id": id(alert),
        "event_id": alert.event_id,
        "event": alert.event,
        "severity": alert.severity.slug(),
        "title": title.trim_start_matches(|c: char| !c.is_alphanumeric()),
        "text": render::whole_text(alert),
        "at": time(alert.at),
        "last_at": time(alert.last_at),
        "count": alert.count,
        "items": alert.items,
        "sender": format!("fyers-keeper/{}", build_info::VERSION),
    })
}
