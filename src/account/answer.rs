//! A question to the account, and what came of it.

use std::fmt;

use fyers_api::http::{ApiRequest, Method, Surface};
use keeper_actors::exchange::messages::Forwarded;
use keeper_domain::{mode::ShownMode, routing::Venue, text::excerpt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A part of the account, and who told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountPart<T> {
    /// The mode in which the question was handled.
    pub mode: ShownMode,
    /// Whose account it is: FYERS' or the MockExchange's.
    pub venue: Venue,
    /// What is open at FYERS with real money beside a simulated account, in words; `None` when nothing is, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_at_fyers: Option<String>,
    /// The part.
    #[serde(flatten)]
    pub part: T,
}

impl<T> AccountPart<T> {
    /// The same beside what is real, when this is simulated.
    #[must_use]
    pub fn beside(self, open_at_fyers: Option<String>) -> Self {
        let open_at_fyers = open_at_fyers.filter(|_| !self.is_real());
        Self { open_at_fyers, ..self }
    }

    /// Whether it is real money.
    pub fn is_real(&self) -> bool {
        self.venue == Venue::Fyers
    }

    /// "at FYERS (real money)" or "at the MockExchange (simulated)".
    pub fn place(&self) -> &'static str {
        if self.is_real() { "at FYERS (real money)" } else { "at the MockExchange (simulated)" }
    }
}

/// The account could not be read: in words for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Why.
    pub problem: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl Trouble {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }
}

/// The question that a bot would put.
pub fn call(path: &str) -> ApiRequest {
    ApiRequest {
        surface: Surface::Api,
        method: Method::Get,
        path: path.to_owned(),
        query: String::new(),
        content_type: None,
        body: Vec::new(),
    }
}

/// An answer's message as the keeper itself tells it: whose words they are is told beside them.
pub fn own_words(message: &str) -> &str {
    message.strip_prefix("fyers-keeper: ").unwrap_or(message)
}

/// Reads an answer; `of` takes a good one apart, and `None` of it means that it is not as expected.
pub fn read<T>(
    forwarded: Option<Forwarded>,
    of: impl FnOnce(&Value) -> Option<T>,
) -> Result<AccountPart<T>, Trouble> {
    let forwarded = forwarded.ok_or_else(|| Trouble::new("the keeper did not answer in time"))?;
    let from = if forwarded.venue == Venue::Fyers { "FYERS" } else { "the keeper" };
    let body: Value = serde_json::from_slice(&forwarded.answer.body)
        .map_err(|_| Trouble::new(format!("{from} answered {} and no JSON", forwarded.answer.status)))?;
    if forwarded.answer.status != 200 || body["s"] != "ok" {
        let words = excerpt(body["message"].as_str().unwrap_or_default(), 160);
        // The keeper's own words say already who cannot what.
        if let Some(own) = words.strip_prefix("fyers-keeper: ") {
            return Err(Trouble::new(own.trim_end_matches("; nothing was done")));
        }
        let words = if words.is_empty() { format!("HTTP {}", forwarded.answer.status) } else { words };
        return Err(Trouble::new(format!("{from} refused the question: {words}")));
    }
    let part = of(&body).ok_or_else(|| Trouble::new(format!("the answer of {from} cannot be understood")))?;
    Ok(AccountPart { mode: forwarded.shown(), venue: forwarded.venue, open_at_fyers: None, part })
}
