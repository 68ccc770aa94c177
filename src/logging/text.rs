//! Lines for people at a terminal; the seed's banner is drawn whole.

use anstyle::{AnsiColor, Style};
use chrono::{DateTime, Utc};
use fyers_api::ist::ist;
use keeper_domain::text::shown;
use serde_json::Value;
use tracing::Level;

use crate::logging::fields::Fields;

pub(super) fn line(now: DateTime<Utc>, level: Level, fields: &Fields, colour: bool) -> String {
    if fields.get("banner") == Some(&Value::Bool(true)) {
        return banner(now, fields);
    }
    let time = ist(now).format("%H:%M:%S");
    let (open, close) =
        if colour { (sign_style(level).render().to_string(), "\u{1b}[0m") } else { (String::new(), "") };
    let (dim, end) = if colour { ("\u{1b}[2m", "\u{1b}[0m") } else { ("", "") };
    let details: String = fields
        .rest
        .iter()
        .filter(|(name, value)| !matches!(name.as_str(), "event" | "actor") && !value.is_null())
        .map(|(name, value)| format!(" {name}={}", plain(value)))
        .collect();
    let event = fields.get("event").map(plain).unwrap_or_default();
    format!(
        "{time} {open}{:<5}{close} {} {dim}{event}{details}{end}",
        level.as_str(),
        one_line(&fields.message)
    )
}

/// An alert has several lines, and a log line is one: what comes from outside must not look like a line of its own.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    shown(&lines.collect::<Vec<_>>().join(" · ").replace('\t', " ")).into_owned()
}

fn sign_style(level: Level) -> Style {
    let colour = match level {
        Level::ERROR => AnsiColor::Red,
        Level::WARN => AnsiColor::Yellow,
        Level::INFO => AnsiColor::Green,
        _ => AnsiColor::Blue,
    };
    Style::new().fg_color(Some(colour.into()))
}

fn plain(value: &Value) -> String {
    one_line(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The seed's form: the line between two rules, then what there is to know, then a rule.
fn banner(now: DateTime<Utc>, fields: &Fields) -> String {
    let rule = "=".repeat(80);
    let mut rows = vec![rule.clone(), one_line(&fields.message), rule.clone()];
    rows.push(format!("⏰ Time: {}", ist(now).format("%Y-%m-%d %H:%M:%S IST")));
    for (name, value) in &fields.rest {
        let value = plain(value);
        match name.as_str() {
            "token_status" => rows.push(format!("📊 Current token status: {value}")),
            "fingerprint" => rows.push(format!("   New access token: fingerprint {value}")),
            "valid_until" => rows.push(format!("   Token valid until: {value}")),
            "why" => rows.push(format!("   Why: {value}")),
            "next" => rows.push(format!("   What to do: {value}")),
            "attempt" if value != "1" => rows.push(format!("   Attempt: {value}")),
            _ => {}
        }
    }
    rows.push(rule);
    rows.join("\n")
}
