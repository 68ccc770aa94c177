//! The stream of a connection: it ends when its place is wanted, and it tells whether its answers are taken.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::{Connection, Connections, Slot};

/// A reader that takes nothing for so long has gone.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// A stream that can be closed to make room, and that gives up on a reader who takes nothing.
#[derive(Debug)]
pub(in crate::http) struct Guarded {
    pub(super) stream: TcpStream,
    pub(super) slot: Arc<Slot>,
    connections: Connections,
    write_limit: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, slot: Arc<Slot>, connections: Connections) -> Self {
        Self { stream, slot, connections, write_limit: None }
    }

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

    /// It has been told to make room before anything on it was read. What waits there is a request like others, a health
    /// check's perhaps: it comes back like one more, and another makes room. The kernel is asked: the runtime does not know
    /// of what came before it first looked.
    fn comes_back(&self) -> bool {
        let waits =
            SockRef::from(&self.stream).peek(&mut [MaybeUninit::uninit()]).is_ok_and(|length| length > 0);
        let mut table = self.connections.table();
        if !waits || !table.makes_room() {
            return false;
        }
        let mut state = self.slot.state();
        (state.is_closed, state.merit.last_use) = (false, table.began.elapsed());
        table.open.insert(self.slot.id, Arc::clone(&self.slot));
        true
    }

    fn read_within(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        most: usize,
    ) -> Poll<io::Result<()>> {
        let most = most.min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let length = part.filled().len();
        buf.advance(length);
        if let Some(window) = &mut self.slot.state().window {
            *window -= length;
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if done.is_ready() {
            if self.write_limit.take().is_some() {
                // It is read from again.
                cx.waker().wake_by_ref();
            }
            let now = self.now();
            let mut state = self.slot.state();
            (state.merit.has_answered, state.merit.last_use) = (true, now);
            state.merit.untaken_since = None;
            return done;
        }
        if self.write_limit.is_none() {
            let now = self.now();
            self.slot.state().merit.untaken_since = Some(now);
        }
        let limit = self.write_limit.get_or_insert_with(|| Box::pin(sleep(WRITE_LIMIT)));
        limit.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn now(&self) -> Duration {
        self.connections.table().began.elapsed()
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
        let is_unheard = self.slot.state().merit.is_newcomer;
        if let Err(closed) = self.still_open(cx)
            && !(is_unheard && self.comes_back())
        {
            return Poll::Ready(Err(closed));
        }
        // Nothing is wanted but to hear of the end.
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        // Whoever takes no answers gives no further requests: their answers would pile up here.
        if self.write_limit.is_some() {
            return Poll::Pending;
        }
        let window = self.slot.state().window;
        if window == Some(0) {
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let read = match window {
            Some(most) => self.read_within(cx, buf, most)?,
            None => Pin::new(&mut self.stream).poll_read(cx, buf)?,
        };
        if is_unheard && buf.filled().len() > before {
            self.slot.state().merit.is_newcomer = false;
        }
        read.map(Ok)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.still_open(cx)?;
        let done = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, done)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Of a client that says no more, nothing is read: while its answer is not there, this is all that is asked.
        self.still_open(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
