//! Where requests begin and end in the bytes of a connection: values in, values out.
//!
//! The end of a request is read as the HTTP library underneath reads it, and more strictly (`head`): whatever is not
//! certain (a length twice, a lone line feed, a folded line, an odd encoding) is refused there with 400, and nothing that
//! follows is given to it.

use crate::http::head::{Framing, RequestLine, is_header};

/// A request line and the headers may each be so long, in bytes: 500 symbols in a query are some twelve thousand.
const LONGEST_HEAD: usize = 16 * 1024;
/// What follows the length of a chunk, in bytes.
const LONGEST_EXTENSION: usize = 1024;
/// What follows the last chunk, in bytes.
const LONGEST_TRAILER: usize = 4 * 1024;
/// Empty lines before a request that are passed over: some clients send one behind a body.
const MOST_EMPTY: u8 = 2;
/// No head has this byte: the HTTP library answers 400 when it comes to it.
const REFUSED: u8 = 0;

/// Where in a stream of requests the next byte is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In a request line, behind so many empty ones. It is kept to its end.
    Line { line: Vec<u8>, in_query: bool, empty: u8 },
    /// In the headers, which are kept to their end.
    Head { line: RequestLine, headers: Vec<u8> },
    /// In a body.
    Body { left: u64 },
    /// In a body whose length is told chunk by chunk.
    Chunks(Chunk),
    /// In a WebSocket: no requests follow, and nothing is looked at.
    Socket,
    /// Behind what is not certain: nothing more is given.
    End,
}

/// Where in a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    Size {
        value: u64,
        digits: u8,
    },
    Extension {
        value: u64,
        length: usize,
    },
    SizeEnd {
        value: u64,
    },
    Data {
        left: u64,
    },
    DataEnd {
        line_feed: bool,
    },
    Last,
    /// Behind the last chunk: lines like headers, up to an empty one. They are read and left out.
    Trailer {
        line: Vec<u8>,
        length: usize,
    },
}

/// What was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    /// So many bytes.
    pub(super) bytes: usize,
    /// Whether a request ended with them.
    pub(super) ended: Option<Ended>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    /// Whether it had a body, during which it may have been answered already.
    pub(super) had_body: bool,
}

impl Part {
    pub(super) const START: Self = Self::Line { line: Vec::new(), in_query: false, empty: 0 };

    /// Whether nothing of a request has come yet.
    pub(super) fn is_before_a_request(&self) -> bool {
        matches!(self, Self::Line { line, .. } if line.is_empty() || line == b"\r")
    }

    /// Passes the first bytes of `input` on to `out`.
    pub(super) fn pass(&mut self, input: &[u8], out: &mut Vec<u8>) -> Passed {
        let was_start = *self == Self::START;
        let had_body = matches!(self, Self::Body { .. } | Self::Chunks(_));
        let bytes = self.step(input, out);
        let ended = (!was_start && *self == Self::START).then_some(Ended { had_body });
        Passed { bytes, ended }
    }

    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        match self {
            Self::Socket => {
                out.extend_from_slice(input);
                input.len()
            }
            Self::End => input.len(),
            Self::Body { left } | Self::Chunks(Chunk::Data { left }) => {
                let length = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= length as u64;
                out.extend_from_slice(&input[..length]);
                if *left == 0 {
                    *self = match self {
                        Self::Chunks(_) => Self::Chunks(Chunk::DataEnd { line_feed: false }),
                        _ => Self::START,
                    };
                }
                length
            }
            Self::Chunks(Chunk::Last | Chunk::Trailer { .. }) => {
                self.trailer(input[0], out);
                1
            }
            Self::Chunks(chunk) => {
                out.push(input[0]);
                *self = chunk.after(input[0]);
                1
            }
            Self::Head { .. } => {
                self.head(input[0], out);
                1
            }
            Self::Line { .. } => {
                self.line(input[0], out);
                1
            }
        }
    }

    fn line(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Self::Line { line, in_query, empty } = self else { return };
        *in_query = byte != b' ' && (*in_query || byte == b'?');
        if byte != b'\n' {
            let is_long = line.len() >= LONGEST_HEAD;
            let is_lone = line.last() == Some(&b'\r');
            if is_long || is_lone {
                return self.refuse(out);
            }
            line.push(byte);
            return push_escaped(out, byte, *in_query);
        }
        let next = match line.strip_suffix(b"\r") {
            Some([]) => (*empty < MOST_EMPTY).then_some(Self::Line {
                line: Vec::new(),
                in_query: false,
                empty: *empty + 1,
            }),
            Some(line) => RequestLine::read(line).map(|line| Self::Head { line, headers: Vec::new() }),
            None => None,
        };
        self.go_on(next, byte, out);
    }

    fn head(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Self::Head { line, headers } = self else { return };
        let is_lone = (headers.last() == Some(&b'\r')) != (byte == b'\n');
        if is_lone || headers.len() >= LONGEST_HEAD {
            return self.refuse(out);
        }
        headers.push(byte);
        let is_whole = headers == b"\r\n" || headers.ends_with(b"\r\n\r\n");
        if !is_whole {
            return out.push(byte);
        }
        let next = line.framing(headers).map(|framing| match framing {
            Framing::Length(0) => Self::START,
            Framing::Length(left) => Self::Body { left },
            Framing::Chunked => Self::Chunks(Chunk::Size { value: 0, digits: 0 }),
            Framing::Socket => Self::Socket,
        });
        self.go_on(next, byte, out);
    }

    /// What stands behind a body is none of the headers that count: neither a key nor a length is taken from there, and
    /// the HTTP library, which takes none, is not given it.
    fn trailer(&mut self, byte: u8, out: &mut Vec<u8>) {
        let (mut line, length) = match self {
            Self::Chunks(Chunk::Trailer { line, length }) => (std::mem::take(line), *length + 1),
            _ => (Vec::new(), 1),
        };
        line.push(byte);
        let next = match line.strip_suffix(b"\r\n") {
            Some([]) => {
                out.extend_from_slice(b"\r\n");
                return *self = Self::START;
            }
            Some(whole) => is_header(whole).then(Vec::new),
            None => Some(line),
        };
        match next.filter(|_| length <= LONGEST_TRAILER) {
            Some(line) => *self = Self::Chunks(Chunk::Trailer { line, length }),
            None => self.refuse(out),
        }
    }

    fn go_on(&mut self, next: Option<Self>, byte: u8, out: &mut Vec<u8>) {
        let Some(next) = next else { return self.refuse(out) };
        out.push(byte);
        *self = next;
    }

    /// The HTTP library answers 400, and nothing follows.
    fn refuse(&mut self, out: &mut Vec<u8>) {
        out.push(REFUSED);
        *self = Self::End;
    }
}

