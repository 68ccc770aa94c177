//! HTTP as bytes, and an upstream that keeps what it was sent.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A request or an answer as it was on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn status(&self) -> u16 {
        self.first.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The whole of it, to search for what must not be there.
    pub(crate) fn everything(&self) -> String {
        format!("{self:?} {}", String::from_utf8_lossy(&self.body))
    }
}

/// Reads a head and a body of the length it tells (or to the end of the connection, for an answer without one).
pub(crate) fn read_message(stream: &mut TcpStream) -> Option<Message> {
    let (mut seen, mut buffer) = (Vec::new(), [0; 65_536]);
    let end = loop {
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8(seen[..end].to_vec()).unwrap();
    let mut body = seen.split_off(end + 4);
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let pairs = lines.map(|line| line.split_once(':').unwrap());
    let headers: Vec<_> =
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let told = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = told.map_or(0, |(_, length)| length.parse().unwrap());
    while body.len() < length {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(read) => body.extend_from_slice(&buffer[..read]),
        }
    }
    Some(Message { first, headers, body })
}

/// A server that keeps what it was sent and answers with the bytes it was given.
pub(crate) struct Upstream {
    pub(crate) addr: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Upstream {
    /// `serve` writes an answer; it may also take its time, or leave.
    pub(crate) fn start(serve: impl Fn(&Message, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (seen, serve) = (Arc::<Mutex<Vec<Message>>>::default(), Arc::new(serve));
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let (seen, serve) = (Arc::clone(&kept), Arc::clone(&serve));
                std::thread::spawn(move || {
                    while let Some(message) = read_message(&mut stream) {
                        seen.lock().unwrap().push(message.clone());
                        serve(&message, &mut stream);
                    }
                });
            }
        });
        Self { addr, seen }
    }

    /// Answers everybody with these bytes.
    pub(crate) fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, stream| stream.write_all(&answer).unwrap())
    }

    pub(crate) fn ok() -> Self {
        Self::saying(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"s\":\"ok\"}",
        )
    }

    pub(crate) fn seen(&self) -> Vec<Message> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Message {
        self.seen().pop().expect("a request")
    }
}
