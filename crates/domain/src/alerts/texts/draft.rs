//! What every text is made of, and what it needs to know of the settings.

use std::sync::Arc;

use chrono::NaiveTime;

use crate::alert::Severity;
use crate::alerts::words::lay_out;
use crate::clock::token_hours::TokenHours;
use crate::routing::fate::refuses_without_token;

/// What the texts need to know of the settings.
#[derive(Debug, Clone)]
pub struct Context {
    /// How to get a new access token, as an order: "log in at …". One or two rows, ends with a full stop.
    pub login_hint: String,
    /// Whether FYERS_SANDBOX is false, so that orders go to FYERS while there is a good token.
    pub live: bool,
    /// Whether FYERS takes no orders from the app.
    pub reads_only: bool,
    /// Whether KEEPER_ON_TOKEN_LOSS is `reject`: no simulated orders while there is no token.
    pub reject_without_token: bool,
    /// Whether a person has halted trading.
    pub halted: bool,
    /// The time of the daily check (IST).
    pub tick_time: NaiveTime,
    /// When a token matters, when there is a login card in the chat: what the card says needs no alert.
    pub card: Option<Arc<TokenHours>>,
}

impl Context {
    /// Whether new orders are refused while there is no token.
    pub(super) fn refuses(&self) -> bool {
        refuses_without_token(self.halted, !self.live, self.reject_without_token)
    }

    /// The row about trading. Every text that says where orders go has it from here: under a halt they go nowhere, whatever
    /// the text would say.
    pub(super) fn trading(&self, unless_halted: impl Into<String>) -> String {
        if !self.halted {
            return format!("Trading: {}", unless_halted.into());
        }
        let exits = match (self.live, self.reads_only) {
            (true, false) => "exits still go to FYERS while there is a token.",
            (true, true) => "besides, FYERS takes no orders of this app (-100).",
            (false, _) => "exits are still simulated. No order is real (sandbox).",
        };
        format!("Trading: it is halted: entries are refused until /resume; {exits}")
    }
}

/// An alert without its event.
pub(super) struct Draft {
    pub(super) severity: Severity,
    pub(super) key: String,
    pub(super) item: String,
    lines: Vec<String>,
}

impl Draft {
    /// `key` is `TOPIC|DETAIL` (see `coalesce`); `title` says what happened.
    pub(super) fn new(severity: Severity, key: impl Into<String>, title: impl Into<String>) -> Self {
        Self { severity, key: key.into(), item: String::new(), lines: vec![title.into()] }
    }

    /// What this alert adds to one that stands for several.
    pub(super) fn item(mut self, item: impl Into<String>) -> Self {
        self.item = item.into();
        self
    }

    pub(super) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// A row that is not always there.
    pub(super) fn lines(self, line: Option<String>) -> Self {
        line.into_iter().fold(self, Self::line)
    }

    pub(super) fn text(mut self) -> String {
        if let Some(title) = self.lines.first_mut() {
            *title = format!("{} {title}", sign(self.severity));
        }
        lay_out(&self.lines)
    }
}

/// The sign in front: shapes, not only colours.
fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "ℹ️",
        Severity::Warning => "⚠️",
        Severity::Critical => "🚨",
    }
}
