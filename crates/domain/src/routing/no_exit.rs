//! Why a request does not pass as an exit.

/// What keeps it from being one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoExit {
    /// It may open a position by itself.
    Entry,
    /// An order that closes the position may still fill, and beside it this one would be too much.
    OnItsWay,
    /// FYERS has answered one a moment ago, and its books do not show yet what came of it.
    NotShown,
    /// One got no answer, and may still arrive.
    Unanswered,
    /// What is open is not known.
    Unknown,
}

impl NoExit {
    /// What a bot is told whose key has limits.
    pub fn words(self) -> &'static str {
        match self {
            Self::Entry => "this is no exit",
            Self::OnItsWay => {
                "an order that closes this position waits already: beside this request it would open a new one. Cancel it first \
                 (an exit of positions does so with pending_orders_cancel), or wait until it has filled"
            }
            Self::NotShown => {
                "FYERS has taken an order that closes this position a moment ago, and its books do not show yet what that one \
                 has filled. Try again in a few seconds"
            }
            Self::Unanswered => {
                "an order that closes this position got no answer from FYERS and may still arrive. Look in the FYERS app, or \
                 try again three minutes after it"
            }
            Self::Unknown => {
                "what is open at FYERS is not known at the moment, so that this may be no exit. Try again shortly, or close \
                 the position in the FYERS app"
            }
        }
    }
}
