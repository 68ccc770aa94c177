//! What the ExchangeActor hears and answers.

use std::{collections::BTreeMap, sync::Arc};

use actix::Message;
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    feeds::quote::ObservedPrice,
    keys::BotName,
    mode::{Mode, ShownMode},
    order_journal::{OrderEntry, OrderIntent, OrderProgress},
    ports::Change,
    reason::Reason,
    routing::{Venue, live_positions::LivePositions, request::Reserved},
    secret::Fingerprint,
};
use rust_decimal::Decimal;

use mock_exchange::{Instruments, api::book_pages::BookRest, exchange::FeedPrices};

use crate::exchange::words::refusal;

/// What is the MockExchange's own account worth? Answered from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "Worth")]
pub struct GetWorth;

/// What an account is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::MessageResponse)]
pub struct Worth {
    /// Cash and what simulated orders hold, in INR; shares that were copied from FYERS are not in it.
    pub value: Decimal,
    /// Whether anything was traded in it, as far as today's book knows.
    pub has_traded: bool,
    /// Whether it came with shares from FYERS.
    pub has_copied: bool,
    /// What it was worth when it was copied from FYERS, before its first trade, if that was in this life.
    pub began: Option<Decimal>,
}

/// What is the mode? Answered from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "ModeView")]
pub struct GetMode;

/// The mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, actix::MessageResponse)]
pub struct ModeView {
    /// Where requests go.
    pub mode: Mode,
    /// Why.
    pub reason: Reason,
    /// Whether a person has halted trading.
    pub halted: bool,
    /// Orders the MockExchange took today (IST).
    pub simulated_today: u64,
}

/// What are prices of these symbols made of while there is no token? `None` while the MockExchange makes none.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Option<FeedPrices>")]
pub struct GetFeedPrices(pub Vec<String>);

/// FYERS' data socket has told these prices.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct SocketPrices(pub Vec<ObservedPrice>);

/// What is known of the positions at FYERS? Answered from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "LivePositions")]
pub struct GetLivePositions;

/// Halt trading, or resume it. True when it is on disk. A halt counts at once, on disk or not; a halt ends only when
/// its end is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "bool")]
pub struct SetHalted {
    /// Whether trading is halted from now on.
    pub halted: bool,
    /// Who says so.
    pub by: String,
}

/// Close all simulated positions at their last price. What was closed; `None` when the store failed.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Option<Cleared>")]
pub struct ClearSimulated {
    /// Who says so.
    pub by: String,
}

/// What came of [`ClearSimulated`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleared {
    /// How many positions were closed.
    pub closed: u64,
    /// Symbols of those that stay open, because their market is closed.
    pub shut: Vec<String>,
    /// When the first of these markets opens; `None` where no session is known.
    pub opens: Option<DateTime<Utc>>,
}

/// How far orders with these ids have come, as far as the books tell.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "BTreeMap<String, OrderProgress>")]
pub struct GetProgress(pub Vec<String>);

/// A newer symbol master.
#[derive(Debug, Clone, PartialEq, Message)]
#[rtype(result = "()")]
pub struct SetInstruments(pub Instruments);

/// The keeper is stopping: no new orders from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct StopOrders;

/// Bring a bot's request to where the decision says. It is finished where it began, and it is always answered: what
/// goes wrong is said in the broker's own words.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Pending")]
pub struct Forward(pub ApiRequest, pub BotName);

/// FYERS has refused this request with a dead token. It is never sent again: the MockExchange may take it, and whatever else
/// is decided, the bot hears that nobody knows what became of it.
#[derive(Debug, Message)]
#[rtype(result = "Pending")]
pub(super) struct Simulate {
    pub(super) request: ApiRequest,
    pub(super) intent: Arc<OrderIntent>,
}

/// A bot's key was removed: what its bot still holds in the MockExchange is the owner's.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct BotGone(pub BotName);

