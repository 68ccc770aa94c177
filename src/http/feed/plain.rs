//! The keeper's own JSON.

use keeper_actors::hub::Seat;
use keeper_domain::{
    feeds::{plain::PlainClient, state::Taken},
    keys::BotName,
};
use serde_json::Value;

use super::{
    entry::Entry,
    socket::{Incoming, Outgoing, Protocol},
};

pub(super) struct PlainProtocol {
    entry: Entry,
    client: PlainClient,
    is_known: bool,
}

impl PlainProtocol {
    /// `is_known`: the key was in the header.
    pub(super) fn new(entry: Entry, is_known: bool) -> Self {
        Self { entry, client: PlainClient::default(), is_known }
    }

    fn hello(seat: &Seat) -> Outgoing {
        let notice = seat.hub().with(|feeds, _| feeds.mode(seat.id()));
        Outgoing::texts([PlainClient::hello(notice)])
    }

    /// `{"type":"auth","key":KEY}` before anything else.
    fn authenticate(&mut self, seat: &Seat, text: &str) -> Outgoing {
        let request: Value = serde_json::from_str(text).unwrap_or_default();
        let key = request["key"].as_str().filter(|_| request["type"] == "auth");
        self.is_known = key.is_some_and(|key| self.entry.admits(seat, key));
        if self.is_known {
            return Self::hello(seat);
        }
        let words = r#"{"type":"error","code":"not_authenticated","message":"show the gateway key first: {\"type\":\"auth\",\"key\":KEY}, or in the header Authorization"}"#;
        Outgoing::texts([words.to_owned()]).closing("this is not the gateway key")
    }
}

impl Protocol for PlainProtocol {
    fn opened(&mut self, seat: &Seat) -> Outgoing {
        if self.is_known { Self::hello(seat) } else { Outgoing::default() }
    }

    fn received(&mut self, seat: &Seat, message: Incoming<'_>) -> Outgoing {
        let Incoming::Text(text) = message else { return Outgoing::default() };
        if !self.is_known {
            return self.authenticate(seat, text);
        }
        let (answer, change) = self.client.received(text);
        let (id, items) = (seat.id(), change.follow.iter().map(|wish| wish.item.clone()));
        let too_many = seat.hub().with(|feeds, now| {
            feeds.unfollow(id, &change.leave);
            if let Some(topics) = change.orders {
                feeds.set_orders(id, topics);
            }
            feeds.follow(id, items, now)
        });
        let told = self.client.keep(change.follow, &too_many);
        Outgoing::texts([answer].into_iter().chain(told))
    }

    /// Before the key was shown nothing is told; the mode is in the hello.
    fn tell(&mut self, taken: &Taken, out: &mut Outgoing) {
        if !self.is_known {
            return;
        }
        taken.news.iter().for_each(|news| out.text(&self.client.news(news)));
        taken.quotes.iter().flat_map(|quote| self.client.ticks(quote)).for_each(|text| out.text(&text));
    }

    fn is_known(&self) -> bool {
        self.is_known
    }

    fn bot(&self) -> Option<&BotName> {
        self.entry.bot()
    }

    fn is_outdated(&self) -> bool {
        self.entry.is_outdated()
    }
}
