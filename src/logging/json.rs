//! One JSON object a line.

use chrono::{DateTime, SecondsFormat, Utc};
use fyers_api::ist::ist;
use keeper_domain::text::escaped;
use serde_json::{Map, Value};
use tracing::Level;

use crate::logging::fields::Fields;

pub(super) fn line(now: DateTime<Utc>, level: Level, target: &str, fields: &Fields) -> String {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("timestamp", now.to_rfc3339_opts(SecondsFormat::Millis, true).into());
    put("ist", ist(now).to_rfc3339_opts(SecondsFormat::Millis, false).into());
    put("level", level.as_str().to_lowercase().into());
    put("event", fields.get("event").cloned().unwrap_or_else(|| "log".into()));
    put("message", fields.message.clone().into());
    if fields.get("event").is_none() {
        put("target", target.into());
    }
    for (name, value) in &fields.rest {
        if !matches!(name.as_str(), "event" | "banner") {
            put(name, value.clone());
        }
    }
    escaped(&Value::Object(object).to_string()).into_owned()
}
