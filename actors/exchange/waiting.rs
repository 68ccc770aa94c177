//! A bot's request until it is answered.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    keys::BotName,
    mode::Mode,
    order_journal::OrderIntent,
    reason::Reason,
    routing::{Venue, request::OrderCall},
};

use crate::exchange::messages::{Forwarded, Reply, Rest};

/// A request to be decided.
pub(super) struct Incoming {
    pub(super) request: ApiRequest,
    pub(super) bot: BotName,
    /// It was sent, and FYERS has refused it with a dead token: it is not sent again, and only an answer of the MockExchange
    /// tells the bot more than that nobody knows.
    pub(super) sent: Option<Arc<OrderIntent>>,
}

/// A request on its way.
pub(super) struct Forwarding {
    pub(super) bot: BotName,
    /// See [`Incoming::sent`].
    pub(super) sent: Option<Arc<OrderIntent>>,
    /// Whether it would go to FYERS if there were a token.
    pub(super) meant_for_fyers: bool,
    pub(super) call: OrderCall,
    pub(super) request: ApiRequest,
    pub(super) mode: Mode,
    pub(super) halted: bool,
    pub(super) reason: Reason,
    pub(super) reply: Reply,
    pub(super) has_read: HasRead,
}

/// Whether the positions at FYERS were read for a request after it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HasRead {
    /// Not yet.
    No,
    /// It was tried in vain.
    Tried,
    /// Yes. If they do not show yet what the exit before it has filled, they are read again until then.
    Yes(DateTime<Utc>),
}

impl Forwarding {
    /// The bot may have gone away meanwhile, which changes nothing.
    pub(super) fn arrive(self, venue: Venue, answer: ApiResponse) {
        self.arrive_with(venue, answer, None);
    }

    /// The same with the beginning of a longer answer.
    pub(super) fn arrive_with(self, venue: Venue, answer: ApiResponse, rest: Option<Rest>) {
        let Self { mode, halted, reason, reply, .. } = self;
        let _gone = reply.send(Forwarded { mode, halted, reason, venue, answer, rest });
    }
}
