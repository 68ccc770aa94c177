//! All sockets, open and closed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::data_session::DataSession;
use super::info::{SocketFilter, SocketInfo, SocketKind, SocketReport};
use super::outgoing::{Outgoing, SocketEnd};
use crate::broker::OrderTopic;
use crate::faults::Fault;

/// Closed sockets beyond this many are forgotten.
const CLOSED_KEPT: usize = 1_000;
/// Symbols one data socket may subscribe to (section 5).
const SYMBOL_LIMIT: usize = 5_000;

/// A socket at its handshake.
pub(crate) struct NewSocket {
    pub(crate) kind: SocketKind,
    pub(crate) account: Option<String>,
    pub(crate) source: String,
    pub(crate) fault: Option<Fault>,
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    pub(crate) info: SocketInfo,
    pub(crate) data: DataSession,
    pub(crate) topics: BTreeSet<OrderTopic>,
    /// `frames_sent` when the present fault began.
    fault_began: u64,
    outbox: UnboundedSender<Outgoing>,
}

impl OpenSocket {
    /// Queues a message; the connection sends it when its turn comes.
    pub(crate) fn send(&self, message: Outgoing) {
        // The receiver is gone only when the connection is being closed.
        let _closing = self.outbox.send(message);
    }

    pub(crate) fn set_fault(&mut self, fault: Option<Fault>) {
        self.info.fault = fault;
        self.fault_began = self.info.frames_sent;
    }

    /// Frames sent since the present fault began.
    pub(crate) fn sent_under_fault(&self) -> u64 {
        self.info.frames_sent - self.fault_began
    }

    fn info(&self) -> SocketInfo {
        let mut info = self.info.clone();
        let symbols: BTreeSet<_> = self.data.subscriptions.values().map(|one| one.symbol.clone()).collect();
        info.symbols = symbols.into_iter().collect();
        info.subscriptions = match info.kind {
            SocketKind::Data => self.data.subscriptions.keys().cloned().collect(),
            SocketKind::Orders => self.topics.iter().map(|topic| topic.name().to_owned()).collect(),
        };
        (info.lite_channels, info.paused_channels) = (self.data.lite_channels, self.data.paused_channels);
        info
    }
}

/// The sockets and the settings they share.
#[derive(Debug)]
pub(crate) struct Sockets {
    last_id: u64,
    open: BTreeMap<u64, OpenSocket>,
    closed: VecDeque<SocketInfo>,
    most_open: BTreeMap<SocketKind, usize>,
    pub(crate) symbol_limit: usize,
    /// Feed frames per acknowledgement that data sockets are asked for; 0 for none.
    pub(crate) ack_every: u32,
}

impl Default for Sockets {
    fn default() -> Self {
        let (open, closed, most_open) = (BTreeMap::new(), VecDeque::new(), BTreeMap::new());
        Self { last_id: 0, open, closed, most_open, symbol_limit: SYMBOL_LIMIT, ack_every: 0 }
    }
}

impl Sockets {
    /// Adds a connection; returns its id and what is to be sent on it.
    pub(crate) fn open(&mut self, new: NewSocket, now: DateTime<Utc>) -> (u64, UnboundedReceiver<Outgoing>) {
        self.last_id += 1;
        let (outbox, messages) = unbounded_channel();
        let kind = new.kind;
        let info = info(self.last_id, new, now);
        let (data, topics) = (DataSession::default(), BTreeSet::new());
        self.open.insert(self.last_id, OpenSocket { info, data, topics, fault_began: 0, outbox });
        let count = self.open.values().filter(|socket| socket.info.kind == kind).count();
        let most = self.most_open.entry(kind).or_default();
        *most = count.max(*most);
        (self.last_id, messages)
    }

    /// Notes that a connection has ended.
    pub(crate) fn close(&mut self, id: u64, now: DateTime<Utc>) {
        let Some(socket) = self.open.remove(&id) else { return };
        self.closed.push_back(SocketInfo { closed_at: Some(now), ..socket.info() });
        if self.closed.len() > CLOSED_KEPT {
            self.closed.pop_front();
        }
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut OpenSocket> {
        self.open.get_mut(&id)
    }

    /// Open sockets, oldest first.
    pub(crate) fn matching(&mut self, filter: SocketFilter) -> impl Iterator<Item = &mut OpenSocket> {
        self.open.values_mut().filter(move |socket| filter.covers(&socket.info))
    }

    /// Ends connections and says how many.
    pub(crate) fn end(&mut self, filter: SocketFilter, how: SocketEnd) -> usize {
        self.matching(filter).map(|socket| socket.send(Outgoing::End(how))).count()
    }

    pub(crate) fn report(&self) -> SocketReport {
        let most = |kind| self.most_open.get(&kind).copied().unwrap_or_default();
        SocketReport {
            open: self.open.values().map(OpenSocket::info).collect(),
            closed: self.closed.iter().cloned().collect(),
            most_open_data: most(SocketKind::Data),
            most_open_orders: most(SocketKind::Orders),
        }
    }
}

fn info(id: u64, new: NewSocket, opened_at: DateTime<Utc>) -> SocketInfo {
    SocketInfo {
        id,
        kind: new.kind,
        account: new.account,
        source: new.source,
        opened_at,
        closed_at: None,
        subscriptions: Vec::new(),
        symbols: Vec::new(),
        lite_channels: 0,
        paused_channels: 0,
        frames_sent: 0,
        frames_received: 0,
        pings: 0,
        last_ack: None,
        malformed: 0,
        fault: new.fault,
    }
}
