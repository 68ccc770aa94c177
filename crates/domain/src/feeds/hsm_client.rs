//! A bot at the keeper's data socket, in FYERS' own protocol: the server's side.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

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
/// Bytes of a topic: FYERS' longest are names of indices. The name is kept, so what is longer is none.
const LONGEST_TOPIC: usize = 64;
/// Topics that may be about the same: a bot may know a symbol by FYERS' token and by a made-up one.
const MOST_NAMES: usize = 4;
/// Records of one frame: their texts are short, and a frame's length must fit into 16 bits.
const BATCH: usize = 200;

/// What follows from a frame beside its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HsmStep {
    /// This key was shown: see [`HsmClient::authenticated`].
    Key(String),
    /// Follow what these topics are about; see [`HsmClient::keep`].
    Subscribe(Vec<HsmWish>),
    /// Tell these again.
    Follow(Vec<Item>),
    /// Follow these no longer.
    Leave(Vec<Item>),
}

/// A topic that is not followed yet, or is to be told from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HsmWish {
    /// What it is about.
    pub item: Item,
    topic: Topic,
    channel: u8,
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
            ClientFrame::Subscribe { topics, channel } => Self::subscribe(&topics, channel, names),
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

    /// A topic that cannot be one is passed over, as FYERS does it.
    fn subscribe(topics: &[String], channel: u8, names: &Directory) -> (Vec<ServerFrame>, Option<HsmStep>) {
        let short = topics.iter().filter(|name| name.len() <= LONGEST_TOPIC);
        let known = short.filter_map(|name| name.parse::<Topic>().ok());
        let wishes = known.map(|topic| HsmWish { item: names.item(&topic), topic, channel }).collect();
        (
            vec![ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true }],
            Some(HsmStep::Subscribe(wishes)),
        )
    }

    /// Keeps what is followed from now on, but for these items: they were too many. Nothing of them has been kept, and
    /// the bot is told.
    pub fn keep(&mut self, wishes: Vec<HsmWish>, too_many: &[Item]) -> Option<ServerFrame> {
        let refused: HashSet<&Item> = too_many.iter().collect();
        let mut left = 0;
        for wish in wishes {
            let is_kept = !refused.contains(&wish.item) && self.keep_one(wish);
            left += usize::from(!is_kept);
        }
        (left > 0).then(|| notice(SYMBOL_LIMIT, &format!("Symbol limit exceeded by {left}"), 4))
    }

    /// False when there are too many topics about the same.
    fn keep_one(&mut self, HsmWish { item, topic, channel }: HsmWish) -> bool {
        let name = topic.to_string();
        if let Some(known) = self.subscription(&name) {
            (known.channel, known.sent) = (channel, None);
            return true;
        }
        let all = self.by_item.entry(item.clone()).or_default();
        if all.len() >= MOST_NAMES {
            return false;
        }
        self.last_id = self.last_id.wrapping_add(1);
        all.push(Subscription { id: self.last_id, name: name.clone(), channel, topic, sent: None });
        self.topics.insert(name, item);
        true
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
#[path = "hsm_client_tests.rs"]
mod tests;
