//! Which requests a fault applies to, and for how long.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fault::Fault;

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

    pub(crate) fn covers(&self, method: &str, path: &str) -> bool {
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

/// A fault, the requests it applies to, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Which requests.
    #[serde(default)]
    pub scope: Scope,
    /// What happens to them.
    pub fault: Fault,
    /// For how long; one request by default.
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_rule_has_a_plain_json_form() {
        let rule: FaultRule = serde_json::from_str(
            r#"{"scope":{"path":"/api/v3/profile"},"fault":{"kind":"latency","ms":5},"life":{"times":2}}"#,
        )
        .unwrap();
        assert_eq!(rule, FaultRule::times("/api/v3/profile", Fault::Latency { ms: 5 }, 2));
    }
}
