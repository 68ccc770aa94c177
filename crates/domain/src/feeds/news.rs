//! What bots are told beside prices. None of it is ever dropped.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use fyers_api::order_socket::OrderTopic;

use crate::{
    mode::{Mode, ShownMode},
    reason::Reason,
    routing::Venue,
};

/// Something happened to an order, a trade or a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNews {
    /// Who says so.
    pub venue: Venue,
    /// What it is about; `None` for a message of FYERS that is none of the three.
    pub topic: Option<OrderTopic>,
    /// As the order socket has it.
    pub text: Arc<str>,
}

/// Where requests go from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModeNotice {
    /// The mode itself.
    pub mode: Mode,
    /// As it is shown.
    pub shown: ShownMode,
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub at: DateTime<Utc>,
}

impl ModeNotice {
    /// The same as a bot sees it whose key may do at most this.
    pub fn under(self, ceiling: Mode) -> Self {
        let mode = self.mode.at_most(ceiling);
        Self { mode, shown: ShownMode::of(mode, self.shown == ShownMode::Halted), ..self }
    }
}

/// A connection to FYERS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Upstream {
    /// The data socket.
    Data,
    /// The order socket.
    Orders,
}

impl Upstream {
    /// The name in logs, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Orders => "orders",
        }
    }
}

/// Why a connection to FYERS ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndReason {
    /// It could not be opened.
    Unreachable,
    /// FYERS refused the credentials.
    Refused,
    /// It broke, or FYERS closed it.
    Lost,
    /// It was open and told nothing during a session.
    Mute,
}

impl EndReason {
    /// The name in logs, metrics and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Mute => "mute",
        }
    }
}

/// One piece of news for one bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedNews {
    /// See [`OrderNews`].
    Order(OrderNews),
    /// A new trading day at the MockExchange: its orders and trades of the day before are gone.
    Day,
    /// See [`ModeNotice`].
    Mode(ModeNotice),
    /// A connection to FYERS is open again, or has ended and will be opened again.
    Source {
        /// Which.
        upstream: Upstream,
        /// Why it ended; `None` when it is open.
        ended: Option<EndReason>,
    },
    /// A symbol cannot be followed.
    Unknown {
        /// Which.
        symbol: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// FYERS has something to say about the subscriptions, as that there are too many.
    Notice {
        /// FYERS' code.
        code: i32,
        /// FYERS' words.
        message: Arc<str>,
    },
}