impl Chunk {
    /// Where the next byte is.
    fn after(&self, byte: u8) -> Part {
        let next = match (self, byte) {
            (Self::Size { value, digits }, byte) if byte.is_ascii_hexdigit() && *digits < 15 => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                Self::Size { value: value * 16 + u64::from(digit), digits: digits + 1 }
            }
            (Self::Size { value, digits: 1.. }, b';' | b' ' | b'\t') => {
                Self::Extension { value: *value, length: 0 }
            }
            (Self::Size { value, digits: 1.. } | Self::Extension { value, .. }, b'\r') => {
                Self::SizeEnd { value: *value }
            }
            (Self::Extension { value, length }, byte) if byte != b'\n' && *length < LONGEST_EXTENSION => {
                Self::Extension { value: *value, length: length + 1 }
            }
            (Self::SizeEnd { value: 0 }, b'\n') => Self::Last,
            (Self::SizeEnd { value }, b'\n') => Self::Data { left: *value },
            (Self::DataEnd { line_feed: false }, b'\r') => Self::DataEnd { line_feed: true },
            (Self::DataEnd { line_feed: true }, b'\n') => Self::Size { value: 0, digits: 0 },
            _ => return Part::End,
        };
        Part::Chunks(next)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is passed on, and after how many bytes requests ended.
    fn through(mut input: &[u8]) -> (Vec<u8>, Vec<usize>) {
        let (mut part, mut out, mut at, mut ends) = (Part::START, vec![], 0, vec![]);
        while !input.is_empty() {
            let passed = part.pass(input, &mut out);
            (input, at) = (&input[passed.bytes..], at + passed.bytes);
            ends.extend(passed.ended.map(|_| at));
        }
        (out, ends)
    }

    #[test]
    fn the_end_of_each_request_is_seen() {
        let get = b"GET / HTTP/1.1\r\nhost: k\r\n\r\n".as_slice();
        let upgrade =
            b"GET / HTTP/1.1\r\nhost: k\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
        let post = b"POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 5\r\n\r\n\r\n\r\nx".as_slice();
        let chunked =
            b"POST / HTTP/1.1\r\nhost: k\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nab\r\nc\r\n0A \r\n0123456789\r\n0\r\n\r\n";
        for request in [get, upgrade, post, chunked] {
            let all = [request, request, b"\r\n", get].concat();
            let (out, ends) = through(&all);
            assert_eq!(out, all, "{}", String::from_utf8_lossy(request));
            let length = request.len();
            assert_eq!(ends, [length, 2 * length, all.len()], "{}", String::from_utf8_lossy(request));
        }
    }