/// The answer to come. It does not live in the actor: an order that is on its way is answered even if the actor dies.
#[derive(Debug, actix::MessageResponse)]
pub struct Pending(oneshot::Receiver<Forwarded>);

/// Where the answer goes.
pub(super) type Reply = oneshot::Sender<Forwarded>;

impl Pending {
    pub(super) fn new() -> (Reply, Self) {
        let (reply, answer) = oneshot::channel();
        (reply, Self(answer))
    }

    /// Waits for it.
    pub async fn answered(self) -> Forwarded {
        self.0.await.unwrap_or_else(|_| Forwarded::interrupted())
    }
}

/// An answer with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// The mode in which the request was handled.
    pub mode: Mode,
    /// Whether trading was halted then.
    pub halted: bool,
    /// Why that mode.
    pub reason: Reason,
    /// Who answered (`X-Keeper-Order-Venue`).
    pub venue: Venue,
    /// The answer.
    pub answer: ApiResponse,
    /// What follows the answer's body, when that is only its beginning: [`NextRows`] brings it.
    pub rest: Option<Rest>,
}

/// The part of a long order book that has not been told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest {
    pub(super) book: BookRest,
    /// What comes after the last row.
    pub(super) after: String,
}

/// The next rows of a long order book, please. It may be asked for at leisure: nothing is kept for it.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Rows")]
pub struct NextRows(pub Rest);

/// More of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// To be sent after what came before.
    pub bytes: Vec<u8>,
    /// What follows; `None` at the end.
    pub rest: Option<Rest>,
}

impl Forwarded {
    /// The actor died over it: what became of the request is not known.
    pub(super) fn interrupted() -> Self {
        let answer = refusal(503, -503, "interrupted; look in the order book before sending an order again");
        Self {
            mode: Mode::Mock,
            halted: false,
            reason: Reason::Starting,
            venue: Venue::Unknown,
            answer,
            rest: None,
        }
    }

    /// What `X-Keeper-Mode` says.
    pub fn shown(&self) -> ShownMode {
        ShownMode::of(self.mode, self.halted)
    }
}

/// FYERS itself says that the token is dead. Answered when no request can take it any more.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct TokenDied {
    /// The token.
    pub fingerprint: Fingerprint,
    /// FYERS' code.
    pub code: i64,
}

/// A read was answered by FYERS, and the answer may teach something.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Learnt {
    /// What was asked.
    pub operation: fyers_api::operation::Operation,
    /// With which query.
    pub query: String,
    /// The answer.
    pub answer: ApiResponse,
}

/// An order to FYERS has ended, one way or another.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Executed {
    /// The order.
    pub intent: OrderIntent,
    /// What it may have taken from open positions.
    pub reserved: Reserved,
    /// How.
    pub end: End,
    /// Its orders with what FYERS has said of them, and their ids.
    pub placed: Vec<OrderEntry>,
    /// How many orders of it FYERS refused.
    pub rejected: u64,
    /// What could not be written down yet.
    pub unsaved: Option<Change>,
}

/// What came of an order could not be written down after all; the bot has its answer.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Unwritten(pub Change);

/// How an order to FYERS ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// FYERS did nothing: it refused the order, or the order never left.
    Nothing,
    /// FYERS refused it with a dead token and did nothing; the order book will show it if it did all the same.
    TokenRefused,
    /// FYERS answered, and the order may fill from now on.
    Answered,
    /// No answer of FYERS came.
    Unknown,
    /// FYERS takes no orders from this app at all.
    Banned {
        /// The symbol of the order.
        symbol: String,
        /// Whether it has taken another order of the same request.
        has_taken: bool,
    },
}

impl End {
    /// Whether something of the request may be at FYERS.
    pub(super) fn may_be_there(&self, intent: &OrderIntent) -> bool {
        match self {
            Self::Nothing => false,
            Self::TokenRefused => intent.may_open(),
            Self::Answered | Self::Unknown => true,
            Self::Banned { has_taken, .. } => *has_taken,
        }
    }
}
