//! FYERS' order socket.

use keeper_actors::hub::Seat;
use keeper_domain::{
    feeds::{order_client::OrderClient, state::Taken},
    keys::BotName,
};

use super::{
    entry::Entry,
    socket::{Incoming, Outgoing, Protocol},
};

pub(super) struct OrderProtocol {
    entry: Entry,
    client: OrderClient,
}

impl OrderProtocol {
    /// The key was in the header.
    pub(super) fn new(entry: Entry) -> Self {
        Self { entry, client: OrderClient::default() }
    }
}

impl Protocol for OrderProtocol {
    fn opened(&mut self, _: &Seat) -> Outgoing {
        Outgoing::default()
    }

    fn received(&mut self, seat: &Seat, message: Incoming<'_>) -> Outgoing {
        let Incoming::Text(text) = message else { return Outgoing::default() };
        let (answer, topics) = self.client.received(text);
        if let Some(topics) = topics {
            seat.hub().with(|feeds, _| feeds.set_orders(seat.id(), topics));
        }
        Outgoing::texts(answer)
    }

    fn tell(&mut self, taken: &Taken, out: &mut Outgoing) {
        taken.news.iter().filter_map(|news| self.client.news(news)).for_each(|text| out.text(&text));
    }

    fn is_terse(&self) -> bool {
        true
    }

    fn is_known(&self) -> bool {
        true
    }

    fn bot(&self) -> Option<&BotName> {
        self.entry.bot()
    }

    fn is_outdated(&self) -> bool {
        self.entry.is_outdated()
    }
}