    #[test]
    fn what_stands_behind_a_body_is_left_out() {
        let head = "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
        let next = "GET /next HTTP/1.1\r\nhost: k\r\n\r\n";
        for trailer in ["x: y\r\n", "authorization: X\r\ncontent-length: 5\r\n", "empty:\r\n"] {
            let all = format!("{head}{trailer}\r\n{next}");
            let (out, ends) = through(all.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), format!("{head}\r\n{next}"), "{trailer}");
            assert_eq!(ends, [all.len() - next.len(), all.len()], "{trailer}");
        }
    }

    #[test]
    fn where_the_end_is_not_certain_nothing_follows() {
        for head in [
            "GET / HTTP/1.1\nhost: k\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: k\n\r\n",
            "GET / HTTP/1.1\r\nhost: k\r\n\n",
            "GET / HTTP/1.1\r\nhost: k\n\n",
            "GET / HTTP/1.1\nhost: k\n\n",
            "GET / HTTP/1.1\r\nhost: k\r\r\n\r\n",
            "GET / HTTP/1.1\rhost: k\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: k\rx: y\r\n\r\n",
            "\nGET / HTTP/1.1\r\nhost: k\r\n\r\n",
            "\rGET / HTTP/1.1\r\nhost: k\r\n\r\n",
            "\r\n\r\n\r\nGET / HTTP/1.1\r\nhost: k\r\n\r\n",
            "GET /\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET http://evil.example/ HTTP/1.1\r\nhost: k\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: k\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\nhost: k\r\nx: y\r\n folded: z\r\n\r\n",
        ] {
            let (out, ends) = through(format!("{head}GET /next HTTP/1.1\r\nhost: k\r\n\r\n").as_bytes());
            assert!(
                out.len() <= head.len() && out.ends_with(&[REFUSED]) && ends.is_empty(),
                "{head:?}: {out:?}"
            );
        }
        let start = "POST / HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\n";
        for (body, seen) in [
            ("x", "x"),
            ("\r\n", "\r"),
            ("1\nx", "1\n"),
            ("+1\r\nx", "+"),
            ("0x1\r\nx", "0x"),
            (" 1\r\nx", " "),
            ("1;a\nx", "1;a\n"),
            ("1\rx", "1\rx"),
            ("1\r\nxy", "1\r\nxy"),
            ("1\r\nx\ny", "1\r\nx\n"),
            ("0\r\nx: y\n\r\n", "0\r\n\0"),
            ("0\r\nx: y\r\n folded\r\n\r\n", "0\r\n\0"),
            ("0\r\nno header\r\n\r\n", "0\r\n\0"),
            ("0\r\n\n\r\n", "0\r\n\0"),
            ("1111111111111111\r\n", "1111111111111111"),
        ] {
            let (out, ends) = through(format!("{start}{body}GET / HTTP/1.1\r\n\r\n").as_bytes());
            assert_eq!(
                (String::from_utf8(out).unwrap(), ends),
                (format!("{start}{seen}"), vec![]),
                "{body:?}"
            );
        }
        let (out, ends) = through(format!("{start}0\r\n{}", "x: y\r\n".repeat(1_000)).as_bytes());
        assert!(ends.is_empty() && out.ends_with(b"\r\n\0"));
        let endless = format!("{start}1;{}", "x".repeat(9 * LONGEST_EXTENSION));
        let (out, ends) = through(endless.as_bytes());
        assert!(ends.is_empty() && out.len() < start.len() + LONGEST_EXTENSION + 10, "{}", out.len());
    }

    #[test]
    fn a_head_has_a_longest_length() {
        let long = "x".repeat(LONGEST_HEAD);
        for head in [
            format!("GET /{long} HTTP/1.1\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nhost: k\r\na: {long}\r\n\r\n"),
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(LONGEST_HEAD / 6 + 1)),
        ] {
            let (out, ends) = through(&[head.as_bytes(), b"GET / HTTP/1.1\r\n\r\n"].concat());
            assert!(
                out.ends_with(&[REFUSED]) && ends.is_empty() && out.len() <= LONGEST_HEAD + 50,
                "{}",
                out.len()
            );
        }
    }

    #[test]
    fn a_websocket_passes_whole() {
        let all = b"GET /feed HTTP/1.1\r\nhost: k\r\nConnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\r\n\x81\x85GET /?\" HTTP/1.1\r\n\r\n";
        assert_eq!(through(all), (all.to_vec(), vec![]));
    }

    proptest! {
        #[test]
        fn no_bytes_are_made_up(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let out = through(&bytes).0;
            let marks = bytes.iter().filter(|byte| matches!(byte, b'"' | b'<' | b'>')).count();
            prop_assert!(out.len() <= bytes.len() + 2 * marks);
        }
    }
}
