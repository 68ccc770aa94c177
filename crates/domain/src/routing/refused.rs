//! Why a request goes nowhere, in words for the bot and the person behind it.

use fyers_api::operation::Operation;

use super::Venue;
use crate::{
    keys::{BotName, LimitKind},
    reason::Reason,
    routing::no_exit::NoExit,
};

/// Why a request goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A person has halted trading, and this is no exit.
    #[error("Halted: entries are refused; orders that reduce an open position still go to FYERS")]
    Halted,
    /// The same where nothing goes to FYERS.
    #[error(
        "Halted: entries and changes are refused; orders that reduce an open simulated position are still simulated. \
         Nothing goes to FYERS (sandbox)"
    )]
    HaltedInSandbox,
    /// An order during a halt by a path where no exit is told from an entry.
    #[error(
        "Halted: nothing that trades passes by this path, exits neither, because the keeper cannot check there that an order only \
         reduces a position. Send the exit to /orders/sync or /multi-order/sync, or close the position with DELETE /positions"
    )]
    HaltedPath,
    /// A change of a waiting order during a halt.
    #[error(
        "Halted: of changes only those pass that leave an order which waits at FYERS an exit of at most what is open. The \
         order is as it was; a cancel passes"
    )]
    HaltedChange,
    /// An exit during a halt while another one may still fill.
    #[error(
        "Halted: an exit of this position is on its way already, and a second one could open a new position. \
         Cancel the first, or wait until it has filled"
    )]
    ExitOnItsWay,
    /// An exit during a halt right after another one that FYERS has answered.
    #[error(
        "Halted: FYERS has taken an exit of this position a moment ago, and its books do not show yet what that one has \
         filled, so a second one could open a new position. Try again in a few seconds"
    )]
    ExitNotShown,
    /// An exit during a halt after another one of which nobody knows.
    #[error(
        "Halted: an exit of this position got no answer from FYERS and may still arrive, so a second one could open a \
         new position. Look in the FYERS app, or try again three minutes after the first: FYERS' books must \
         have been read when it could arrive no more"
    )]
    ExitUnanswered,
    /// An exit during a halt before the positions have been read.
    #[error(
        "Halted: your live positions are not known at the moment, so the keeper cannot tell whether this order \
         only reduces one. Try again shortly, or close it in the FYERS app"
    )]
    HaltedUnknown,
    /// A halt, and no token either: neither an entry nor an exit at FYERS.
    #[error(
        "Halted: entries are refused. FYERS cannot be used either, because {}: nothing goes there, and only what \
         closes a simulated position is taken",
        .0.words()
    )]
    HaltedWithoutToken(Reason),
    /// A halt, no token, and an order that would change what is real.
    #[error(
        "Halted, and FYERS cannot be used now, because {}: {risk}. It is refused, not simulated, and nothing at FYERS \
         was touched; close the position in the FYERS app if you must",
        .why.words()
    )]
    HaltedProtected {
        /// Why there is no token that may be used.
        why: Reason,
        /// What is at risk.
        risk: String,
    },
    /// Simulating it could leave a real position open.
    #[error(
        "{0}, and FYERS cannot be used now: it is refused, not simulated; close the position in the FYERS app if \
         you must"
    )]
    Protected(String),
    /// FYERS has not said its first word since the start about a token that is stored.
    #[error(
        "the token is not confirmed yet: FYERS has not said since the keeper started whether it works. The order is refused, not simulated, and nothing was sent: try again in a few seconds"
    )]
    Unconfirmed,
    /// `KEEPER_ON_TOKEN_LOSS=reject`.
    #[error(
        "FYERS cannot be used now, because {}, and KEEPER_ON_TOKEN_LOSS=reject: orders are refused, not simulated",
        .0.words()
    )]
    NoToken(Reason),
    /// It names an order that the MockExchange never had, while FYERS cannot be asked about it.
    #[error(
        "order {id} was not simulated, so it is one of FYERS', and FYERS cannot be used now, because {}: nothing was \
         asked or changed there. Use the FYERS app, or send this again once the keeper is live",
        .why.words()
    )]
    OrderAtFyers {
        /// The order.
        id: String,
        /// Why there is no token that may be used.
        why: Reason,
    },
    /// It names an order of the MockExchange, and would go to FYERS.
    #[error(
        "order {0} was simulated and does not exist at FYERS, where requests go now: nothing was sent. A person ends \
         what was simulated with /flat in Telegram, or the button on the page"
    )]
    SimulatedOrder(String),
    /// The position that it would close was simulated, whole or in part.
    #[error("{}", of_simulated(symbol, *net, *real))]
    SimulatedPosition {
        /// Its symbol.
        symbol: String,
        /// Its signed quantity.
        net: i64,
        /// What this order may close at FYERS, signed like the position; `None` while that is not known.
        real: Option<i64>,
    },
    /// Nobody can tell whether it closes a position that was simulated.
    #[error(
        "the keeper cannot read which symbol this request is about, and your position of {net} {symbol} was simulated and does \
         not exist at FYERS: sent there, it could open a new one. It is refused until what was simulated is closed, or a \
         person clears it with /flat in Telegram, or the button on the page"
    )]
    SymbolUnread {
        /// The symbol of one that was simulated.
        symbol: String,
        /// Its signed quantity.
        net: i64,
    },
    /// The bot's key is not there any more.
    #[error("this bot's key was removed or replaced: nothing was done")]
    KeyGone,
    /// The bot's key may only read.
    #[error("the key of bot {0} may only read: no order of it is sent or simulated")]
    ReadOnly(BotName),
    /// A limit of the bot's key.
    #[error("{words}")]
    Limit {
        /// Which.
        limit: LimitKind,
        /// What it is, what was asked for, and what still goes.
        words: String,
    },
    /// A limit of the bot's key cannot be checked for this request.
    #[error("the key of bot {bot} has limits, and {why}: nothing was done")]
    Unchecked {
        /// The bot.
        bot: BotName,
        /// What is not known.
        why: String,
    },
    /// What would pass the limits of the bot's key as an exit may be none.
    #[error("nothing was done: the key of bot {bot} has limits, which only exits pass, and {}", why.words())]
    NoExit {
        /// The bot.
        bot: BotName,
        /// Why it may be none.
        why: NoExit,
    },
    /// What the keeper has read of it may not be what FYERS reads.
    #[error(
        "a field comes twice in this request, or not as FYERS writes it (`QTY` for `qty`): two programs could read it in \
         two ways. Nothing was done; send each field once"
    )]
    Ambiguous,
    /// What comes behind the place where a program stops may be read by FYERS.
    #[error(
        "the body of this request must be JSON, and be it for every program: it has broken text, a number out of range, \
         too many levels, or something before or behind it. Nothing was done"
    )]
    Unreadable,
    /// The query may be read beside the body.
    #[error(
        "this request has a query beside its body (what follows `?` in the address): FYERS needs none for an order, and \
         could read it instead of the body. Nothing was done; send the body alone"
    )]
    Queried,
    /// Not in the keeper's list of calls.
    #[error("the keeper does not know this call, and passes on only what it knows or what only reads")]
    UnknownCall,
    /// The program ends.
    #[error("the keeper is stopping: nothing was done")]
    Stopping,
}

