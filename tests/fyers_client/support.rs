//! A client, its secrets, and servers without manners.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fyers_keeper::fyers::{FyersClient, FyersConfig, Limiter, Timeouts};
use keeper_domain::secret::{AccessToken, RefreshToken};
use secrecy::SecretString;
use wiremock::{MockServer, ResponseTemplate};

pub(crate) const APP: &str = "ABCD1234EF-100";
pub(crate) const SECRET: &str = "CANARYSECRET";
pub(crate) const PIN: &str = "7391";
pub(crate) const ACCESS: &str = "eyJhbGciOi.CANARYaccess.c2lnbmF0";
pub(crate) const REFRESH: &str = "eyJhbGciOi.CANARYrefresh.c2lnbmF0";
/// `printf %s ABCD1234EF-100:CANARYSECRET | sha256sum`
pub(crate) const HASH: &str = "2a35297e7812994892296439630c42619fe393e8fed2ac56a05ac6d10f3da114";

pub(crate) fn config(base: &str) -> FyersConfig {
    FyersConfig {
        api_url: format!("{base}/api/v3").parse().unwrap(),
        data_url: format!("{base}/data").parse().unwrap(),
        data_socket_url: format!("{base}/hsm/v1-5/prod").parse().unwrap(),
        order_socket_url: format!("{base}/trade/v3").parse().unwrap(),
        client_id: APP.to_owned(),
        secret: SecretString::from(SECRET),
        pin: Some(SecretString::from(PIN)),
        timeouts: Timeouts { connect: Duration::from_secs(5), total: Duration::from_secs(20) },
        proxy: None,
    }
}

/// Limits of its own for each client, so that no test waits for another.
pub(crate) fn limiter() -> std::sync::Arc<Limiter> {
    Limiter::new(std::sync::Arc::new(fyers_keeper::wall_clock::WallClock))
}

pub(crate) fn client(base: &str) -> FyersClient {
    FyersClient::new(config(base), limiter()).unwrap()
}

/// A client that loses patience quickly, for tests in which the server never answers.
pub(crate) fn hasty(base: &str) -> FyersClient {
    let mut config = config(base);
    config.timeouts.total = Duration::from_millis(300);
    FyersClient::new(config, limiter()).unwrap()
}

pub(crate) fn access() -> AccessToken {
    AccessToken::new(ACCESS)
}

pub(crate) fn refresh() -> RefreshToken {
    RefreshToken::new(REFRESH)
}

/// A server that gives everybody the same answer.
pub(crate) async fn answering(template: ResponseTemplate) -> (MockServer, FyersClient) {
    let server = MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(template).mount(&server).await;
    let client = client(&server.uri());
    (server, client)
}

pub(crate) async fn answering_json(status: u16, body: &str) -> (MockServer, FyersClient) {
    answering(ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json")).await
}

/// A listener whose connections are handled by `serve`, one after the other; counts the requests it read.
pub(crate) struct Rude {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl Rude {
    pub(crate) fn start(serve: impl Fn(&mut TcpStream, &AtomicUsize) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                serve(&mut stream, &counter);
            }
        });
        Self { address, requests }
    }

    /// Reads one request, writes these bytes, closes.
    pub(crate) fn saying(answer: &'static [u8]) -> Self {
        Self::start(move |stream, requests| {
            if read_request(stream, requests) {
                let _gone = stream.write_all(answer);
            }
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads one request whole, body included. False when the client closed instead.
pub(crate) fn read_request(stream: &mut TcpStream, requests: &AtomicUsize) -> bool {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&seen) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    true
}

fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}
