//! Whether the head of a request can be read in one way only: pure rules, to the letter.
//!
//! A proxy in front of the keeper, the HTTP library underneath and the keeper itself each read a head. Where two of them
//! could come to two results (where it ends, how long its body is, for whom it is meant, whose key is in it), it is
//! refused with 400. No official program writes such a head.

/// Headers that say one thing: when one of them comes twice, two programs may believe two of them.
const SINGLE: [&[u8]; 8] = [
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"content-type",
    b"authorization",
    b"origin",
    b"sec-fetch-site",
    b"upgrade",
];

/// What of a request line matters for its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// The name in a target like `http://name/path`.
    authority: Option<Vec<u8>>,
    is_old: bool,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    Socket,
}

impl RequestLine {
    /// Reads a line without its end: `None` when it is none, or not certain.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let mut words = line.split(|byte| *byte == b' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let is_old = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return None,
        };
        let is_method =
            !method.is_empty() && method.iter().all(u8::is_ascii_uppercase) && method != b"CONNECT";
        // What is behind a # is left out by some and kept by others.
        let is_clean = target.iter().all(|byte| *byte > b' ' && *byte != 0x7f && *byte != b'#');
        if words.next().is_some() || !is_method || !is_clean {
            return None;
        }
        Some(Self { authority: authority(target)?, is_old })
    }

    /// What is behind these headers, which end with an empty line: `None` when it is not certain.
    pub(super) fn framing(&self, headers: &[u8]) -> Option<Framing> {
        let mut head = Head::default();
        for line in headers.strip_suffix(b"\r\n")?.split_inclusive(|byte| *byte == b'\n') {
            head.add(line.strip_suffix(b"\r\n")?)?;
        }
        let host = head.host;
        let is_meant = match (&self.authority, host) {
            (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
            (Some(_), None) => false,
            (None, host) => host.is_some() || self.is_old,
        };
        let is_known = !(self.is_old && (head.is_chunked || head.is_socket));
        if !is_meant || !is_known {
            return None;
        }
        match (head.is_chunked, head.is_socket, head.length) {
            (true, true, _) | (true, _, Some(_)) | (_, true, Some(1..)) => None,
            (true, false, None) => Some(Framing::Chunked),
            (false, true, _) => Some(Framing::Socket),
            (false, false, length) => Some(Framing::Length(length.unwrap_or(0))),
        }
    }
}

/// The name in a target, where it has one: `None` for a target of another form.
fn authority(target: &[u8]) -> Option<Option<Vec<u8>>> {
    if target.starts_with(b"/") {
        return Some(None);
    }
    let text = std::str::from_utf8(target).ok()?;
    let (scheme, rest) = text.split_once("://")?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let name = &rest.as_bytes()[..end];
    is_name(name).then(|| Some(name.to_vec()))
}

/// A host with or without a port, and nobody's name or password before it.
fn is_name(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(byte);
    !name.is_empty() && name.iter().all(plain)
}

/// The headers that were read.
#[derive(Default)]
struct Head<'a> {
    seen: Vec<&'static [u8]>,
    host: Option<&'a [u8]>,
    length: Option<u64>,
    is_chunked: bool,
    is_socket: bool,
}

impl<'a> Head<'a> {
    /// `None` when the line is no header, or one that is not certain.
    fn add(&mut self, line: &'a [u8]) -> Option<()> {
        let (name, value) = parts(line)?;
        if let Some(known) = SINGLE.iter().find(|known| name.eq_ignore_ascii_case(known)) {
            if self.seen.contains(known) {
                return None;
            }
            self.seen.push(known);
            self.single(known, value)?;
        }
        Some(())
    }

    fn single(&mut self, name: &[u8], value: &'a [u8]) -> Option<()> {
        match name {
            b"host" => self.host = is_name(value).then_some(Some(value))?,
            b"transfer-encoding" => {
                self.is_chunked = value.eq_ignore_ascii_case(b"chunked").then_some(true)?;
            }
            b"content-length" => {
                let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                self.length = Some(std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()?);
            }
            b"upgrade" => self.is_socket = value.eq_ignore_ascii_case(b"websocket"),
            _ => {}
        }
        Some(())
    }
}

/// Whether a line without its end is a header.
pub(super) fn is_header(line: &[u8]) -> bool {
    parts(line).is_some()
}

/// Name and value of a header.
fn parts(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], trimmed(&line[colon + 1..]));
    let is_clean = value.iter().all(|byte| (*byte >= b' ' && *byte != 0x7f) || *byte == b'\t');
    (!name.is_empty() && name.iter().all(is_token) && is_clean).then_some((name, value))
}

/// Without the blanks that may be around a value.
fn trimmed(value: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !b" \t".contains(byte);
    let Some(first) = value.iter().position(is_text) else { return &[] };
    let last = value.iter().rposition(is_text).unwrap_or(first);
    &value[first..=last]
}

fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(line: &str, headers: &str) -> Option<Framing> {
        RequestLine::read(line.as_bytes())?.framing(format!("{headers}\r\n").as_bytes())
    }

    #[test]
    fn heads_of_real_programs_are_read() {
        for (line, headers, want) in [
            (
                "GET / HTTP/1.1",
                "Host: localhost:8080\r\nCookie: a=b; c=d\r\nX-Utf8: \u{e9}\r\n",
                Framing::Length(0),
            ),
            ("GET /api/v3/orders??id=1&x={%22a%22} HTTP/1.1", "host: k\r\n", Framing::Length(0)),
            (
                "DELETE /api/v3/orders/sync?{\"id\":\"1\"} HTTP/1.1",
                "host: k\r\ncontent-length:10\r\n",
                Framing::Length(10),
            ),
            ("POST / HTTP/1.1", "host: [::1]:8080\r\ncontent-length: \t0010 \r\n", Framing::Length(10)),
            ("POST / HTTP/1.1", "host: k\r\ntransfer-encoding: Chunked\r\n", Framing::Chunked),
            (
                "GET /feed HTTP/1.1",
                "host: k\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\n",
                Framing::Socket,
            ),
            ("GET / HTTP/1.1", "host: k\r\nupgrade: h2c\r\nempty:\r\n", Framing::Length(0)),
            ("GET /livez HTTP/1.0", "", Framing::Length(0)),
            ("GET http://Keeper:8080/livez HTTP/1.1", "host: keeper:8080\r\n", Framing::Length(0)),
            ("GET http://k?x HTTP/1.1", "host: k\r\n", Framing::Length(0)),
        ] {
            assert_eq!(framing(line, headers), Some(want), "{line} {headers}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_refused() {
        for line in [
            "",
            "GET /",
            "GET / ",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET /a b HTTP/1.1",
            "GET\t/\tHTTP/1.1",
            "get / HTTP/1.1",
            "G@T / HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/0.9",
            "GET / HTTP/1.2",
            "GET / HTTP/2.0",
            "GET / HTTP/1.1x",
            "GET / HTTP/11",
            "PRI * HTTP/2.0",
            "OPTIONS * HTTP/1.1",
            "CONNECT k:80 HTTP/1.1",
            "CONNECT / HTTP/1.1",
            "GET livez HTTP/1.1",
            "GET ?x HTTP/1.1",
            "GET k/livez HTTP/1.1",
            "GET /livez#x HTTP/1.1",
            "GET /\0 HTTP/1.1",
            "GET /\u{7f} HTTP/1.1",
            "GET /\u{b} HTTP/1.1",
            "GET ftp://k/ HTTP/1.1",
            "GET http:/k/ HTTP/1.1",
            "GET http:///livez HTTP/1.1",
            "GET http://user@k/ HTTP/1.1",
            "GET http://user:pass@k/ HTTP/1.1",
            "GET http://k%40evil/ HTTP/1.1",
            "GET http://k\\evil/ HTTP/1.1",
        ] {
            assert_eq!(RequestLine::read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_request_is_for_one_host() {
        for (line, headers) in [
            ("GET / HTTP/1.1", ""),
            ("GET / HTTP/1.1", "host:\r\n"),
            ("GET / HTTP/1.1", "host: a\r\nhost: a\r\n"),
            ("GET / HTTP/1.1", "host: a\r\nHost: b\r\n"),
            ("GET / HTTP/1.1", "host: a, b\r\n"),
            ("GET / HTTP/1.1", "host: a b\r\n"),
            ("GET / HTTP/1.1", "host: a/b\r\n"),
            ("GET / HTTP/1.1", "host: user@a\r\n"),
            ("GET http://evil.example/ HTTP/1.1", "host: localhost:8080\r\n"),
            ("GET http://localhost:8080/ HTTP/1.1", "host: evil.example\r\n"),
            ("GET http://localhost/ HTTP/1.1", "host: localhost:80\r\n"),
            ("GET http://k/ HTTP/1.0", ""),
        ] {
            assert_eq!(framing(line, headers), None, "{line} {headers}");
        }
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_refused() {
        for headers in [
            "content-length: 0\r\ncontent-length: 0\r\n",
            "content-length: 5\r\nContent-Length: 6\r\n",
            "content-length: +5\r\n",
            "content-length: -5\r\n",
            "content-length: 5, 5\r\n",
            "content-length: 5 5\r\n",
            "content-length: 0x5\r\n",
            "content-length: 5.0\r\n",
            "content-length: 1_0\r\n",
            "content-length:\r\n",
            "content-length: \u{665}\r\n",
            "content-length: 99999999999999999999999\r\n",
            "content-length : 5\r\n",
            "content-length\t: 5\r\n",
            " content-length: 5\r\n",
            "content-length: \u{b}5\r\n",
            "content-length\0: 5\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 0\r\n",
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "transfer-encoding: identity\r\n",
            "transfer-encoding: xchunked\r\n",
            "transfer-encoding: chunked;q=1\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: chunked, chunked\r\n",
            "transfer-encoding: \"chunked\"\r\n",
            "transfer-encoding:\u{b}chunked\r\n",
            "transfer-encoding:\r\n",
            "transfer-encoding : chunked\r\n",
            "transfer-encoding: chunked\r\nupgrade: websocket\r\n",
            "upgrade: websocket\r\ncontent-length: 1\r\n",
            "authorization: X:a\r\nAuthorization: X:b\r\n",
            "sec-fetch-site: same-origin\r\nsec-fetch-site: cross-site\r\n",
            "origin: http://a\r\norigin: http://b\r\n",
            "x: y\r\n folded: z\r\n",
            "x: y\r\n\tfolded\r\n",
            "x: a\0b\r\n",
            "x: a\u{1}b\r\n",
            "x: a\u{7f}b\r\n",
            "x: a\u{1b}[2J\r\n",
            "x: a\rb\r\n",
            "x: a\r\r\n",
            "x: a\n",
            "x: a\nb: c\r\n",
            "x\r\n",
            ": x\r\n",
            "x y: z\r\n",
            "x(y): z\r\n",
            "x\u{e9}: z\r\n",
            "\r\nx: y\r\n",
        ] {
            assert_eq!(framing("POST / HTTP/1.1", &format!("host: k\r\n{headers}")), None, "{headers:?}");
        }
        for headers in ["transfer-encoding: chunked\r\n", "upgrade: websocket\r\n"] {
            assert_eq!(framing("POST / HTTP/1.0", &format!("host: k\r\n{headers}")), None, "{headers:?}");
        }
    }
}
