//! One connection to FYERS' data socket, from its beginning to its end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use fyers_api::hsm::{ClientFrame, ServerFrame};
use keeper_domain::{
    clock::{
        calendar::Calendar,
        sessions::{Segment, open_session},
    },
    feeds::{
        data_link::{DataLink, LinkStep},
        directory::Item,
        news::{EndReason, Upstream},
        quote::FeedQuote,
    },
    ports::{BrokerProxy, BrokerSocket, BrokerSockets, SocketError, SocketMessage, Time},
    secret::AccessToken,
};
use mock_exchange::PriceOrigin;
use tokio::time::{Instant, interval, timeout};

use crate::hub::Hub;

/// How long a handshake may take, and then the first subscriptions.
pub(super) const OPEN_LIMIT: Duration = Duration::from_secs(15);
/// Time between two keep-alives, as FYERS' SDKs have it.
pub(super) const PING_EVERY: Duration = Duration::from_secs(10);

/// What a connection is opened with.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) hub: Hub,
    pub(super) sockets: Arc<dyn BrokerSockets>,
    /// For the books; `None` when no app is configured.
    pub(super) proxy: Option<Arc<dyn BrokerProxy>>,
    pub(super) token: Arc<AccessToken>,
    pub(super) time: Arc<dyn Time>,
    pub(super) calendar: Arc<Calendar>,
    /// Connections in a row that ended mute without a single change of a value.
    pub(super) mutes: Arc<AtomicU32>,
}

impl Opening {
    /// The open socket, or why there is none.
    pub(super) async fn open(&self, which: Upstream) -> Result<Box<dyn BrokerSocket>, EndReason> {
        match timeout(OPEN_LIMIT, self.sockets.open(which, &self.token)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(SocketError::Refused(401 | 403))) => Err(EndReason::Refused),
            Ok(Err(_)) | Err(_) => Err(EndReason::Unreachable),
        }
    }
}

/// Runs the connection; returns why it ended. `ready` is called once, when all is subscribed.
pub(super) async fn run(opening: Opening, ready: impl Fn()) -> EndReason {
    let mut link = match Running::open(opening).await {
        Ok(link) => link,
        Err(reason) => return reason,
    };
    loop {
        if let Err(reason) = link.turn(&ready).await {
            return reason;
        }
    }
}

struct Running {
    opening: Opening,
    socket: Box<dyn BrokerSocket>,
    link: DataLink,
    changes: tokio::sync::watch::Receiver<u64>,
    second: tokio::time::Interval,
    last_ping: Instant,
    began: Instant,
    is_ready: bool,
}

impl Running {
    async fn open(opening: Opening) -> Result<Self, EndReason> {
        let changes = opening.hub.changes();
        let socket = opening.open(Upstream::Data).await?;
        let (second, began) = (interval(Duration::from_secs(1)), Instant::now());
        let link = DataLink::default();
        let mut running =
            Self { opening, socket, link, changes, second, last_ping: began, began, is_ready: false };
        running.want();
        Ok(running)
    }

    /// What bots want of FYERS, as far as FYERS' names for it are known.
    fn want(&mut self) -> Vec<LinkStep> {
        let named = |item: Item, topic: Option<_>| topic.map(|topic| (topic, item));
        let (wanted, now) = self.opening.hub.with(|feeds, now| {
            let all = feeds.wanted().into_iter();
            let wanted: Vec<_> = all
                .filter_map(|item| {
                    let topic = feeds.directory.topic(&item);
                    named(item, topic)
                })
                .collect();
            (wanted, now)
        });
        self.link.want(wanted, now)
    }

    /// The next thing that happens.
    async fn turn(&mut self, ready: &impl Fn()) -> Result<(), EndReason> {
        let steps = tokio::select! {
            message = self.socket.receive() => self.received(message)?,
            changed = self.changes.changed() => {
                // The hub lives as long as the program.
                changed.map_err(|_| EndReason::Lost)?;
                let steps = self.want();
                self.opening.hub.subscribed(Upstream::Data, self.link.subscribed());
                steps
            }
            _ = self.second.tick() => self.look()?,
        };
        self.carry_out(steps, ready).await
    }

