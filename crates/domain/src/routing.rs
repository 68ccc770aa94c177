//! The mode, and where a request goes: pure rules.

pub mod broker_answer;
pub mod change;
pub mod closed_orders;
pub mod conditional;
pub mod drift;
pub mod ended_orders;
pub mod exit_readings;
pub mod exposure;
pub mod fate;
pub mod known_rows;
pub mod live_positions;
pub mod no_exit;
pub mod order_ids;
pub mod own;
pub mod path;
mod position_ids;
pub mod real_positions;
pub mod refused;
pub mod request;
pub mod resting_exit;
pub mod route;
pub mod settling;
pub mod shown_fills;
pub mod sums;
mod symbols;
pub mod turned;

use crate::{mode::Mode, reason::Reason};

/// `KEEPER_ON_TOKEN_LOSS`: what happens to orders meant for FYERS while there is no good token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTokenLoss {
    /// The MockExchange takes them, and says so.
    #[default]
    Mock,
    /// They are refused.
    Reject,
}

/// What decides the mode. A halt does not: it stands beside the mode and is asked for each order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// There is a token that may be used.
    pub usable: bool,
    /// Why there is, or why not.
    pub why: Reason,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
}

/// The mode and why. Any doubt means Mock.
pub fn decide(standing: Standing) -> (Mode, Reason) {
    match standing {
        Standing { usable: false, why, .. } => (Mode::Mock, why),
        Standing { sandbox: true, .. } => (Mode::Sandbox, Reason::Configured),
        Standing { why, .. } => (Mode::Live, why),
    }
}

/// Who handled a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Venue {
    /// The broker.
    Fyers,
    /// The MockExchange.
    Mock,
    /// Nobody: the keeper itself refused it, and it went nowhere.
    None,
    /// It may have gone out, and no answer says where.
    Unknown,
}

impl Venue {
    /// The name used in `X-Keeper-Order-Venue`, logs and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Fyers => "fyers",
            Self::Mock => "mock",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_needs_everything_to_be_right() {
        for bits in 0..4 {
            let (usable, sandbox) = (bits & 1 != 0, bits & 2 != 0);
            let (mode, _) = decide(Standing { usable, why: Reason::Verified, sandbox });
            assert_eq!(mode == Mode::Live, usable && !sandbox, "{usable} {sandbox}");
            assert_eq!(mode == Mode::Sandbox, usable && sandbox);
        }
    }
}
