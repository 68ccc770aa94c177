//! A gateway with a proxy behind it, and a bot that writes bytes.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use async_trait::async_trait;
use fyers_api::http::{ApiRequest, ApiResponse};
use fyers_keeper::{
    fyers::{FyersConfig, FyersProxy, Timeouts},
    http::{Backend, listen},
};
use keeper_actors::exchange::messages::Forwarded;
use keeper_domain::{
    keys::BotName,
    mode::Mode,
    ports::{BrokerProxy, ProxyError},
    reason::Reason,
    routing::Venue,
    secret::AccessToken,
};
use secrecy::SecretString;

use crate::wire::read_message;
pub(crate) use crate::wire::{Message, Upstream};

pub(crate) const APP: &str = "ABCD1234EF-100";
pub(crate) const KEY: &str = "CANARYgatewaykey0123456789";
pub(crate) const TOKEN: &str = "eyJhbGciOi.CANARYaccess.c2lnbmF0";

/// What stands behind the gateway.
pub(crate) enum Behind {
    /// A proxy, in Live mode.
    BrokerProxy(Arc<dyn BrokerProxy>),
    /// Always this.
    Canned(Box<Forwarded>),
    /// Nobody.
    Nobody,
}

/// The backend of a keeper that has nothing but a gateway.
pub(crate) struct FakeBackend {
    behind: Behind,
    pub(crate) calls: Mutex<Vec<ApiRequest>>,
}

#[async_trait]
impl Backend for FakeBackend {
    fn is_live(&self) -> bool {
        true
    }

    fn is_ready(&self) -> bool {
        true
    }

    async fn forward(&self, call: ApiRequest, _bot: BotName) -> Option<Forwarded> {
        self.calls.lock().unwrap().push(call.clone());
        match &self.behind {
            Behind::BrokerProxy(proxy) => {
                let answer =
                    proxy.send(&AccessToken::new(TOKEN), &call).await.unwrap_or_else(|error| told(&error));
                Some(live(answer))
            }
            Behind::Canned(forwarded) => Some(forwarded.as_ref().clone()),
            Behind::Nobody => None,
        }
    }

    async fn orders(&self, limit: u32, _of: Option<&BotName>) -> Option<Vec<serde_json::Value>> {
        Some(vec![serde_json::json!({ "limit": limit })])
    }
}

pub(crate) fn live(answer: ApiResponse) -> Forwarded {
    let (mode, reason, venue) = (Mode::Live, Reason::Verified, Venue::Fyers);
    Forwarded { mode, reason, halted: false, venue, answer, rest: None }
}

/// The actor says this in FYERS' shape; here the error's own words are what a test wants to see.
fn told(error: &ProxyError) -> ApiResponse {
    ApiResponse { status: 502, headers: vec![], body: format!("{error:?} {error}").into_bytes() }
}

/// A listener on a thread of its own, for as long as the test runs.
pub(crate) struct Gateway {
    pub(crate) addr: SocketAddr,
    pub(crate) backend: Arc<FakeBackend>,
}

impl Gateway {
    pub(crate) fn start(behind: Behind) -> Self {
        let backend = Arc::new(FakeBackend { behind, calls: Mutex::default() });
        let (say, hear) = mpsc::channel();
        let shared = Arc::clone(&backend);
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let key = SecretString::from(KEY);
                let (server, addr) = listen(([127, 0, 0, 1], 0).into(), key, shared).unwrap();
                say.send(addr).unwrap();
                server.await.unwrap();
            });
        });
        Self { addr: hear.recv().unwrap(), backend }
    }

    /// A gateway before a proxy to this upstream.
    pub(crate) fn before(upstream: &Upstream) -> Self {
        Self::start(Behind::BrokerProxy(Arc::new(fyers_proxy(upstream))))
    }

    pub(crate) fn calls(&self) -> usize {
        self.backend.calls.lock().unwrap().len()
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
            "{method} {target} HTTP/1.1\r\nhost: localhost:{}\r\nauthorization: {APP}:{KEY}\r\n{length}{more}\r\n",
            self.addr.port()
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
        data_socket_url: url("/hsm/v1-5/prod"),
        order_socket_url: url("/trade/v3"),
        client_id: APP.to_owned(),
        secret: SecretString::from("CANARYSECRET"),
        pin: None,
        timeouts: Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(20) },
        proxy: None,
    }
}

pub(crate) fn fyers_proxy(upstream: &Upstream) -> FyersProxy {
    FyersProxy::new(config(upstream)).unwrap()
}
