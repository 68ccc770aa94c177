//! FYERS' order socket.

use keeper_actors::hub::Seat;
use keeper_domain::feeds::{order_client::OrderClient, state::Taken};

use super::socket::{Incoming, Outgoing, Protocol};

#[derive(Default)]
pub(super) struct OrderProtocol {
    client: OrderClient,
}

impl Protocol for OrderProtocol {
    fn opened(&mut self, _: &Seat) -> Outgoing {
        Outgoing::default()
    }

    fn received(&mut self, seat: &Seat, message: Incoming) -> Outgoing {
        let Incoming::Text(text) = message else { return Outgoing::default() };
        let (answer, topics) = self.client.received(&text);
        if let Some(topics) = topics {
            seat.hub().with(|feeds, _| feeds.set_orders(seat.id(), topics));
        }
        Outgoing::texts(answer)
    }

    fn tell(&mut self, _: &Seat, taken: Taken) -> Outgoing {
        Outgoing::texts(taken.news.iter().filter_map(|news| self.client.news(news)))
    }

    fn is_known(&self) -> bool {
        true
    }
}
