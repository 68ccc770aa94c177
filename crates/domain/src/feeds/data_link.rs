//! One connection to FYERS' data socket, as the client's side of its protocol: authenticates, subscribes what is wanted,
//! and understands what comes.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use fyers_api::hsm::{
    ClientFrame, DEFAULT_CHANNEL, DataMode, FeedRecord, FeedSnapshot, ServerFrame, ServerReply, Topic,
};

use super::directory::Item;

/// Topics of one subscribe message, as FYERS' SDKs send them.
const BATCH: usize = 60;
/// So long may a connection with subscriptions be silent while their market is open.
pub const MUTE: Duration = Duration::from_secs(30);
/// Longest patience with a connection that only ever told how things stood.
const LONGEST_MUTE: Duration = Duration::from_secs(240);

/// What follows from a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum LinkStep {
    /// To be sent.
    Send(ClientFrame),
    /// Everything about an item.
    Snapshot(Item, Box<FeedSnapshot>),
    /// New values from the first on.
    Values(Item, Vec<i32>),
    /// It is open and all that was wanted is subscribed.
    Ready,
    /// FYERS does not take the key.
    Refused,
    /// FYERS says something.
    Notice(i32, String),
}

/// See the module.
#[derive(Debug, Default)]
pub struct DataLink {
    is_open: bool,
    is_ready: bool,
    wanted: BTreeMap<String, Item>,
    sent: BTreeMap<String, Item>,
    unanswered: usize,
    ids: HashMap<u16, Item>,
    ack_every: u32,
    unacknowledged: u32,
    last_data: Duration,
}

impl DataLink {
    /// What is sent first.
    pub fn opening(hsm_key: &str) -> [ClientFrame; 2] {
        let source = concat!("fyers-keeper-", env!("CARGO_PKG_VERSION"));
        let auth =
            ClientFrame::Auth { key: hsm_key.to_owned(), mode: "P".to_owned(), source: source.to_owned() };
        [ClientFrame::Ping, auth]
    }

    /// What is to be subscribed from now on; the steps that lead there.
    pub fn want(&mut self, wanted: impl IntoIterator<Item = (Topic, Item)>, now: Duration) -> Vec<LinkStep> {
        self.wanted = wanted.into_iter().map(|(topic, item)| (topic.to_string(), item)).collect();
        if self.is_open { self.reconcile(now) } else { vec![] }
    }

    fn reconcile(&mut self, now: Duration) -> Vec<LinkStep> {
        let gone: Vec<String> =
            self.sent.keys().filter(|topic| !self.wanted.contains_key(*topic)).cloned().collect();
        let new: Vec<String> =
            self.wanted.keys().filter(|topic| !self.sent.contains_key(*topic)).cloned().collect();
        if self.sent.is_empty() && !new.is_empty() {
            self.last_data = now;
        }
        self.sent.clone_from(&self.wanted);
        let channel = DEFAULT_CHANNEL;
        let leave =
            gone.chunks(BATCH).map(|topics| ClientFrame::Unsubscribe { topics: topics.into(), channel });
        let join = new.chunks(BATCH).map(|topics| ClientFrame::Subscribe { topics: topics.into(), channel });
        self.unanswered += new.chunks(BATCH).len();
        let mut steps: Vec<LinkStep> = leave.chain(join).map(LinkStep::Send).collect();
        steps.extend(self.ready());
        steps
    }

    /// Once, when nothing is outstanding any more.
    fn ready(&mut self) -> Option<LinkStep> {
        let now = self.is_open && self.unanswered == 0;
        (now && !std::mem::replace(&mut self.is_ready, now)).then_some(LinkStep::Ready)
    }

    /// Understands a frame.
    pub fn received(&mut self, frame: ServerFrame, now: Duration) -> Vec<LinkStep> {
        match frame {
            ServerFrame::Auth { is_ok: false, .. } => vec![LinkStep::Refused],
            ServerFrame::Auth { is_ok: true, ack_every, .. } => {
                (self.is_open, self.ack_every) = (true, ack_every);
                let mode = ClientFrame::Mode { channels: 1 << DEFAULT_CHANNEL, mode: DataMode::Full };
                let mut steps = vec![LinkStep::Send(mode)];
                steps.extend(self.reconcile(now));
                steps
            }
            ServerFrame::Done { to: ServerReply::Subscribe, .. } => {
                self.unanswered = self.unanswered.saturating_sub(1);
                self.ready().into_iter().collect()
            }
            ServerFrame::Done { .. } => vec![],
            ServerFrame::Notice { code, message, .. } => vec![LinkStep::Notice(code, message)],
            ServerFrame::Feed(feed) => {
                self.last_data = now;
                let mut steps: Vec<LinkStep> =
                    feed.records.into_iter().filter_map(|record| self.record(record)).collect();
                steps.extend(self.acknowledge(feed.number));
                steps
            }
        }
    }

    fn record(&mut self, record: FeedRecord) -> Option<LinkStep> {
        match record {
            FeedRecord::Snapshot(all) => {
                let item = self.sent.get(&all.name)?.clone();
                self.ids.insert(all.topic, item.clone());
                Some(LinkStep::Snapshot(item, all))
            }
            FeedRecord::Update { topic, values } => Some(LinkStep::Values(self.followed(topic)?, values)),
            FeedRecord::LastPrice { topic, value } => {
                Some(LinkStep::Values(self.followed(topic)?, vec![value]))
            }
        }
    }

    fn followed(&self, topic: u16) -> Option<Item> {
        self.ids.get(&topic).cloned()
    }

