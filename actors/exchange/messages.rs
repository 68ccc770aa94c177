//! What the ExchangeActor hears and answers.

use actix::Message;

use fyers_api::{
    http::{ApiRequest, ApiResponse},
    model::{Funds, Order, OrderAck, OrderRequest, Position, Profile, Quote},
};
use keeper_domain::routing::{Kind, Venue, safety::Refusal};
use keeper_domain::{broker_error::BrokerError, mode::Mode, reason::Reason};
use mock_exchange::api::book_pages::BookRest;

/// A bot's request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Who the account belongs to.
    Profile,
    /// Money in the account.
    Funds,
    /// Last prices of these symbols.
    Quotes(Vec<String>),
    /// Send an order.
    Place(OrderRequest),
    /// The order book.
    Orders,
    /// The positions.
    Positions,
}

impl Request {
    /// What kind of request it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Profile | Self::Funds | Self::Quotes(_) => Kind::Account,
            Self::Place(_) | Self::Orders | Self::Positions => Kind::Orders,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Request::Profile`].
    Profile(Profile),
    /// To [`Request::Funds`].
    Funds(Funds),
    /// To [`Request::Quotes`].
    Quotes(Vec<Quote>),
    /// To [`Request::Place`].
    Placed(OrderAck),
    /// To [`Request::Orders`].
    Orders(Vec<Order>),
    /// To [`Request::Positions`].
    Positions(Vec<Position>),
}

/// An answer with its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The mode in which the request was handled.
    pub mode: Mode,
    /// The house that answered.
    pub venue: Venue,
    /// What it said.
    pub answer: Answer,
}

/// A request was not answered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AskError {
    /// The keeper refuses: safety first.
    #[error(transparent)]
    Unsafe(#[from] Refusal),
    /// The MockExchange refuses the order.
    #[error("the order is not valid: {0}")]
    Invalid(String),
    /// The broker refuses, or cannot be reached. Nothing was done.
    #[error(transparent)]
    Broker(BrokerError),
    /// An order was sent and its outcome is not known.
    #[error(
        "the order was sent and its outcome is not known ({0}): look in the order book before sending it again"
    )]
    UnknownOutcome(BrokerError),
    /// The keeper's own memory failed, so nothing was simulated.
    #[error("the keeper cannot write its memory: nothing was done")]
    Store,
}

/// Handle a request. The mode is decided when it arrives, and it is finished where it began.
#[derive(Debug, Clone, PartialEq, Message)]
#[rtype(result = "Result<Answered, AskError>")]
pub struct Ask(pub Request);

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
    /// Orders the MockExchange took today (IST).
    pub simulated_today: u64,
}

/// Which live positions were seen last? Answered from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "Vec<Position>")]
pub struct GetLivePositions;

/// Halt trading, or resume it. The answer comes when it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct SetHalted {
    /// Whether trading is halted from now on.
    pub halted: bool,
    /// Who says so.
    pub by: String,
}

/// Bring a bot's request to where the mode says. It is finished where it began, and it is always answered: what
/// goes wrong is said in the broker's own shape.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Forwarded")]
pub struct Forward(pub ApiRequest);

/// An answer with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    /// The mode in which the request was handled (`X-Keeper-Mode`).
    pub mode: Mode,
    /// Why that mode.
    pub reason: Reason,
    /// The house that answered (`X-Keeper-Order-Venue`).
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
