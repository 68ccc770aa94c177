//! Where orders and reads go: FYERS while there is a good token, the MockExchange when there is none.

pub mod model;

/// `KEEPER_ON_TOKEN_LOSS`: what happens to orders meant for FYERS while there is no good token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTokenLoss {
    /// The MockExchange takes them, and says so.
    #[default]
    Mock,
    /// They are refused.
    Reject,
}
