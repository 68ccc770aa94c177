//! The bytes of a connection on their way to the HTTP library: one request at a time, with request lines it can read.
//!
//! FYERS' Go SDK repeats a DELETE's JSON as the query, raw: `DELETE /api/v3/orders/sync?{"id":"1"}`
//! (docs/fyers-api.md, "Cancel"). FYERS serves that; the `http` crate underneath refuses the `"`, and the connection
//! would end with a bare 400. So these characters are escaped on the way in, in the query of a request line and
//! nowhere else (`framing`).
//!
//! A client may send requests without waiting for answers, and the HTTP library would read them all: hundreds on each
//! connection, some kilobytes each in memory. Here the next one waits until an answer to the one before has gone out.
//!
//! Browsers open connections that they may need, and never ask on some of them. The library would tell them 408, which they
//! may show for the next page: where nothing has been asked, nothing is said, and the connection just ends.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::framing::{Ended, Part};

/// How much is read at once while requests are looked for.
const CHUNK: usize = 4 * 1024;
/// How much of a body the HTTP library is given before it has to hand on what it has: else it would read ahead, up to
/// 128 KiB on each connection.
const BURST: usize = 16 * 1024;

/// Whose turn it is: the client's to ask, or the keeper's to answer.
#[derive(Debug, Default)]
struct Turn {
    is_answer_due: bool,
    /// Something was written since the request began.
    wrote: bool,
    reader: Option<Waker>,
}

impl Turn {
    /// A whole request was given. One with a body may have been answered before its end.
    fn ended(&mut self, Ended { had_body }: Ended) {
        self.is_answer_due = !(had_body && self.wrote);
        self.wrote = false;
    }

    /// All that was written has gone out.
    fn flushed(&mut self) {
        if !(self.is_answer_due && self.wrote) {
            return;
        }
        (self.is_answer_due, self.wrote) = (false, false);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A connection whose requests come one by one and can be read.
#[derive(Debug)]
pub(in crate::http) struct Readable<Io> {
    io: Io,
    part: Part,
    /// What was read and has not been looked at yet.
    raw: Vec<u8>,
    looked_at: usize,
    /// What was looked at and has not been taken yet.
    waiting: Vec<u8>,
    taken: usize,
    /// Given without a pause.
    burst: usize,
    turn: Turn,
    /// Something of a request has come.
    is_asked: bool,
}

impl<Io> Readable<Io> {
    /// Before the first byte of a connection.
    pub(in crate::http) fn new(io: Io) -> Self {
        let (raw, waiting) = (Vec::new(), Vec::new());
        let turn = Turn::default();
        Self { io, part: Part::START, raw, looked_at: 0, waiting, taken: 0, burst: 0, turn, is_asked: false }
    }

    /// The connection itself.
    pub(in crate::http) fn get_ref(&self) -> &Io {
        &self.io
    }

    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let left = &self.waiting[self.taken..];
        let length = left.len().min(buf.remaining());
        buf.put_slice(&left[..length]);
        self.taken += length;
        self.burst += length;
    }

    /// Looks at what was read, to the end of a request at most.
    fn look(&mut self) {
        self.waiting.clear();
        self.taken = 0;
        while self.looked_at < self.raw.len() {
            let passed = self.part.pass(&self.raw[self.looked_at..], &mut self.waiting);
            self.looked_at += passed.bytes;
            self.is_asked |= !self.part.is_before_a_request();
            if let Some(ended) = passed.ended {
                self.burst = 0;
                self.turn.ended(ended);
                break;
            }
        }
    }

    fn has_raw(&self) -> bool {
        self.looked_at < self.raw.len()
    }
}

impl<Io: AsyncRead + Unpin> Readable<Io> {
    /// Reads more; false at the end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut chunk = [0; CHUNK];
        let mut read = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
        self.raw.clear();
        self.looked_at = 0;
        self.raw.extend_from_slice(read.filled());
        Poll::Ready(Ok(self.has_raw()))
    }

