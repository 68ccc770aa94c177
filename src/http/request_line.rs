//! Request lines with characters that a URL must not have, made readable for the HTTP library.
//!
//! FYERS' Go SDK repeats a DELETE's JSON as the query, raw: `DELETE /api/v3/orders/sync?{"id":"1"}`
//! (docs/fyers-api.md, "Cancel"). FYERS serves that; the `http` crate underneath refuses the `"`, and the connection
//! would end with a bare 400. So these characters are escaped on the way in, in the query of a request line and
//! nowhere else.
//!
//! Where a request ends is read from `Content-Length` alone. Whatever makes that uncertain (another encoding, an
//! upgrade, a length twice, a folded line) ends the rewriting for the rest of the connection, so bodies and
//! WebSocket frames are never touched.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Headers longer than this are not waited for; the HTTP library refuses them anyway.
const LONGEST_HEAD: usize = 64 * 1024;

/// How much is read at once while request lines are looked for.
const CHUNK: usize = 4 * 1024;

/// Where in a stream of requests the next byte is.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// In a request line.
    Line { length: usize, in_query: bool },
    /// In the headers, which are kept to their end.
    Head(Vec<u8>),
    /// In a body.
    Body { left: u64 },
    /// Somewhere: nothing is rewritten any more.
    Rest,
}

impl Part {
    const START: Self = Self::Line { length: 0, in_query: false };

    /// What is behind these headers.
    fn after(head: &[u8]) -> Self {
        match body_length(head) {
            Some(0) => Self::START,
            Some(left) => Self::Body { left },
            None => Self::Rest,
        }
    }

    /// Passes the first bytes of `input` on to `out`, and says how many.
    fn pass(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        match self {
            Self::Rest => {
                out.extend_from_slice(input);
                input.len()
            }
            Self::Body { left } => {
                let length = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= length as u64;
                if *left == 0 {
                    *self = Self::START;
                }
                out.extend_from_slice(&input[..length]);
                length
            }
            Self::Head(head) => {
                head.push(input[0]);
                out.push(input[0]);
                if head.len() > LONGEST_HEAD {
                    *self = Self::Rest;
                } else if is_whole(head) {
                    *self = Self::after(head);
                }
                1
            }
            Self::Line { length, in_query } => {
                match input[0] {
                    b'\n' if *length > 0 => *self = Self::Head(Vec::new()),
                    b'\n' | b'\r' => {}
                    byte => {
                        *length += 1;
                        *in_query = byte != b' ' && (*in_query || byte == b'?');
                    }
                }
                let is_query = matches!(self, Self::Line { in_query: true, .. });
                push_escaped(out, input[0], is_query);
                1
            }
        }
    }
}

fn push_escaped(out: &mut Vec<u8>, byte: u8, is_query: bool) {
    match byte {
        b'"' if is_query => out.extend_from_slice(b"%22"),
        b'<' if is_query => out.extend_from_slice(b"%3C"),
        b'>' if is_query => out.extend_from_slice(b"%3E"),
        other => out.push(other),
    }
}

/// Whether the headers have come to their end: an empty line.
fn is_whole(head: &[u8]) -> bool {
    head == b"\r\n" || head == b"\n" || head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n")
}

/// The length of the body behind these headers; `None` when it is not certain.
fn body_length(head: &[u8]) -> Option<u64> {
    let mut length = None;
    for line in head.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        if is(b"transfer-encoding") || is(b"upgrade") || name.first().is_none_or(u8::is_ascii_whitespace) {
            return None;
        }
        if is(b"content-length") {
            let digits = value.iter().all(u8::is_ascii_digit) && length.is_none();
            length = Some(std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()?);
        }
    }
    Some(length.unwrap_or(0))
}

/// A connection whose request lines are made readable.
#[derive(Debug)]
pub(in crate::http) struct Readable<Io> {
    io: Io,
    part: Part,
    /// What was read and has not been taken yet.
    waiting: Vec<u8>,
    taken: usize,
}

impl<Io> Readable<Io> {
    /// Before the first byte of a connection.
    pub(in crate::http) fn new(io: Io) -> Self {
        Self { io, part: Part::START, waiting: Vec::new(), taken: 0 }
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
    }

    fn rewrite(&mut self, mut input: &[u8]) {
        self.waiting.clear();
        self.taken = 0;
        while !input.is_empty() {
            let passed = self.part.pass(input, &mut self.waiting);
            input = &input[passed..];
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Readable<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.taken == self.waiting.len() {
            if self.part == Part::Rest {
                return Pin::new(&mut self.io).poll_read(cx, buf);
            }
            let mut chunk = [0; CHUNK];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut read))?;
            self.rewrite(read.filled());
        }
        self.give(buf);
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Readable<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt;

    use super::*;

    fn through(chunks: &[&[u8]]) -> Vec<u8> {
        let mut stream = Readable::new(tokio_test_io(chunks));
        let mut out = Vec::new();
        futures_util::FutureExt::now_or_never(stream.read_to_end(&mut out)).unwrap().unwrap();
        out
    }

    /// The chunks as a stream that is always ready.
    fn tokio_test_io(chunks: &[&[u8]]) -> impl AsyncRead + Unpin {
        let mut all: Box<dyn AsyncRead + Unpin> = Box::new(tokio::io::empty());
        for chunk in chunks {
            all = Box::new(all.chain(io::Cursor::new(chunk.to_vec())));
        }
        all
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
            b"GET /a\"b HTTP/1.1\r\nx: \"?\"\r\n\r\n".as_slice(),
            b"GET /?a=1 HTTP/1.1 \"\r\n\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: 30\r\n\r\nGET /?\" HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(through(&[plain]), plain, "{}", String::from_utf8_lossy(plain));
        }
    }

    #[test]
    fn where_the_end_is_not_certain_nothing_is_rewritten_any_more() {
        let next = b"GET /?\" HTTP/1.1\r\n\r\n".as_slice();
        for head in [
            "transfer-encoding: chunked",
            "Upgrade: websocket",
            "content-length: 0\r\ncontent-length: 0",
            "content-length: +0",
            "content-length: 0x0",
            "content-length: 99999999999999999999999",
            "x: y\r\n folded: z",
            "no colon",
        ] {
            let first = format!("POST / HTTP/1.1\r\n{head}\r\n\r\n").into_bytes();
            assert_eq!(through(&[&first, next]), [&first, next].concat(), "{head}");
        }
        let good = b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n".as_slice();
        assert!(through(&[good, next]).ends_with(b"GET /?%22 HTTP/1.1\r\n\r\n"));
    }

    proptest! {
        #[test]
        fn however_it_arrives_the_result_is_the_same(cuts in proptest::collection::vec(1usize..40, 0..20)) {
            let all = [GO, GO].concat();
            let (mut chunks, mut rest) = (Vec::new(), all.as_slice());
            for cut in cuts {
                let (first, more) = rest.split_at(cut.min(rest.len()));
                chunks.push(first);
                rest = more;
            }
            chunks.push(rest);
            let mut stream = Readable::new(io::Cursor::new(Vec::<u8>::new()));
            let mut out = Vec::new();
            for chunk in chunks {
                stream.rewrite(chunk);
                out.extend_from_slice(&stream.waiting);
            }
            prop_assert_eq!(out, [SERVED, SERVED].concat());
        }

        #[test]
        fn no_bytes_are_lost_or_made_up(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let out = through(&[&bytes]);
            let marks = bytes.iter().filter(|byte| matches!(byte, b'"' | b'<' | b'>')).count();
            prop_assert!(out.len() >= bytes.len() && out.len() <= bytes.len() + 2 * marks);
        }
    }
}
