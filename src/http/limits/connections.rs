//! The connections of the listener: never more than there are files for, and the right one makes room.
//!
//! A client that opens connections and never finishes a request must not keep anybody else out, a container's
//! health check least of all. So a full listener does not refuse the newest connection, it closes the one that
//! has deserved it most: who has just come and has not been heard yet goes last of those without the key, whoever else
//! comes from its address. Before anybody else goes who does not take what he has asked for (`merit::stuck`), and then
//! whoever has shown a key with which a quarter of all connections were opened. Where nobody else can go, some more come in.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::{Duration, Instant},
};

use actix_web::{http::Method, rt::net::TcpStream};
use keeper_domain::{address::Network, keys::BotName};
use tokio::time::sleep;

mod guarded;
mod merit;

pub(in crate::http) use guarded::Guarded;
use merit::{Known, Merit, Room, room, stuck};

/// How long an answer before the end of its request's body may take to arrive.
const CLOSE_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct State {
    /// Whose it is; `None` for one of a trusted proxy.
    client: Option<Network>,
    merit: Merit,
    answering: u32,
    /// So many of them may change something.
    changing: u32,
    is_closed: bool,
    /// So many bytes may be read until somebody has handled some; any number where it is not set.
    window: Option<usize>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Slot {
    id: u64,
    state: Mutex<State>,
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

/// A connection, as requests on it know it.
#[derive(Debug, Clone)]
pub(in crate::http) struct Connection(Arc<Slot>);

impl Connection {
    /// The right key was shown on it, this bot's where it is known; or a page session that was begun with it.
    pub(in crate::http) fn trust(&self, bot: Option<&BotName>) {
        let key = bot.map(BotName::number);
        let mut state = self.0.state();
        (state.merit.is_trusted, state.merit.key) = (true, key);
    }

    /// A standby asks on it for this client. Its connections serve whoever asks there, one after the other: until the next request
    /// this one is his, and what others have shown on it is not.
    pub(in crate::http) fn asks_for(&self, client: Network) {
        let mut state = self.0.state();
        state.client = Some(client);
        (state.merit.is_trusted, state.merit.key) = (false, None);
    }

    /// From now on no more than this is read ahead of what [`Connection::handled`] tells: the HTTP library would read on
    /// for a socket that is not asked for its bytes.
    pub(in crate::http) fn read_ahead(&self, bytes: usize) {
        self.0.state().window = Some(bytes);
    }

    /// So many bytes have been handled.
    pub(in crate::http) fn handled(&self, bytes: usize) {
        let mut state = self.0.state();
        let Some(window) = &mut state.window else { return };
        *window = window.saturating_add(bytes);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// Closes it now.
    pub(in crate::http) fn close(&self) {
        self.0.close();
    }

    /// Closes it once the answer that is being written has had its time: the rest of a body that nobody reads would
    /// keep it open.
    #[expect(
        clippy::disallowed_methods,
        reason = "the listener has no tree; a lost wait only leaves a connection open"
    )]
    pub(in crate::http) fn close_soon(&self) {
        let slot = Arc::clone(&self.0);
        actix_web::rt::spawn(async move {
            sleep(CLOSE_AFTER).await;
            slot.close();
        });
    }

    /// A request on it was read whole and is being answered: until the returned value is dropped, it is not closed
    /// to make room; one that only reads and can be asked again is, where all others have such a request and the key.
    pub(in crate::http) fn answering(&self, method: &Method) -> Answering {
        let changes = !method.is_safe();
        let mut state = self.0.state();
        state.answering += 1;
        state.changing += u32::from(changes);
        Answering(self.clone(), changes)
    }
}

/// See [`Connection::answering`].
#[derive(Debug)]
pub(crate) struct Answering(Connection, bool);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.0.0.state();
        state.answering -= 1;
        state.changing -= u32::from(self.1);
    }
}

#[derive(Debug)]
struct Table {
    began: Instant,
    most: usize,
    proxies: Vec<Network>,
    next: u64,
    open: BTreeMap<u64, Arc<Slot>>,
}

/// All connections of one listener.
#[derive(Debug, Clone)]
pub(in crate::http) struct Connections(Arc<Mutex<Table>>);

impl Connections {
    /// At most so many at once; these proxies are trusted.
    pub(in crate::http) fn new(most: usize, proxies: Vec<Network>) -> Self {
        let table = Table { began: Instant::now(), most, proxies, next: 0, open: BTreeMap::new() };
        Self(Arc::new(Mutex::new(table)))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new connection in, and closes another one for it where there is no room. `None` when all others
    /// are being answered.
    pub(in crate::http) fn admit(&self, stream: TcpStream) -> Option<(Guarded, Option<SocketAddr>)> {
        // What is written is whole: it does not wait until a reader has acknowledged what was before. Where it cannot be
        // set, it waits.
        let _waits = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok();
        let client = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let mut table = self.table();
        if !table.makes_room() {
            return None;
        }
        let is_proxy = table.proxies.iter().any(|proxy| proxy.contains(client));
        let slot = table.add((!is_proxy).then(|| Network::of_client(client)));
        Some((Guarded::new(stream, slot, self.clone()), peer))
    }

    /// Closes the connection whose answer has waited longest to be taken, where one waits for too long: what it holds is
    /// wanted. False when there is none.
    pub(in crate::http) fn relieve(&self) -> bool {
        let mut table = self.table();
        let stuck = stuck(&table.candidates(), table.most).map(|(id, ..)| *id);
        stuck.is_some_and(|id| table.close(id))
    }
}

impl Table {
    /// Closes whoever has to go for one more; false when nobody does.
    fn makes_room(&mut self) -> bool {
        loop {
            match self.room() {
                Room::Free => return true,
                Room::None => return false,
                Room::Close(id) => {
                    self.close(id);
                }
            }
        }
    }

    fn close(&mut self, id: u64) -> bool {
        let slot = self.open.remove(&id);
        slot.iter().for_each(|slot| slot.close());
        slot.is_some()
    }

    fn room(&self) -> Room {
        if self.open.len() < self.most { Room::Free } else { room(&self.candidates(), self.most) }
    }

    fn candidates(&self) -> Vec<Known> {
        let now = self.began.elapsed();
        let known = |slot: &Arc<Slot>| {
            let state = slot.state();
            let (is_busy, only_reads) = (state.answering > 0, state.changing == 0);
            let merit = Merit { is_busy, only_reads, ..state.merit };
            (slot.id, state.client, merit.as_of(now))
        };
        self.open.values().map(known).collect()
    }

    fn add(&mut self, client: Option<Network>) -> Arc<Slot> {
        let id = self.next;
        self.next += 1;
        let last_use = self.began.elapsed();
        let merit = Merit { last_use, ..Merit::NEW };
        let (answering, changing) = (0, 0);
        let state = State { client, merit, answering, changing, is_closed: false, window: None, waker: None };
        let slot = Arc::new(Slot { id, state: Mutex::new(state) });
        self.open.insert(id, Arc::clone(&slot));
        slot
    }
}

#[cfg(test)]
mod tests;
