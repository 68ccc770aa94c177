//! What FYERS' order sockets tell, on its way to bots: once each, whatever becomes of a connection.

use std::sync::{Arc, Mutex, PoisonError};

use fyers_api::order_socket::{DayBooks, OrderTopic, ServerText};
use keeper_domain::{
    feeds::{
        connections::Generation,
        news::OrderNews,
        overlap::Overlap,
        recovery::{EventTime, Finished, Recovery},
    },
    ports::Time,
    routing::Venue,
};
use tokio::sync::watch;

use crate::{drift::DriftLog, hub::Hub};

#[derive(Default)]
struct Told {
    overlap: Overlap,
    recovery: Recovery,
}

/// What bots knew when they began to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Unknown,
    /// The books are on their way.
    Asked,
    Known,
}

/// A handle; all clones are the same. What bots know outlives a restart of the FeedsActor.
#[derive(Clone)]
pub(super) struct OrderEvents {
    hub: Hub,
    time: Arc<dyn Time>,
    told: Arc<Mutex<Told>>,
    beginning: Arc<watch::Sender<Beginning>>,
    drift: DriftLog,
}

impl OrderEvents {
    pub(super) fn new(hub: Hub, time: Arc<dyn Time>, drift: DriftLog) -> Self {
        let beginning = Arc::new(watch::Sender::new(Beginning::Unknown));
        Self { hub, time, told: Arc::default(), beginning, drift }
    }

    /// What was told of FYERS' answers.
    pub(super) fn drift(&self) -> &DriftLog {
        &self.drift
    }

    /// Applies a rule and tells bots what follows, before anybody else can.
    fn with<T>(&self, rule: impl FnOnce(&mut Told, EventTime) -> (Vec<OrderNews>, T)) -> T {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = EventTime { elapsed: self.hub.now(), at: self.time.now() };
        let (news, result) = rule(&mut told, now);
        for one in news {
            self.hub.with(|feeds, now| feeds.order(one, now));
        }
        result
    }

    /// A connection is open; it has not subscribed yet.
    pub(super) fn opened(&self, generation: Generation) {
        self.with(|told, _| (vec![], told.overlap.opened(generation)));
    }

    /// A connection tells something.
    pub(super) fn heard(&self, generation: Generation, text: &str) {
        let Some(news) = news(text) else { return };
        self.with(|told, now| {
            let news = told.overlap.is_new(generation, text).then_some(news);
            (news.and_then(|news| told.recovery.hear(news, now)).into_iter().collect(), ())
        });
    }

    /// Whether somebody is to read the books with which knowledge begins, and then call [`OrderEvents::begin_at`].
    pub(super) fn needs_a_beginning(&self) -> bool {
        self.beginning.send_if_modified(|beginning| {
            let is_unknown = *beginning == Beginning::Unknown;
            if is_unknown {
                *beginning = Beginning::Asked;
            }
            is_unknown
        })
    }

    /// The books with which knowledge begins, or none.
    pub(super) fn begin_at(&self, books: Option<&DayBooks>) {
        let known = books.is_some();
        self.beginning.send_if_modified(|beginning| {
            let is_asked = *beginning == Beginning::Asked;
            if let Some(books) = books.filter(|_| is_asked) {
                self.with(|told, now| (vec![], told.recovery.begin_at(books, now)));
            }
            if is_asked {
                *beginning = if known { Beginning::Known } else { Beginning::Unknown };
            }
            is_asked
        });
    }

    /// Waits while these books are on their way: those that are asked for later must not come before them.
    pub(super) async fn begun(&self) {
        let mut beginning = self.beginning.subscribe();
        // The sender lives as long as this does.
        let _known = beginning.wait_for(|beginning| *beginning != Beginning::Asked).await;
    }

    /// The books are asked for; what the connection tells waits for them, if it `holds`.
    pub(super) fn ask(&self, generation: Generation, holds: bool) {
        self.with(|told, _| (vec![], told.recovery.ask(generation, holds)));
    }

    /// The books are here. False when they are to be read once more.
    pub(super) fn finish(&self, generation: Generation, books: &DayBooks) -> bool {
        let missed = self.with(|told, now| match told.recovery.finish(generation, books, now) {
            Finished::Tell { news, missed } => (news, Some(missed)),
            Finished::ReadAgain => (vec![], None),
        });
        if let Some(count) = missed.filter(|count| *count > 0) {
            tracing::info!(
                event = "feed.recovered",
                actor = "feeds",
                count = count as u64,
                "what happened to orders while FYERS' order socket was away was told to bots from the books"
            );
        }
        missed.is_some()
    }

    /// The books do not come.
    pub(super) fn give_up(&self, generation: Generation) {
        self.with(|told, now| (told.recovery.give_up(generation, now), ()));
    }

    /// A connection has ended.
    pub(super) fn closed(&self, generation: Generation) {
        self.with(|told, now| {
            told.overlap.closed(generation);
            (told.recovery.give_up(generation, now), ())
        });
    }

    /// Every connection has ended at once, and their numbers begin anew.
    pub(super) fn restarted(&self) {
        self.with(|told, now| {
            told.overlap = Overlap::default();
            (told.recovery.interrupted(now), ())
        });
        self.begin_at(None);
    }

    /// Nobody listens.
    pub(super) fn forget(&self) {
        self.with(|told, _| (vec![], told.recovery.forget()));
        self.beginning.send_replace(Beginning::Unknown);
    }
}

/// What bots are told of a text, which they get as it came.
fn news(text: &str) -> Option<OrderNews> {
    let topic = match ServerText::read(text)? {
        ServerText::Pong | ServerText::Subscribed => return None,
        ServerText::Order(_) => Some(OrderTopic::Orders),
        ServerText::Trade(_) => Some(OrderTopic::Trades),
        ServerText::Position(_) => Some(OrderTopic::Positions),
        ServerText::General(_) => None,
    };
    Some(OrderNews { venue: Venue::Fyers, topic, text: text.into() })
}
