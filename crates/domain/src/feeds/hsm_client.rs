//! A bot at the keeper's data socket, in FYERS' own protocol: the server's side.

use std::{collections::HashMap, sync::Arc};

use fyers_api::hsm::{
    ClientFrame, DataMode, Feed, FeedRecord, FeedSnapshot, ServerFrame, ServerReply, Topic, TopicKind,
    field_names,
};

use super::{
    directory::{Directory, Item},
    news::FeedNews,
    quote::FeedQuote,
};

/// FYERS' code for a subscription before a good key was shown, and for a key that is not good.
const NOT_AUTHENTICATED: i32 = 11_001;
/// FYERS' code for more symbols than allowed.
pub const SYMBOL_LIMIT: i32 = 51_001;
/// Frames between two acknowledgements that a bot is asked for: so many that none is ever due. FYERS' JavaScript SDK
/// takes a frame's number for the count of its records when it is asked for none, and finds no record.
const ACK_EVERY: u32 = i32::MAX.unsigned_abs();
/// What that SDK calls itself. It alone needs to be told the names of fields.
const JAVASCRIPT: &str = "JS_API";
/// Records of one frame: their texts are short, and a frame's length must fit into 16 bits.
const BATCH: usize = 200;

/// What follows from a frame beside its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HsmStep {
    /// This key was shown: see [`HsmClient::authenticated`].
    Key(String),
    /// Follow these.
    Follow(Vec<Item>),
    /// Follow these no longer.
    Leave(Vec<Item>),
}

#[derive(Debug)]
struct Subscription {
    id: u16,
    name: String,
    channel: u8,
    topic: Topic,
    /// What was sent last.
    sent: Option<Arc<FeedQuote>>,
}

/// One connection.
#[derive(Debug, Default)]
pub struct HsmClient {
    is_known: bool,
    needs_names: bool,
    topics: HashMap<String, Item>,
    by_item: HashMap<Item, Vec<Subscription>>,
    lite: u64,
    paused: u64,
    last_id: u16,
    number: u32,
}

impl HsmClient {
    /// Understands a frame: answers, and what is to be done.
    pub fn received(&mut self, frame: ClientFrame, names: &Directory) -> (Vec<ServerFrame>, Option<HsmStep>) {
        let done = |to: ServerReply| vec![ServerFrame::Done { to, is_ok: true }];
        match frame {
            ClientFrame::Ping | ClientFrame::Ack { .. } => (vec![], None),
            ClientFrame::Auth { key, source, .. } => {
                self.needs_names = source == JAVASCRIPT;
                (vec![], Some(HsmStep::Key(key)))
            }
            _ if !self.is_known => (vec![notice(NOT_AUTHENTICATED, "Authentication failed", 1)], None),
            ClientFrame::Subscribe { topics, channel } => self.subscribe(topics, channel, names),
            ClientFrame::Unsubscribe { topics, .. } => {
                (done(ServerReply::Unsubscribe), Some(HsmStep::Leave(self.unsubscribe(&topics))))
            }
            ClientFrame::Pause { channels } => {
                self.paused |= channels;
                (done(ServerReply::Pause), None)
            }
            ClientFrame::Resume { channels } => {
                self.paused &= !channels;
                let missed =
                    self.by_item.iter().filter(|(_, all)| all.iter().any(|one| has(channels, one.channel)));
                let missed = missed.map(|(item, _)| item.clone()).collect();
                (done(ServerReply::Resume), Some(HsmStep::Follow(missed)))
            }
            ClientFrame::Mode { channels, mode } => {
                self.lite = if mode == DataMode::Lite { self.lite | channels } else { self.lite & !channels };
                (done(ServerReply::Mode), None)
            }
        }
    }

    /// Whether the key was good.
    pub fn authenticated(&mut self, is_ok: bool) -> ServerFrame {
        self.is_known = is_ok;
        let names = (is_ok && self.needs_names).then(field_names);
        ServerFrame::Auth { is_ok, ack_every: ACK_EVERY, names }
    }

