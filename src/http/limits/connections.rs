//! The connections of the listener: never more than there are files for, and the right one makes room.
//!
//! A client that opens connections and never finishes a request must not keep anybody else out, a container's
//! health check least of all. So a full listener does not refuse the newest connection, it closes the one that
//! has deserved it most.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use actix_web::rt::net::TcpStream;
use keeper_domain::address::Network;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A reader that takes nothing for so long has gone.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// How long a new connection counts as one on which something was answered: a bot that comes while a stranger behind
/// the same address floods the listener must get the time to show its key.
const GRACE: Duration = Duration::from_secs(1);

/// How long an answer before the end of its request's body may take to arrive.
const CLOSE_AFTER: Duration = Duration::from_secs(2);

/// What is known of an open connection when one has to make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Merit {
    /// Somebody waits for the answer to a request that was read whole and with the right key.
    is_busy: bool,
    /// The right key was shown on it.
    is_trusted: bool,
    /// Something was answered on it, or it is new.
    has_answered: bool,
    /// The last answer, or else its beginning.
    last_use: Duration,
}

impl Merit {
    fn as_of(self, now: Duration) -> Self {
        let is_new = now.saturating_sub(self.last_use) < GRACE;
        Self { has_answered: self.has_answered || is_new, ..self }
    }
}

/// The connection that makes room: of the client that has most, the one with the least merit. `None` when every
/// candidate is busy. Of connections through a trusted proxy, which have no client here, each counts by itself: many
/// people come through one, and others must not push them out as if they were one.
fn to_close(open: &[(u64, Option<Network>, Merit)]) -> Option<u64> {
    let mut of_client: BTreeMap<Network, usize> = BTreeMap::new();
    let clients = open.iter().filter_map(|(_, client, _)| *client);
    clients.for_each(|client| *of_client.entry(client).or_default() += 1);
    let count = |client: &Option<Network>| client.map_or(1, |client| of_client[&client]);
    let candidates = open.iter().filter(|(_, _, merit)| !merit.is_busy);
    let best = candidates.min_by_key(|(_, client, merit)| (usize::MAX - count(client), *merit));
    best.map(|(id, _, _)| *id)
}

#[derive(Debug)]
struct State {
    merit: Merit,
    answering: u32,
    is_closed: bool,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Slot {
    id: u64,
    client: Option<Network>,
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
    /// The right key was shown on it.
    pub(in crate::http) fn trust(&self) {
        self.0.state().merit.is_trusted = true;
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
    /// to make room.
    pub(in crate::http) fn answering(&self) -> Answering {
        self.0.state().answering += 1;
        Answering(self.clone())
    }
}

/// See [`Connection::answering`].
#[derive(Debug)]
pub(in crate::http) struct Answering(Connection);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.0.state().answering -= 1;
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
        if table.open.len() >= table.most {
            let id = to_close(&table.candidates())?;
            table.open.remove(&id)?.close();
        }
        let is_proxy = table.proxies.iter().any(|proxy| proxy.contains(client));
        let slot = table.add((!is_proxy).then(|| Network::of_client(client)));
        Some((Guarded { stream, slot, connections: self.clone(), write_limit: None }, peer))
    }
}

impl Table {
    fn candidates(&self) -> Vec<(u64, Option<Network>, Merit)> {
        let now = self.began.elapsed();
        let known = |slot: &Arc<Slot>| {
            let state = slot.state();
            let merit = Merit { is_busy: state.answering > 0, ..state.merit };
            (slot.id, slot.client, merit.as_of(now))
        };
        self.open.values().map(known).collect()
    }

    fn add(&mut self, client: Option<Network>) -> Arc<Slot> {
        let id = self.next;
        self.next += 1;
        let last_use = self.began.elapsed();
        let merit = Merit { is_busy: false, is_trusted: false, has_answered: false, last_use };
        let state = State { merit, answering: 0, is_closed: false, waker: None };
        let slot = Arc::new(Slot { id, client, state: Mutex::new(state) });
        self.open.insert(id, Arc::clone(&slot));
        slot
    }
}

/// A stream that can be closed to make room, and that gives up on a reader who takes nothing.
#[derive(Debug)]
pub(in crate::http) struct Guarded {
    stream: TcpStream,
    slot: Arc<Slot>,
    connections: Connections,
    write_limit: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    /// What requests on it may know.
    pub(in crate::http) fn connection(&self) -> Connection {
        Connection(Arc::clone(&self.slot))
    }

