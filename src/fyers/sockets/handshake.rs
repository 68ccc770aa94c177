//! From an HTTP request to an open connection. reqwest's errors carry URLs and end here.

use keeper_domain::ports::SocketError;
use reqwest::{
    Client, NoProxy, RequestBuilder, StatusCode, Upgraded,
    header::{
        CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    redirect, retry,
};
use secrecy::SecretString;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use url::Url;

use crate::fyers::{
    config::{SetupError, Timeouts},
    credentials,
};

/// Opens connections; each is used once.
pub(super) struct Handshakes {
    client: Client,
}

/// A request with the key that its answer must prove to have read.
pub(super) struct Handshake {
    request: RequestBuilder,
    key: String,
}

impl Handshake {
    pub(super) fn header(
        self,
        name: reqwest::header::HeaderName,
        value: reqwest::header::HeaderValue,
    ) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }
}

impl Handshakes {
    pub(super) fn new(timeouts: Timeouts, proxy: Option<&SecretString>) -> Result<Self, SetupError> {
        let mut builder = Client::builder()
            .user_agent(concat!("fyers-keeper/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .http1_only()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .pool_max_idle_per_host(0)
            .tcp_nodelay(true)
            .no_proxy();
        if let Some(address) = proxy {
            let outside = NoProxy::from_string("localhost,127.0.0.0/8,::1");
            builder = builder.proxy(credentials::proxy(address)?.no_proxy(outside));
        }
        Ok(Self { client: builder.build().map_err(|_| SetupError::Http)? })
    }

    /// The request for a socket; `None` for an address that is none.
    pub(super) fn request(&self, url: &Url) -> Option<Handshake> {
        let mut url = url.clone();
        let scheme = if url.scheme() == "wss" { "https" } else { "http" };
        url.set_scheme(scheme).ok()?;
        let key = generate_key();
        let request = self
            .client
            .get(url)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        Some(Handshake { request, key })
    }

    /// Sends it; the connection is open when the other side has agreed.
    pub(super) async fn upgrade(&self, handshake: Handshake) -> Result<Upgraded, SocketError> {
        let response = handshake.request.send().await.map_err(|_| SocketError::Unreachable)?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(SocketError::Refused(response.status().as_u16()));
        }
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accepted != Some(derive_accept_key(handshake.key.as_bytes()).as_bytes()) {
            return Err(SocketError::Unreachable);
        }
        response.upgrade().await.map_err(|_| SocketError::Unreachable)
    }
}