    fn subscribe(
        &mut self,
        topics: Vec<String>,
        channel: u8,
        names: &Directory,
    ) -> (Vec<ServerFrame>, Option<HsmStep>) {
        let mut items = vec![];
        for name in topics {
            // A topic that cannot be one is passed over, as FYERS does it.
            let Ok(topic) = name.parse::<Topic>() else { continue };
            let item = names.item(&topic);
            items.push(item.clone());
            if let Some(known) = self.subscription(&name) {
                (known.channel, known.sent) = (channel, None);
                continue;
            }
            self.last_id = self.last_id.wrapping_add(1);
            self.topics.insert(name.clone(), item.clone());
            let new = Subscription { id: self.last_id, name, channel, topic, sent: None };
            self.by_item.entry(item).or_default().push(new);
        }
        (vec![ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true }], Some(HsmStep::Follow(items)))
    }

    fn subscription(&mut self, name: &str) -> Option<&mut Subscription> {
        let all = self.by_item.get_mut(self.topics.get(name)?)?;
        all.iter_mut().find(|one| one.name == name)
    }

    /// The items that no topic is about any more.
    fn unsubscribe(&mut self, topics: &[String]) -> Vec<Item> {
        let mut left = vec![];
        for name in topics {
            let Some(item) = self.topics.remove(name) else { continue };
            let Some(all) = self.by_item.get_mut(&item) else { continue };
            all.retain(|one| one.name != *name);
            if all.is_empty() {
                self.by_item.remove(&item);
                left.push(item);
            }
        }
        left
    }

    /// The items were too many: the bot does not have them, and is told.
    pub fn too_many(&mut self, items: &[Item]) -> ServerFrame {
        let all = items.iter().filter_map(|item| self.by_item.get(item)).flatten();
        let names: Vec<String> = all.map(|one| one.name.clone()).collect();
        self.unsubscribe(&names);
        notice(SYMBOL_LIMIT, &format!("Symbol limit exceeded by {}", items.len()), 4)
    }

    /// What this protocol says of a piece of news; nothing of most.
    pub fn news(&mut self, news: &FeedNews) -> Option<ServerFrame> {
        match news {
            FeedNews::Notice { code, message } => Some(notice(*code, message, 4)),
            _ => None,
        }
    }

    /// New values as feed frames.
    pub fn feed<'a>(&mut self, quotes: impl IntoIterator<Item = &'a Arc<FeedQuote>>) -> Vec<ServerFrame> {
        let (lite, paused) = (self.lite, self.paused);
        let mut frames: Vec<Vec<FeedRecord>> = vec![];
        for quote in quotes {
            let all = self.by_item.get_mut(&quote.item).into_iter().flatten();
            let heard = all.filter(|one| !has(paused, one.channel));
            for record in heard.filter_map(|one| one.record(quote, has(lite, one.channel))) {
                match frames.last_mut().filter(|records| records.len() < BATCH) {
                    Some(records) => records.push(record),
                    None => frames.push(vec![record]),
                }
            }
        }
        frames.into_iter().map(|records| self.numbered(records)).collect()
    }

    fn numbered(&mut self, records: Vec<FeedRecord>) -> ServerFrame {
        self.number = self.number.wrapping_add(1);
        ServerFrame::Feed(Feed { number: self.number, records })
    }
}

