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

    /// This mode, lowered to a ceiling.
    pub fn at_most(self, ceiling: Self) -> Self {
        let height = |mode| match mode {
            Self::Live => 2,
            Self::Sandbox => 1,
            Self::Mock => 0,
        };
        if height(self) > height(ceiling) { ceiling } else { self }
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.slug())
    }
}

/// The mode as it is shown to bots and people: a halt stands beside the mode and is shown in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownMode {
    /// [`Mode::Live`].
    Live,
    /// [`Mode::Sandbox`].
    Sandbox,
    /// [`Mode::Mock`].
    Mock,
    /// A person has halted trading. Reads and exits go where they would go.
    Halted,
}

impl ShownMode {
    /// What to show.
    pub fn of(mode: Mode, halted: bool) -> Self {
        match mode {
            _ if halted => Self::Halted,
            Mode::Live => Self::Live,
            Mode::Sandbox => Self::Sandbox,
            Mode::Mock => Self::Mock,
        }
    }

    /// The name used in headers, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Live => Mode::Live.slug(),
            Self::Sandbox => Mode::Sandbox.slug(),
            Self::Mock => Mode::Mock.slug(),
            Self::Halted => "halted",
        }
    }
}

impl PartialEq<Mode> for ShownMode {
    fn eq(&self, mode: &Mode) -> bool {
        *self == Self::of(*mode, false)
    }
}

impl std::fmt::Display for ShownMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.slug())
    }
}