    /// Waits for the answer. That the connection has ended, or has to, is heard also now.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.turn.reader = Some(cx.waker().clone());
        if self.has_raw() {
            let _open = Pin::new(&mut self.io).poll_read(cx, &mut ReadBuf::new(&mut []))?;
            return Poll::Pending;
        }
        match ready!(self.poll_more(cx))? {
            true => Poll::Pending,
            false => Poll::Ready(Ok(())),
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Readable<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.burst >= BURST {
            self.burst = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        while self.taken == self.waiting.len() {
            if self.turn.is_answer_due {
                return self.poll_turn(cx);
            }
            if !self.has_raw() {
                if self.part == Part::Socket {
                    let before = buf.filled().len();
                    ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
                    self.burst += buf.filled().len() - before;
                    return Poll::Ready(Ok(()));
                }
                if self.part == Part::End || !ready!(self.poll_more(cx))? {
                    return Poll::Ready(Ok(()));
                }
            }
            self.look();
        }
        self.give(buf);
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Readable<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !self.is_asked {
            return Poll::Ready(Ok(buf.len()));
        }
        let done = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.turn.wrote |= done > 0;
        Poll::Ready(Ok(done))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.turn.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use futures_util::task::noop_waker;
    use proptest::prelude::*;

    use super::*;

    /// A client that has sent these pieces, and what it was answered.
    struct Client(VecDeque<Vec<u8>>, Vec<u8>);

    impl AsyncRead for Client {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if let Some(piece) = self.0.pop_front() {
                let length = piece.len().min(buf.remaining());
                buf.put_slice(&piece[..length]);
                if length < piece.len() {
                    self.0.push_front(piece[length..].to_vec());
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Client {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
            self.1.extend_from_slice(buf);
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn stream(pieces: &[&[u8]]) -> Readable<Client> {
        Readable::new(Client(
            pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| piece.to_vec()).collect(),
            vec![],
        ))
    }

    /// What is given until it stops; the second is whether the end has come.
    fn given(stream: &mut Readable<Client>) -> (Vec<u8>, bool) {
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        let mut out = Vec::new();
        loop {
            let mut space = [0; 100];
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut *stream).poll_read(&mut cx, &mut buf) {
                Poll::Ready(read) => {
                    read.unwrap();
                    if buf.filled().is_empty() {
                        return (out, true);
                    }
                    out.extend_from_slice(buf.filled());
                }
                Poll::Pending => return (out, false),
            }
        }
    }

    fn answer(stream: &mut Readable<Client>) {
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut *stream).poll_write(&mut cx, b"HTTP/1.1 200 OK").is_ready());
        assert!(Pin::new(&mut *stream).poll_flush(&mut cx).is_ready());
    }

    /// Everything, with an answer to each request.
    fn through(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut stream, mut all) = (stream(pieces), Vec::new());
        loop {
            let (more, is_end) = given(&mut stream);
            all.extend(more);
            if is_end {
                return all;
            }
            answer(&mut stream);
        }
    }

    const GO: &[u8] = b"DELETE /api/v3/orders/sync?{\"id\":\"1\"} HTTP/1.1\r\nhost: h\r\nContent-Length: 10\r\n\r\n{\"id\":\"1\"}";
    const SERVED: &[u8] = b"DELETE /api/v3/orders/sync?{%22id%22:%221%22} HTTP/1.1\r\nhost: h\r\nContent-Length: 10\r\n\r\n{\"id\":\"1\"}";

    #[test]
    fn the_query_is_escaped_and_the_body_is_not() {
        assert_eq!(through(&[GO]), SERVED);
        assert_eq!(through(&[&[GO, GO, b"\r\n", GO].concat()]), [SERVED, SERVED, b"\r\n", SERVED].concat());
    }

    #[test]
    fn what_is_no_query_stays_as_it_is() {
        for plain in [
            b"GET /a\"b HTTP/1.1\r\nhost: h\r\nx: \"?\"\r\n\r\n".as_slice(),
            b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 30\r\n\r\nGET /?\" HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(through(&[plain]), plain, "{}", String::from_utf8_lossy(plain));
        }
    }

    #[test]
    fn the_next_request_waits_for_the_answer_to_the_one_before() {
        let get = b"GET / HTTP/1.1\r\nhost: k\r\n\r\n";
        let chunked = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
        for request in [get.as_slice(), GO, chunked] {
            let mut stream = stream(&[&request.repeat(400)]);
            for asked in 0..400 {
                let (one, is_end) = given(&mut stream);
                assert!(
                    one.len() >= request.len() && one.len() <= request.len() + 12,
                    "{asked}: {}",
                    one.len()
                );
                assert!(!is_end || asked == 399, "the client has sent all");
                assert!(given(&mut stream).0.is_empty(), "nothing without an answer");
                assert!(stream.raw.capacity() <= 2 * CHUNK, "and no more is read");
                answer(&mut stream);
            }
            assert_eq!(given(&mut stream), (vec![], true));
        }
    }

    #[test]
    fn one_that_was_answered_before_its_end_holds_nobody_up() {
        let head = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\n".as_slice();
        let mut stream = stream(&[head, b"body", b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"]);
        let waker = noop_waker();
        let mut space = [0; 100];
        let mut buf = ReadBuf::new(&mut space);
        let read = Pin::new(&mut stream).poll_read(&mut Context::from_waker(&waker), &mut buf);
        assert!(read.is_ready() && buf.filled() == head);
        answer(&mut stream);
        assert!(given(&mut stream).0.ends_with(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"));
    }

    #[test]
    fn where_nothing_was_asked_nothing_is_said() {
        for (sent, is_told) in
            [("", false), ("\r\n", false), ("G", true), ("GET / HTTP/1.1\r\nhost: h\r\n\r\n", true)]
        {
            let mut stream = stream(&[sent.as_bytes()]);
            given(&mut stream);
            answer(&mut stream);
            assert_eq!(!stream.get_ref().1.is_empty(), is_told, "{sent:?}");
        }
    }

    #[test]
    fn a_long_body_is_given_in_bursts() {
        let head = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\n".as_slice();
        let body = [b'x'; 100_000];
        let mut stream = stream(&[head, &body]);
        let mut all = vec![];
        while all.len() < head.len() + body.len() {
            let (some, is_end) = given(&mut stream);
            assert!(!some.is_empty() && some.len() < BURST + CHUNK, "{}", some.len());
            assert!(!is_end || all.len() + some.len() == head.len() + body.len());
            all.extend(some);
        }
        assert_eq!(all, [head, &body].concat());
    }

    #[test]
    fn a_websocket_is_read_without_turns() {
        let upgrade =
            b"GET /feed HTTP/1.1\r\nhost: h\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n".as_slice();
        let frames = [b'x'; 10_000].as_slice();
        assert_eq!(given(&mut stream(&[upgrade, frames])), ([upgrade, frames].concat(), true));
    }

    proptest! {
        #[test]
        fn however_it_arrives_the_result_is_the_same(cuts in proptest::collection::vec(1usize..40, 0..20)) {
            let all = [GO, GO].concat();
            let (mut pieces, mut rest) = (Vec::new(), all.as_slice());
            for cut in cuts {
                let (first, more) = rest.split_at(cut.min(rest.len()));
                pieces.push(first);
                rest = more;
            }
            pieces.push(rest);
            prop_assert_eq!(through(&pieces), [SERVED, SERVED].concat());
        }
    }
}
