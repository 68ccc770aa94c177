//! The ways in for bots.

/// A bot's connection.
pub type ClientId = u64;

/// By which way a bot came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// FYERS' data socket.
    Hsm,
    /// FYERS' order socket.
    Orders,
    /// The keeper's own JSON.
    Plain,
}

impl Door {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hsm, Self::Orders, Self::Plain];

    /// The name in logs, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Hsm => "hsm",
            Self::Orders => "trade",
            Self::Plain => "feed",
        }
    }
}
