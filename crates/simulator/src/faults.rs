//! Faults on demand: what can go wrong, where, and for how long.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fyers::errors::ApiError;

/// One thing that goes wrong with one request.
///
/// "Handled" below means that the request has its effect (a token is minted, a message reaches the phone) before
/// the answer is spoilt; the other faults stop the request at the door.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Nothing goes wrong: a quiet step in a script.
    Pass,
    /// The request is handled after this many real milliseconds.
    Latency {
        /// Real milliseconds, whatever the simulated clock does.
        ms: u64,
    },
    /// No answer at all; the connection stays open until the caller gives up. Not handled.
    Hang,
    /// The connection is reset (a TCP RST) before any answer. Not handled.
    Reset,
    /// The request is handled, then the connection is reset: the caller cannot know.
    LostAnswer,
    /// Handled, but the body stops half-way through what `Content-Length` promised.
    Truncated,
    /// A web page instead of JSON, as the edge in front of FYERS sends it. Not handled.
    Html {
        /// HTTP status, such as 403, 502 or 503.
        status: u16,
    },
    /// An answer without a body. Not handled.
    EmptyBody {
        /// HTTP status.
        status: u16,
    },
    /// Handled, but every field of the answer except the verdict has the wrong JSON type.
    WrongTypes,
    /// Handled, but the answer's code is 201: an order was sent and its fate is not known yet.
    Unacknowledged,
    /// A well-formed success whose message is padded to about this size. Not handled.
    Oversized {
        /// Size of the body in bytes.
        bytes: usize,
    },
    /// Any JSON with any status. Not handled.
    Json {
        /// HTTP status.
        status: u16,
        /// The body as it is sent.
        body: Value,
    },
    /// HTTP 429 with the headers and body the service uses for it. Not handled.
    RateLimited {
        /// Seconds the caller is asked to wait.
        retry_after: u64,
    },
    /// HTTP 302 to another place. Not handled.
    Redirect {
        /// Value of the `Location` header.
        location: String,
    },
    /// HTTP 200 whose body says `"s":"error"`. Not handled.
    ErrorWith200 {
        /// FYERS error code, negative.
        code: i64,
        /// FYERS error text.
        message: String,
    },
    /// One row of the FYERS error table. Not handled.
    Error {
        /// Which row.
        error: ApiError,
    },
    /// An error in the form of the Telegram Bot API. Not handled.
    TelegramError {
        /// HTTP status and `error_code`.
        status: u16,
        /// The description, such as `Forbidden: bot was blocked by the user`.
        description: String,
    },
}

impl Fault {
    /// HTTP 409 as a poller gets it when another one took its place.
    pub fn poll_conflict() -> Self {
        Self::TelegramError { status: 409, description: crate::telegram::POLL_CONFLICT.into() }
    }
}

/// Which requests a fault applies to.
///
/// Paths are `/api/v3/...` and `/data/...` as called, and `/telegram/sendMessage` and the like for the Bot API
/// (without the token, spelt as in Telegram's own documentation).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// A path or the beginning of one, cut at a slash; empty means every path.
    pub path: String,
    /// Whether paths below `path` are left alone.
    pub exact: bool,
    /// Only this HTTP method, upper case; `None` means any.
    pub method: Option<String>,
}

impl Scope {
    /// This path and nothing below it.
    pub fn exact(path: &str) -> Self {
        Self { path: path.into(), exact: true, method: None }
    }

    /// The same scope for one HTTP method only.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    fn covers(&self, method: &str, path: &str) -> bool {
        let rest = path.strip_prefix(self.path.trim_end_matches('/'));
        let below = rest.is_some_and(|rest| rest.is_empty() || (!self.exact && rest.starts_with('/')));
        below && self.method.as_deref().is_none_or(|wanted| wanted == method)
    }
}

impl From<&str> for Scope {
    fn from(path: &str) -> Self {
        Self { path: path.into(), ..Self::default() }
    }
}

/// How long a fault lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// For this many matching requests.
    Times(u32),
    /// Until the faults are cleared.
    Forever,
    /// Until the simulated clock shows this time.
    Until(DateTime<Utc>),
}

