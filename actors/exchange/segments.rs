//! Commodities count from the first order or position in one on: their sessions need a token too. Told and written
//! down once.

use keeper_domain::{event::Event, notes::SEGMENTS_JOINED, ports::Change};
use mock_exchange::sessions::Segment;

use crate::exchange::actor::ExchangeActor;

impl ExchangeActor {
    /// What is to be told and written down of these symbols; nothing, mostly. Without an app there is no token to need.
    pub(super) fn notice_mcx<'a>(&self, symbols: impl IntoIterator<Item = &'a str>) -> Change {
        let joined = self.deps.proxy.as_ref().and_then(|_| self.deps.hours.join_mcx(symbols));
        let Some(symbol) = joined else { return Change::default() };
        let event = Event::SegmentJoined { segment: Segment::Mcx, symbol };
        Change {
            events: vec![(self.deps.time.now(), event)],
            notes: SEGMENTS_JOINED.set(&vec![Segment::Mcx]).into_iter().collect(),
            ..Change::default()
        }
    }
}