    fn received(&mut self, message: Result<SocketMessage, SocketError>) -> Result<Vec<LinkStep>, EndReason> {
        let SocketMessage::Binary(bytes) = message.map_err(|_| EndReason::Lost)? else { return Ok(vec![]) };
        self.opening.hub.heard(Upstream::Data);
        match ServerFrame::decode(&bytes) {
            Ok(frame) => Ok(self.link.received(frame, self.opening.hub.now())),
            // A torn frame: nothing behind it can be trusted to mean what it says.
            Err(error) => {
                tracing::warn!(
                    event = "feed.bad_frame",
                    actor = "feeds",
                    "a frame of FYERS cannot be understood: {error}"
                );
                Err(EndReason::Lost)
            }
        }
    }

    /// Once a second.
    fn look(&mut self) -> Result<Vec<LinkStep>, EndReason> {
        if !self.is_ready && self.began.elapsed() >= OPEN_LIMIT {
            return Err(EndReason::Unreachable);
        }
        if self.is_mute() {
            self.opening.mutes.fetch_add(1, Ordering::Relaxed);
            return Err(EndReason::Mute);
        }
        if self.last_ping.elapsed() < PING_EVERY {
            return Ok(vec![]);
        }
        self.last_ping = Instant::now();
        Ok(vec![LinkStep::Send(ClientFrame::Ping)])
    }

    fn is_mute(&self) -> bool {
        let (calendar, now) = (&self.opening.calendar, self.opening.time.now());
        let open_for = |segment| {
            let session = open_session(calendar, segment, now)?;
            (now - session.open).to_std().ok()
        };
        let open = Segment::ALL.map(|segment| (segment, open_for(segment)));
        let of = |item: &Item| {
            open.iter().find(|(segment, _)| *segment == item.segment()).and_then(|(_, open)| *open)
        };
        self.link.is_mute(self.opening.hub.now(), self.opening.mutes.load(Ordering::Relaxed), of)
    }

    async fn carry_out(&mut self, steps: Vec<LinkStep>, ready: &impl Fn()) -> Result<(), EndReason> {
        let at = self.opening.time.now();
        let (values, others): (Vec<LinkStep>, Vec<LinkStep>) =
            steps.into_iter().partition(|step| matches!(step, LinkStep::Snapshot(..) | LinkStep::Values(..)));
        self.tell(values, at);
        for step in others {
            let hub = &self.opening.hub;
            match step {
                LinkStep::Send(frame) => {
                    let sent = self.socket.send(SocketMessage::Binary(frame.encode())).await;
                    sent.map_err(|_| EndReason::Lost)?;
                }
                LinkStep::Snapshot(..) | LinkStep::Values(..) => {}
                LinkStep::Ready => {
                    self.is_ready = true;
                    hub.subscribed(Upstream::Data, self.link.subscribed());
                    ready();
                }
                LinkStep::Refused => return Err(EndReason::Refused),
                LinkStep::Notice(code, message) => {
                    tracing::warn!(
                        event = "feed.notice",
                        actor = "feeds",
                        code,
                        "FYERS says on the data socket: {message}"
                    );
                    hub.with(|feeds, now| feeds.notice(code, &message, now));
                }
            }
        }
        Ok(())
    }

    /// The values of a frame, in one go: bots are woken once for all of them.
    fn tell(&self, values: Vec<LinkStep>, at: DateTime<Utc>) {
        if values.is_empty() {
            return;
        }
        self.opening.hub.with(|feeds, now| {
            for step in values {
                match step {
                    LinkStep::Snapshot(item, snapshot) => {
                        feeds.snapshot(FeedQuote::new(item, *snapshot, PriceOrigin::Live, at), now);
                    }
                    LinkStep::Values(item, values) => {
                        self.opening.mutes.store(0, Ordering::Relaxed);
                        feeds.update(&item, &values, at, now);
                    }
                    _ => {}
                }
            }
        });
    }
}