    fn acknowledge(&mut self, number: u32) -> Option<LinkStep> {
        self.unacknowledged += 1;
        if self.ack_every == 0 || self.unacknowledged < self.ack_every {
            return None;
        }
        self.unacknowledged = 0;
        Some(LinkStep::Send(ClientFrame::Ack { number }))
    }

    /// Whether it has been silent for too long. `is_open` says whether an item's market is open, and since when if that
    /// is known; `before` counts connections in a row that ended so without a single change of a value: a symbol that
    /// nobody trades is not worth a connection every half minute.
    pub fn is_mute(&self, now: Duration, before: u32, open_for: impl Fn(&Item) -> Option<Duration>) -> bool {
        let patience = MUTE.saturating_mul(1 << before.min(3)).min(LONGEST_MUTE);
        let open = self.sent.values().filter_map(open_for).max();
        self.is_open
            && now.saturating_sub(self.last_data) >= patience
            && open.is_some_and(|open| open >= patience)
    }

    /// How many topics are subscribed.
    pub fn subscribed(&self) -> usize {
        self.sent.len()
    }
}

#[cfg(test)]
mod tests {
    use fyers_api::hsm::Feed;

    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn wanted(count: usize) -> Vec<(Topic, Item)> {
        let one =
            |n: usize| (format!("sf|nse_cm|{n}").parse().unwrap(), Item::quote(&format!("NSE:S{n}-EQ")));
        (0..count).map(one).collect()
    }

    fn feed(records: Vec<FeedRecord>) -> ServerFrame {
        ServerFrame::Feed(Feed { number: 7, records })
    }

    fn snapshot(name: &str, topic: u16) -> FeedRecord {
        FeedRecord::Snapshot(Box::new(FeedSnapshot {
            topic,
            name: name.to_owned(),
            values: vec![1],
            multiplier: 1,
            precision: 2,
            exchange: String::new(),
            token: String::new(),
            symbol: String::new(),
        }))
    }

    const AUTH: ServerFrame = ServerFrame::Auth { is_ok: true, ack_every: 2, names: None };
    const DONE: ServerFrame = ServerFrame::Done { to: ServerReply::Subscribe, is_ok: true };

    fn sizes(steps: &[LinkStep]) -> Vec<usize> {
        let size = |step: &LinkStep| match step {
            LinkStep::Send(ClientFrame::Subscribe { topics, .. }) => Some(topics.len()),
            _ => None,
        };
        steps.iter().filter_map(size).collect()
    }

    #[test]
    fn it_is_ready_when_everything_is_subscribed() {
        let mut link = DataLink::default();
        assert_eq!(link.want(wanted(130), at(0)), [], "nothing before the key was taken");
        let steps = link.received(AUTH, at(0));
        assert_eq!(sizes(&steps), [60, 60, 10]);
        assert!(!steps.contains(&LinkStep::Ready));
        let answers: Vec<_> = (0..3).map(|_| link.received(DONE, at(0))).collect();
        assert_eq!(answers, [vec![], vec![], vec![LinkStep::Ready]]);
        let steps = link.want(wanted(131), at(1));
        assert_eq!(sizes(&steps), [1]);
        assert_eq!(link.received(DONE, at(1)), [], "it says so once");
        let steps = link.want(wanted(1), at(1));
        assert!(
            matches!(&steps[2], LinkStep::Send(ClientFrame::Unsubscribe { topics, .. }) if topics.len() == 10)
        );
        assert_eq!(
            link.received(ServerFrame::Auth { is_ok: false, ack_every: 0, names: None }, at(1)),
            [LinkStep::Refused]
        );
    }

    #[test]
    fn values_are_those_of_the_items_that_were_wanted() {
        let mut link = DataLink::default();
        link.want(wanted(2), at(0));
        link.received(AUTH, at(0));
        let item = Item::quote("NSE:S1-EQ");
        let update = |topic| FeedRecord::Update { topic, values: vec![5] };
        let steps = link.received(
            feed(vec![snapshot("sf|nse_cm|1", 9), update(9), update(8), snapshot("sf|x|1", 3)]),
            at(1),
        );
        assert_eq!(steps.len(), 2, "an unknown number and a topic that nobody wants are passed over");
        assert_eq!(steps[1], LinkStep::Values(item, vec![5]));
        let acknowledged = link.received(feed(vec![]), at(1));
        assert_eq!(
            acknowledged,
            [LinkStep::Send(ClientFrame::Ack { number: 7 })],
            "as often as FYERS wants it"
        );
    }

    #[test]
    fn silence_is_a_fault_only_while_the_market_is_open() {
        let mut link = DataLink::default();
        let open = |for_seconds: u64| move |_: &Item| Some(at(for_seconds));
        link.want(wanted(1), at(0));
        assert!(!link.is_mute(at(99), 0, open(99)), "it is not open yet");
        link.received(AUTH, at(100));
        assert!(!link.is_mute(at(129), 0, open(999)));
        assert!(link.is_mute(at(130), 0, open(999)));
        assert!(!link.is_mute(at(130), 0, |_| None), "closed");
        assert!(!link.is_mute(at(130), 0, open(29)), "the market has just opened");
        assert!(!link.is_mute(at(130), 1, open(999)), "more patience with one that never ticks");
        assert!(link.is_mute(at(160), 1, open(999)));
        assert!(link.is_mute(at(340), 9, open(999)), "but not for ever");
        link.received(feed(vec![]), at(150));
        assert!(!link.is_mute(at(179), 0, open(999)));
        link.want([], at(180));
        assert!(!link.is_mute(at(999), 0, open(999)), "nothing is subscribed");
    }
}
