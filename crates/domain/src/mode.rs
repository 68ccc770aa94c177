//! Where requests go.

use serde::{Deserialize, Serialize};

/// Where orders and reads go right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything goes to FYERS: orders move real money.
    Live,
    /// Market data and account reads from FYERS, orders to the MockExchange.
    Sandbox,
    /// Everything is answered by the MockExchange.
    Mock,
}

impl Mode {
    /// The name used in logs, metrics, headers and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
            Self::Mock => "mock",
        }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.slug())
    }
}