impl Refused {
    /// Under a halt, where no exit is told from an entry, an order is refused for its path.
    #[must_use]
    pub(super) fn of_its_path(self, operation: Operation, venue: Venue) -> Self {
        match (operation, venue) {
            (Operation::LiveOrder, Venue::Fyers) => Self::HaltedPath,
            _ => self,
        }
    }

    /// The same in words, where the halt is of this bot alone.
    pub fn of_one_bot(&self, bot: &BotName) -> String {
        self.to_string().replacen("Halted:", &format!("Halted (bot {bot} alone):"), 1)
    }

    /// Whether it is an entry that a halt has kept out: nothing stays open because of that.
    pub fn is_halted_entry(&self) -> bool {
        matches!(self, Self::Halted | Self::HaltedInSandbox | Self::HaltedWithoutToken(_))
    }

    /// Whether what it would have closed or changed was simulated, in whole or in part.
    pub fn is_of_simulated(&self) -> bool {
        matches!(self, Self::SimulatedOrder(_) | Self::SimulatedPosition { .. } | Self::SymbolUnread { .. })
    }

    /// Which limit of the bot's key has refused it, for those who count: the same names in header, metric and documents.
    pub fn key_limit(&self) -> Option<&'static str> {
        match self {
            Self::ReadOnly(_) => Some("read_only"),
            Self::Limit { limit, .. } => Some(limit.slug()),
            Self::Unchecked { .. } => Some("unchecked"),
            Self::NoExit { .. } => Some("no_exit"),
            _ => None,
        }
    }

    /// Whether the bot's key is the reason, and nothing of the market or of the session.
    pub fn is_of_key(&self) -> bool {
        matches!(
            self,
            Self::KeyGone
                | Self::ReadOnly(_)
                | Self::Limit { .. }
                | Self::Unchecked { .. }
                | Self::NoExit { .. }
        )
    }
}

/// An exit of a simulated position, and what there is at FYERS beside it.
fn of_simulated(symbol: &str, net: i64, real: Option<i64>) -> String {
    let until = "It is refused until the simulated position is closed, or a person clears it with /flat in \
                 Telegram, or the button on the page";
    match real {
        Some(0) => format!(
            "your position of {net} {symbol} was simulated and does not exist at FYERS: sent there, this order would \
             open a new one. {until}"
        ),
        Some(real) => format!(
            "of your positions in {symbol}, {real} can be closed at FYERS and {net} was simulated and does not exist \
             there: this order is larger than the real part, and what is left of it would open a new position. Send \
             at most {} to close the real part; a person clears the simulated one with /flat in Telegram, or the \
             button on the page",
            real.abs()
        ),
        None => format!(
            "your position of {net} {symbol} was simulated and does not exist at FYERS, and what is open there is not \
             known now: sent there, this order could open a new position. {until}"
        ),
    }
}
