//! The mode, and which house a request goes to: pure rules.

pub mod safety;

use crate::{mode::Mode, reason::Reason};
use fyers_api::operation::Operation;

/// `KEEPER_ON_TOKEN_LOSS`: what happens to orders meant for FYERS while there is no good token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTokenLoss {
    /// The MockExchange takes them, and says so.
    #[default]
    Mock,
    /// They are refused.
    Reject,
}

/// What decides the mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// There is a token that may be used.
    pub usable: bool,
    /// Why there is, or why not.
    pub why: Reason,
    /// `FYERS_SANDBOX`.
    pub sandbox: bool,
    /// A person has halted trading.
    pub halted: bool,
}

/// The mode and why. Any doubt means Mock.
pub fn decide(standing: Standing) -> (Mode, Reason) {
    match standing {
        Standing { usable: false, why, .. } => (Mode::Mock, why),
        Standing { halted: true, sandbox: false, .. } => (Mode::Mock, Reason::Halted),
        Standing { sandbox: true, .. } => (Mode::Sandbox, Reason::Configured),
        Standing { why, .. } => (Mode::Live, why),
    }
}

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Who the account belongs to, its money, market prices.
    Account,
    /// Orders and what has come of them: they belong together, or a bot would not see its own orders.
    Orders,
}

/// One of the two houses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Venue {
    /// The broker.
    Fyers,
    /// The MockExchange.
    Mock,
}

/// The house for a request.
pub fn route(mode: Mode, kind: Kind) -> Venue {
    match (mode, kind) {
        (Mode::Live, _) | (Mode::Sandbox, Kind::Account) => Venue::Fyers,
        (Mode::Sandbox, Kind::Orders) | (Mode::Mock, _) => Venue::Mock,
    }
}

/// The house for an operation. Orders and what comes of them belong together, or a bot would not see its own.
pub fn venue(operation: Operation, mode: Mode) -> Venue {
    use Operation::{Gtts, Orders, Positions, Trades, Unknown};
    let own = operation.trades() || matches!(operation, Orders | Trades | Positions | Gtts | Unknown);
    match mode {
        Mode::Live => Venue::Fyers,
        Mode::Sandbox if own => Venue::Mock,
        Mode::Sandbox => Venue::Fyers,
        Mode::Mock => Venue::Mock,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn live_needs_everything_to_be_right() {
        for bits in 0..8 {
            let (usable, sandbox, halted) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
            let (mode, _) = decide(Standing { usable, why: Reason::Verified, sandbox, halted });
            assert_eq!(mode == Mode::Live, usable && !sandbox && !halted, "{usable} {sandbox} {halted}");
            assert_eq!(mode == Mode::Sandbox, usable && sandbox);
        }
    }

    #[test]
    fn no_order_leaves_the_keeper_outside_of_live() {
        let all = [
            Operation::Place,
            Operation::Cancel,
            Operation::PlaceGtt,
            Operation::LiveOrder,
            Operation::Unknown,
            Operation::PlaceMany,
        ];
        for operation in all {
            assert_eq!(venue(operation, Mode::Sandbox), Venue::Mock, "{operation:?}");
            assert_eq!(venue(operation, Mode::Mock), Venue::Mock);
            assert_eq!(venue(operation, Mode::Live), Venue::Fyers);
        }
        assert_eq!(venue(Operation::Funds, Mode::Sandbox), Venue::Fyers);
    }

    proptest! {
        #[test]
        fn no_order_reaches_fyers_but_in_live_mode(usable: bool, sandbox: bool, halted: bool) {
            let (mode, _) = decide(Standing { usable, why: Reason::Verified, sandbox, halted });
            prop_assert_eq!(route(mode, Kind::Orders) == Venue::Fyers, mode == Mode::Live);
            prop_assert!(usable || route(mode, Kind::Account) == Venue::Mock);
        }
    }
}
