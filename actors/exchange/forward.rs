//! Bots' requests from the gateway, brought to the house that the mode says.

use actix::{Handler, MessageResult};

use super::{
    ExchangeActor,
    gateway::{Forward, Forwarded, PipeAnswer},
    mode::Venue,
};
use crate::{mode::Mode, reason::Reason};

impl Handler<Forward> for ExchangeActor {
    type Result = MessageResult<Forward>;

    fn handle(&mut self, _: Forward, _: &mut Self::Context) -> Self::Result {
        let answer = PipeAnswer { status: 503, ..PipeAnswer::default() };
        MessageResult(Forwarded { mode: Mode::Mock, reason: Reason::Starting, venue: Venue::Mock, answer })
    }
}
