//! A gateway with a pipe behind it, an upstream that keeps what it was sent, and a bot that writes bytes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use async_trait::async_trait;
use fyers_keeper::{
    fyers::{FyersConfig, FyersPipe, Timeouts},
    login::LoginReport,
    status::{SessionStatus, Status},
    web::{Desk, listen},
};
use keeper_actors::{
    exchange::{
        gateway::{Call, Forwarded, Pipe, PipeAnswer, PipeError},
        mode::Venue,
    },
    mode::Mode,
    reason::Reason,
    secret::{AccessToken, AuthCode},
};
use secrecy::SecretString;

pub(crate) const APP: &str = "ABCD1234EF-100";
pub(crate) const KEY: &str = "CANARYgatewaykey0123456789";
pub(crate) const TOKEN: &str = "eyJhbGciOi.CANARYaccess.c2lnbmF0";

/// What stands behind the gateway.
pub(crate) enum Behind {
    /// A pipe, in Live mode.
    Pipe(Arc<dyn Pipe>),
    /// Always this.
    Canned(Box<Forwarded>),
    /// Nobody.
    Nobody,
}

/// The desk of a keeper that has nothing but a gateway.
pub(crate) struct FakeDesk {
    behind: Behind,
    pub(crate) calls: Mutex<Vec<Call>>,
}

#[async_trait]
impl Desk for FakeDesk {
    fn is_live(&self) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        true
    }

    async fn status(&self) -> Option<Status> {
        None
    }

    async fn refresh(&self) -> Option<SessionStatus> {
        None
    }

    async fn begin_login(&self) -> Result<String, LoginReport> {
        Err(LoginReport::silent())
    }

    async fn finish_login(&self, _: AuthCode, _: Option<SecretString>) -> LoginReport {
        LoginReport::silent()
    }

    async fn forward(&self, call: Call) -> Option<Forwarded> {
        self.calls.lock().unwrap().push(call.clone());
        match &self.behind {
            Behind::Pipe(pipe) => {
                let answer =
                    pipe.send(&AccessToken::new(TOKEN), &call).await.unwrap_or_else(|error| told(&error));
                Some(live(answer))
            }
            Behind::Canned(forwarded) => Some(forwarded.as_ref().clone()),
            Behind::Nobody => None,
        }
    }

    async fn orders(&self, limit: u32) -> Option<Vec<serde_json::Value>> {
        Some(vec![serde_json::json!({ "limit": limit })])
    }

    #[cfg(feature = "demo")]
    fn harm(&self, _: &str) -> bool {
        false
    }
}

pub(crate) fn live(answer: PipeAnswer) -> Forwarded {
    Forwarded { mode: Mode::Live, reason: Reason::Verified, venue: Venue::Fyers, answer }
}

/// The actor says this in FYERS' shape; here the error's own words are what a test wants to see.
fn told(error: &PipeError) -> PipeAnswer {
    PipeAnswer { status: 502, headers: vec![], body: format!("{error:?} {error}").into_bytes() }
}

/// A listener on a thread of its own, for as long as the test runs.
pub(crate) struct Gateway {
    pub(crate) addr: SocketAddr,
    pub(crate) desk: Arc<FakeDesk>,
}

impl Gateway {
    pub(crate) fn start(behind: Behind) -> Self {
        let desk = Arc::new(FakeDesk { behind, calls: Mutex::default() });
        let (say, hear) = mpsc::channel();
        let shared = Arc::clone(&desk);
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let key = SecretString::from(KEY);
                let (server, addr) = listen(([127, 0, 0, 1], 0).into(), key, shared).unwrap();
                say.send(addr).unwrap();
                server.await.unwrap();
            });
        });
        Self { addr: hear.recv().unwrap(), desk }
    }

    /// A gateway before a pipe to this upstream.
    pub(crate) fn before(upstream: &Upstream) -> Self {
        Self::start(Behind::Pipe(Arc::new(pipe(upstream))))
    }

    pub(crate) fn calls(&self) -> usize {
        self.desk.calls.lock().unwrap().len()
    }

    /// Writes a request to the letter and reads the answer to its end.
    pub(crate) fn write(&self, request: impl AsRef<[u8]>) -> Message {
        let mut stream = TcpStream::connect(self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_ref()).unwrap();
        read_message(&mut stream).unwrap()
    }

    /// A request as a bot writes it, with the key.
    pub(crate) fn ask(&self, method: &str, target: &str, more: &str, body: &[u8]) -> Message {
        let length =
            if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: keeper\r\nauthorization: {APP}:{KEY}\r\n{length}{more}\r\n"
        );
        self.write([head.as_bytes(), body].concat())
    }

    pub(crate) fn get(&self, target: &str) -> Message {
        self.ask("GET", target, "", b"")
    }
}

pub(crate) fn config(upstream: &Upstream) -> FyersConfig {
    let url = |path: &str| format!("http://{}{path}", upstream.addr).parse().unwrap();
    FyersConfig {
        api_url: url("/api/v3"),
        data_url: url("/data"),
        client_id: APP.to_owned(),
        secret: SecretString::from("CANARYSECRET"),
        pin: None,
        timeouts: Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(20) },
        proxy: None,
    }
}

pub(crate) fn pipe(upstream: &Upstream) -> FyersPipe {
    FyersPipe::new(config(upstream)).unwrap()
}

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