impl Subscription {
    /// A snapshot first and whenever the scale or the origin of prices is another, else what is new. An update cannot
    /// take a value back: after real prices a bot would keep the real bid beside a made-up price.
    fn record(&mut self, quote: &Arc<FeedQuote>, lite: bool) -> Option<FeedRecord> {
        let before = self.sent.replace(Arc::clone(quote));
        let Some(before) = before.filter(|sent| sent.is_continued_by(quote)) else {
            return Some(FeedRecord::Snapshot(Box::new(self.snapshot(quote))));
        };
        let (before, values) = (&before.snapshot.values, &quote.snapshot.values);
        if lite && quote.item.kind != TopicKind::Depth {
            let value = values.first().copied()?;
            return (before.first() != Some(&value))
                .then_some(FeedRecord::LastPrice { topic: self.id, value });
        }
        (before != values).then(|| FeedRecord::Update { topic: self.id, values: values.clone() })
    }

    /// Under the names that this bot knows: it may have looked them up while FYERS could not be asked.
    fn snapshot(&self, quote: &FeedQuote) -> FeedSnapshot {
        FeedSnapshot {
            topic: self.id,
            name: self.name.clone(),
            exchange: self.topic.segment.clone(),
            token: self.topic.token.clone(),
            ..quote.snapshot.clone()
        }
    }
}

fn has(channels: u64, channel: u8) -> bool {
    1u64.checked_shl(u32::from(channel)).is_some_and(|bit| channels & bit != 0)
}

