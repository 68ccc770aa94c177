//! FYERS' data socket.

use fyers_api::hsm::{ClientFrame, ServerFrame};
use keeper_actors::hub::Seat;
use keeper_domain::{
    feeds::{
        hsm_client::{HsmClient, HsmStep, HsmWish},
        state::Taken,
    },
    keys::BotName,
};

use super::{
    entry::Entry,
    socket::{Incoming, Outgoing, Protocol},
};

pub(super) struct HsmProtocol {
    entry: Entry,
    client: HsmClient,
    is_known: bool,
}

impl HsmProtocol {
    pub(super) fn new(entry: Entry) -> Self {
        Self { entry, client: HsmClient::default(), is_known: false }
    }

    fn authenticate(&mut self, seat: &Seat, key: &str) -> Outgoing {
        self.is_known = self.entry.admits(seat, key);
        let answer = frames([self.client.authenticated(self.is_known)]);
        if self.is_known { answer } else { answer.closing("this is not the gateway key") }
    }

    fn follow(&mut self, seat: &Seat, wishes: Vec<HsmWish>) -> Option<ServerFrame> {
        let items = wishes.iter().map(|wish| wish.item.clone());
        let too_many = seat.hub().with(|feeds, now| feeds.follow(seat.id(), items, now));
        self.client.keep(wishes, &too_many)
    }
}

fn frames(frames: impl IntoIterator<Item = ServerFrame>) -> Outgoing {
    let mut out = Outgoing::default();
    frames.into_iter().for_each(|frame| say(&frame, &mut out));
    out
}

fn say(frame: &ServerFrame, out: &mut Outgoing) {
    out.binary(&frame.encode());
}

impl Protocol for HsmProtocol {
    fn opened(&mut self, _: &Seat) -> Outgoing {
        Outgoing::default()
    }

    /// A frame that is none is passed over: FYERS' own SDKs of old versions send texts as keep-alives.
    fn received(&mut self, seat: &Seat, message: Incoming<'_>) -> Outgoing {
        let Incoming::Binary(bytes) = message else { return Outgoing::default() };
        let Ok(frame) = ClientFrame::decode(bytes) else { return Outgoing::default() };
        let client = &mut self.client;
        let (mut answers, step) = seat.hub().with(|feeds, _| client.received(frame, &feeds.directory));
        match step {
            Some(HsmStep::Key(key)) => return self.authenticate(seat, &key),
            Some(HsmStep::Subscribe(wishes)) => answers.extend(self.follow(seat, wishes)),
            Some(HsmStep::Follow(items)) => {
                let id = seat.id();
                seat.hub().with(|feeds, now| feeds.follow(id, items, now));
            }
            Some(HsmStep::Leave(items)) => {
                let id = seat.id();
                seat.hub().with(|feeds, _| feeds.unfollow(id, &items));
            }
            None => {}
        }
        frames(answers)
    }

    fn tell(&mut self, taken: &Taken, out: &mut Outgoing) {
        taken.news.iter().filter_map(|news| self.client.news(news)).for_each(|frame| say(&frame, out));
        self.client.feed(&taken.quotes).iter().for_each(|frame| say(frame, out));
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