/// A fault, where it strikes, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests.
    #[serde(default)]
    pub scope: Scope,
    /// What happens to them.
    pub fault: Fault,
    /// For how long; one request unless told.
    #[serde(default = "once")]
    pub life: Life,
}

fn once() -> Life {
    Life::Times(1)
}

impl FaultRule {
    /// A fault for the next matching request only.
    pub fn once(scope: impl Into<Scope>, fault: Fault) -> Self {
        Self::times(scope, fault, 1)
    }

    /// A fault for the next `n` matching requests.
    pub fn times(scope: impl Into<Scope>, fault: Fault, n: u32) -> Self {
        Self { scope: scope.into(), fault, life: Life::Times(n) }
    }

    /// A fault that lasts until the faults are cleared.
    pub fn forever(scope: impl Into<Scope>, fault: Fault) -> Self {
        Self { scope: scope.into(), fault, life: Life::Forever }
    }

    /// A fault that ends by the simulated clock.
    pub fn until(scope: impl Into<Scope>, fault: Fault, end: DateTime<Utc>) -> Self {
        Self { scope: scope.into(), fault, life: Life::Until(end) }
    }
}

/// The faults still to come. The oldest rule that covers a request strikes first, so rules for one scope, put in
/// one after another, are a script.
#[derive(Debug, Default)]
pub(crate) struct FaultBook {
    rules: Vec<FaultRule>,
}

impl FaultBook {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn rules(&self) -> &[FaultRule] {
        &self.rules
    }

    /// The fault that strikes this request, used up by it.
    pub(crate) fn take(&mut self, method: &str, path: &str, now: DateTime<Utc>) -> Option<Fault> {
        self.rules.retain(|rule| match rule.life {
            Life::Times(left) => left > 0,
            Life::Forever => true,
            Life::Until(end) => now < end,
        });
        let rule = self.rules.iter_mut().find(|rule| rule.scope.covers(method, path))?;
        if let Life::Times(left) = &mut rule.life {
            *left -= 1;
        }
        let fault = rule.fault.clone();
        self.rules.retain(|rule| rule.life != Life::Times(0));
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn rules_for_one_scope_are_a_script() {
        let mut book = FaultBook::default();
        for fault in [Fault::Pass, Fault::Reset, Fault::Hang] {
            book.add(FaultRule::once("/data", fault));
        }
        let struck: Vec<_> = (0..4).map(|_| book.take("GET", "/data/quotes", at(0))).collect();
        assert_eq!(struck, [Some(Fault::Pass), Some(Fault::Reset), Some(Fault::Hang), None]);
    }

    #[test]
    fn a_scope_is_cut_at_slashes() {
        let below = Scope::from("/api/v3/orders");
        assert!(below.covers("POST", "/api/v3/orders/sync"));
        assert!(!below.covers("POST", "/api/v3/orders-other"));
        assert!(!Scope::exact("/api/v3/orders").covers("POST", "/api/v3/orders/sync"));
        assert!(Scope::default().covers("GET", "/anything"));
        assert!(!below.clone().method("get").covers("POST", "/api/v3/orders"));
    }

    #[test]
    fn a_timed_rule_ends_by_the_clock_and_a_lasting_one_does_not() {
        let mut book = FaultBook::default();
        book.add(FaultRule::until("", Fault::Reset, at(10)));
        assert_eq!(book.take("GET", "/x", at(9)), Some(Fault::Reset));
        assert_eq!(book.take("GET", "/x", at(10)), None);
        book.add(FaultRule::forever("", Fault::Hang));
        for second in 0..5 {
            assert_eq!(book.take("GET", "/x", at(second)), Some(Fault::Hang));
        }
    }

    #[test]
    fn a_rule_has_a_plain_json_form() {
        let rule: FaultRule = serde_json::from_str(
            r#"{"scope":{"path":"/api/v3/profile"},"fault":{"kind":"latency","ms":5},"life":{"times":2}}"#,
        )
        .unwrap();
        assert_eq!(rule, FaultRule::times("/api/v3/profile", Fault::Latency { ms: 5 }, 2));
    }
}