fn notice(code: i32, message: &str, about: u8) -> ServerFrame {
    ServerFrame::Notice { code, message: message.to_owned(), about }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use fyers_api::hsm::ABSENT;
    use mock_exchange::PriceOrigin;

    use super::*;

    const TOPIC: &str = "sf|nse_cm|3045";

    fn known() -> (HsmClient, Directory) {
        let (mut client, mut names) = (HsmClient::default(), Directory::default());
        names.learn("NSE:SBIN-EQ", "10100000003045");
        client.authenticated(true);
        (client, names)
    }

    fn quote(ltp: i32, precision: u8) -> Arc<FeedQuote> {
        let snapshot = FeedSnapshot {
            topic: 99,
            name: "another".to_owned(),
            values: vec![ltp, 7],
            multiplier: 1,
            precision,
            exchange: String::new(),
            token: String::new(),
            symbol: "SBIN-EQ".to_owned(),
        };
        FeedQuote::new(Item::quote("NSE:SBIN-EQ"), snapshot, PriceOrigin::Live, DateTime::default()).into()
    }

    fn subscribe(channel: u8) -> ClientFrame {
        ClientFrame::Subscribe { topics: vec![TOPIC.to_owned(), "odd".to_owned()], channel }
    }

    fn records(frames: Vec<ServerFrame>) -> Vec<FeedRecord> {
        let of = |frame| match frame {
            ServerFrame::Feed(feed) => feed.records,
            _ => vec![],
        };
        frames.into_iter().flat_map(of).collect()
    }

    #[test]
    fn a_snapshot_comes_first_and_then_what_is_new() {
        let (mut client, names) = known();
        let (answers, step) = client.received(subscribe(11), &names);
        assert_eq!(answers, [ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true }]);
        assert_eq!(step, Some(HsmStep::Follow(vec![Item::quote("NSE:SBIN-EQ")])));
        let first = records(client.feed([&quote(80_000, 2)]));
        let FeedRecord::Snapshot(all) = &first[0] else { panic!("{first:?}") };
        assert_eq!((all.name.as_str(), all.topic, all.token.as_str()), (TOPIC, 1, "3045"));
        assert_eq!(records(client.feed([&quote(80_000, 2)])), []);
        assert_eq!(
            records(client.feed([&quote(80_100, 2)])),
            [FeedRecord::Update { topic: 1, values: vec![80_100, 7] }]
        );
        assert!(
            matches!(records(client.feed([&quote(80_100, 4)]))[..], [FeedRecord::Snapshot(_)]),
            "another scale"
        );
        let leave = ClientFrame::Unsubscribe { topics: vec![TOPIC.to_owned()], channel: 11 };
        assert_eq!(client.received(leave, &names).1, Some(HsmStep::Leave(vec![Item::quote("NSE:SBIN-EQ")])));
        assert_eq!(records(client.feed([&quote(80_200, 4)])), []);
    }

    #[test]
    fn made_up_prices_begin_and_end_with_a_snapshot() {
        let (mut client, names) = known();
        client.received(subscribe(11), &names);
        client.feed([&quote(80_000, 2)]);
        let walk = |ltp: i32| {
            let mut walk = FeedQuote::clone(&quote(ltp, 2));
            walk.set_origin(PriceOrigin::Walk);
            walk.snapshot.values = vec![ltp, ABSENT];
            Arc::new(walk)
        };
        let told = records(client.feed([&walk(79_000)]));
        assert!(
            matches!(&told[..], [FeedRecord::Snapshot(all)] if all.values == [79_000, ABSENT] && all.topic == 1),
            "an absent value in an update would leave the real one: {told:?}"
        );
        assert!(matches!(records(client.feed([&walk(79_100)]))[..], [FeedRecord::Update { topic: 1, .. }]));
        client.received(ClientFrame::Mode { channels: 1 << 11, mode: DataMode::Lite }, &names);
        let told = records(client.feed([&quote(79_100, 2)]));
        assert!(matches!(&told[..], [FeedRecord::Snapshot(all)] if all.values == [79_100, 7]), "{told:?}");
    }

    #[test]
    fn lite_and_paused_channels_are_their_own() {
        let (mut client, names) = known();
        client.received(ClientFrame::Mode { channels: 1 << 11, mode: DataMode::Lite }, &names);
        client.received(subscribe(11), &names);
        client.feed([&quote(1, 2)]);
        assert_eq!(records(client.feed([&quote(2, 2)])), [FeedRecord::LastPrice { topic: 1, value: 2 }]);
        client.received(ClientFrame::Pause { channels: 1 << 11 }, &names);
        assert_eq!(records(client.feed([&quote(3, 2)])), []);
        let (_, step) = client.received(ClientFrame::Resume { channels: 1 << 11 }, &names);
        assert!(
            matches!(step, Some(HsmStep::Follow(items)) if items.len() == 1),
            "what was missed comes again"
        );
        assert_eq!(records(client.feed([&quote(3, 2)])), [FeedRecord::LastPrice { topic: 1, value: 3 }]);
    }

    #[test]
    fn nothing_is_told_without_a_key() {
        let (mut client, names) = known();
        let refused = ServerFrame::Auth { is_ok: false, ack_every: ACK_EVERY, names: None };
        assert_eq!(client.authenticated(false), refused);
        let (answers, step) = client.received(subscribe(11), &names);
        assert!(
            matches!(answers[..], [ServerFrame::Notice { code: NOT_AUTHENTICATED, .. }]) && step.is_none()
        );
        let auth = ClientFrame::Auth { key: "k".to_owned(), mode: "P".to_owned(), source: String::new() };
        assert_eq!(client.received(auth, &names), (vec![], Some(HsmStep::Key("k".to_owned()))));
    }

    #[test]
    fn the_javascript_sdk_is_told_the_names_of_fields() {
        for (source, is_told) in [("JS_API", true), ("PythonSDK-3.2.0", false)] {
            let (mut client, names) = known();
            let (key, mode, source) = ("k".to_owned(), "P".to_owned(), source.to_owned());
            client.received(ClientFrame::Auth { key, mode, source }, &names);
            let answer = client.authenticated(true);
            assert!(matches!(answer, ServerFrame::Auth { names, .. } if names.is_some() == is_told));
        }
    }

    #[test]
    fn what_is_too_many_is_not_kept() {
        let (mut client, names) = known();
        client.received(subscribe(11), &names);
        let told = client.too_many(&[Item::quote("NSE:SBIN-EQ")]);
        assert!(matches!(told, ServerFrame::Notice { code: SYMBOL_LIMIT, .. }));
        assert_eq!(records(client.feed([&quote(1, 2)])), []);
    }
}
