//! What passes through the gateway: a bot's HTTP request without its credentials, and the answer to it.
//!
//! The words of HTTP are used here without any HTTP: a path, a query and a body are values like others.

use actix::Message;
use async_trait::async_trait;

use super::mode::Venue;
use crate::{mode::Mode, reason::Reason, secret::AccessToken, token::error::Transport};

/// Which of the broker's two addresses a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// `/api/v3/*`: the account, orders, positions, market status.
    Api,
    /// `/data/*`: quotes, depth, history, option chain.
    Data,
}

/// An HTTP method that the broker's interface knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Places, exits, converts.
    Post,
    /// Modifies (positions).
    Put,
    /// Modifies (orders).
    Patch,
    /// Cancels; FYERS' own programs send a body with it.
    Delete,
}

/// A bot's request, with its credentials taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which address.
    pub surface: Surface,
    /// The method.
    pub method: Method,
    /// Behind `/api/v3` or `/data`, beginning with a slash, percent forms as they came.
    pub path: String,
    /// Behind the first `?`, as it came; empty when there is none.
    pub query: String,
    /// The body's label, as it came. Bots label JSON as anything.
    pub content_type: Option<String>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// The broker's answer, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PipeAnswer {
    /// HTTP status.
    pub status: u16,
    /// The headers that mean something to a bot, in the order they came, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A call brought no answer that can be passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PipeError {
    /// The call did not reach the broker, or its answer did not reach the keeper.
    #[error("FYERS did not answer: {0:?}")]
    Transport(Transport),
    /// More than the keeper is willing to carry.
    #[error("the answer of FYERS is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
}

/// Carries calls to the broker, each exactly once, and never anywhere else.
#[async_trait]
pub trait Pipe: Send + Sync {
    /// Sends the call with these credentials. Redirects are not followed; nothing is tried twice.
    async fn send(&self, token: &AccessToken, call: &Call) -> Result<PipeAnswer, PipeError>;
}

/// Bring a bot's request to where the mode says. It is finished where it began, and it is always answered: what
/// goes wrong is said in the broker's own shape.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "Forwarded")]
pub struct Forward(pub Call);

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
    pub answer: PipeAnswer,
}
