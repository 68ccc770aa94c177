//! A bot's request until it is answered.

use fyers_api::http::{ApiRequest, ApiResponse};
use keeper_domain::{
    mode::Mode,
    reason::Reason,
    routing::{Venue, request::OrderCall},
};

use crate::exchange::messages::{Forwarded, Reply};

/// A request on its way.
pub(super) struct Forwarding {
    pub(super) call: OrderCall,
    pub(super) request: ApiRequest,
    pub(super) mode: Mode,
    pub(super) halted: bool,
    pub(super) reason: Reason,
    pub(super) reply: Reply,
}

impl Forwarding {
    /// The bot may have gone away meanwhile, which changes nothing.
    pub(super) fn arrive(self, venue: Venue, answer: ApiResponse) {
        let Self { mode, halted, reason, reply, .. } = self;
        let _gone = reply.send(Forwarded { mode, halted, reason, venue, answer });
    }
}