    /// An error once the connection has to make room; else its task is woken when that happens.
    fn still_open(&self, cx: &Context<'_>) -> io::Result<()> {
        let mut state = self.slot.state();
        if state.is_closed {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        state.waker = Some(cx.waker().clone());
        Ok(())
    }

    fn wrote(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if done.is_ready() {
            if self.write_limit.take().is_some() {
                // It is read from again.
                cx.waker().wake_by_ref();
            }
            let now = self.connections.table().began.elapsed();
            let mut state = self.slot.state();
            (state.merit.has_answered, state.merit.last_use) = (true, now);
            return done;
        }
        let limit = self.write_limit.get_or_insert_with(|| Box::pin(sleep(WRITE_LIMIT)));
        limit.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.connections.table().open.remove(&self.slot.id);
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.still_open(cx)?;
        // Nothing is wanted but to hear of the end.
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        // Whoever takes no answers gives no further requests: their answers would pile up here.
        if self.write_limit.is_some() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.still_open(cx)?;
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, done)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u8) -> Option<Network> {
        Some(Network::of_client([203, 0, 113, n].into()))
    }

    fn merit(is_busy: bool, is_trusted: bool, has_answered: bool, second: u64) -> Merit {
        Merit { is_busy, is_trusted, has_answered, last_use: Duration::from_secs(second) }
    }

    #[test]
    fn the_one_with_the_least_merit_makes_room() {
        let stuck = (1, client(1), merit(false, false, false, 50));
        let newest = (2, client(1), merit(false, false, false, 99));
        let answered = (3, client(1), merit(false, false, true, 10));
        let bot = (4, client(1), merit(false, true, true, 1));
        let ordering = (5, client(1), merit(true, true, true, 0));
        assert_eq!(
            to_close(&[newest, bot, stuck, ordering, answered]),
            Some(1),
            "the oldest without an answer"
        );
        assert_eq!(to_close(&[bot, ordering, answered]), Some(3));
        assert_eq!(to_close(&[bot, ordering]), Some(4));
        assert_eq!(to_close(&[ordering]), None, "nobody loses an answer that he waits for");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_takes_nothing_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _reader = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (mut guarded, _) = Connections::new(1, vec![]).admit(stream).unwrap();
        let began = tokio::time::Instant::now();
        assert!(
            guarded.stream.nodelay().unwrap(),
            "a tick does not wait for the acknowledgement of the one before"
        );
        let error = loop {
            if let Err(error) = tokio::io::AsyncWriteExt::write_all(&mut guarded, &[b'x'; 65_536]).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= WRITE_LIMIT);
    }

    #[tokio::test]
    async fn whoever_takes_no_answers_gives_no_requests() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut reader = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let (mut guarded, _) = Connections::new(1, vec![]).admit(stream).unwrap();
        reader.write_all(b"GET").await.unwrap();
        let poll = |guarded: &mut Guarded, cx: &mut Context<'_>| {
            let mut space = [0; 8];
            let mut buffer = ReadBuf::new(&mut space);
            Pin::new(guarded).poll_read(cx, &mut buffer).is_ready()
        };
        let fill = |guarded: &mut Guarded, cx: &mut Context<'_>| {
            while Pin::new(&mut *guarded).poll_write(cx, &[b'x'; 65_536]).is_ready() {}
        };
        let read_while_blocked = std::future::poll_fn(|cx| {
            fill(&mut guarded, cx);
            Poll::Ready(poll(&mut guarded, cx))
        });
        assert!(!read_while_blocked.await);
        // Once something is taken, it goes on.
        let take = async { while reader.read(&mut [0; 65_536]).await.is_ok() {} };
        let go_on = std::future::poll_fn(|cx| match Pin::new(&mut guarded).poll_write(cx, b"x") {
            Poll::Ready(_) => Poll::Ready(poll(&mut guarded, cx)),
            Poll::Pending => Poll::Pending,
        });
        tokio::select! {
            () = take => panic!("the connection ended"),
            was_read = go_on => assert!(was_read),
        }
    }

    #[test]
    fn a_newcomer_has_time_to_show_its_key() {
        let now = Duration::from_millis(100_200);
        let as_of = |(id, client, merit): (u64, Option<Network>, Merit)| (id, client, merit.as_of(now));
        let newcomer = (1, client(1), merit(false, false, false, 100));
        let flood = (2..9).map(|id| (id, client(1), merit(false, false, true, 90 + id)));
        let open: Vec<_> = flood.chain([newcomer]).map(as_of).collect();
        assert_eq!(to_close(&open), Some(2), "the oldest of those that were answered, from the same address");
        let later = newcomer.2.as_of(now + GRACE);
        assert!(!later.has_answered, "and no more than that");
    }

    #[test]
    fn a_client_with_many_connections_makes_room_for_others() {
        let many = (0..5).map(|n| (n, client(1), merit(false, true, true, 90)));
        let single = (9, client(2), merit(false, false, false, 1));
        let open: Vec<_> = many.chain([single]).collect();
        assert_eq!(to_close(&open), Some(0), "even if the single one has done nothing yet");
    }

    #[test]
    fn whoever_comes_through_a_trusted_proxy_is_not_pushed_out_as_one_client() {
        let proxied = (0..5).map(|n| (n, None, merit(false, false, true, 90)));
        let silent = (5..9).map(|n| (n, client(n as u8), merit(false, false, false, n)));
        let open: Vec<_> = proxied.chain(silent).collect();
        assert_eq!(to_close(&open), Some(5), "the oldest of the silent ones");
    }
}
