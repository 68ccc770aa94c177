//! FYERS' sockets: the adapter behind the port `BrokerSockets`.
//!
//! The handshake is a request of reqwest, so that TLS, the proxy for outgoing HTTPS and the rules about redirects are
//! those of every other call; the WebSocket protocol on the open connection is tungstenite's.

mod handshake;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use fyers_api::{claims::claims, hsm::ClientFrame};
use keeper_domain::{
    feeds::{data_link::DataLink, news::Upstream},
    ports::{BrokerSocket, BrokerSockets, SocketError, SocketMessage},
    secret::AccessToken,
};
use reqwest::{Upgraded, header::AUTHORIZATION};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{Role, WebSocketConfig},
    },
};
use url::Url;

use crate::fyers::{
    config::{FyersConfig, SetupError},
    credentials::Credentials,
    echoes::Echoes,
};
use crate::run_tokens::RunTokens;
use handshake::Handshakes;

/// The largest message that is taken, in bytes: a snapshot of thousands of symbols is below one megabyte.
const LARGEST: usize = 8 * 1024 * 1024;

/// Opens one app's sockets. Cheap to share behind an `Arc`.
#[derive(Clone)]
pub struct FyersSockets {
    handshakes: Arc<Handshakes>,
    app: Arc<Credentials>,
    data: Url,
    orders: Url,
}

impl fmt::Debug for FyersSockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FyersSockets").finish_non_exhaustive()
    }
}

impl FyersSockets {
    /// Checks the settings; opens nothing.
    pub fn new(config: FyersConfig) -> Result<Self, SetupError> {
        Self::knowing(config, RunTokens::default())
    }

    /// The same, whose messages tell none of these tokens.
    pub(crate) fn knowing(config: FyersConfig, tokens: RunTokens) -> Result<Self, SetupError> {
        config.check()?;
        let app = Credentials::new(config.client_id, config.secret, config.pin);
        Ok(Self {
            handshakes: Arc::new(Handshakes::new(config.timeouts, config.proxy.as_ref())?),
            app: Arc::new(app.knowing(tokens)),
            data: config.data_socket_url,
            orders: config.order_socket_url,
        })
    }

    /// What the data socket knows the session by. Tokens without that claim are shown whole, as old SDKs do it.
    fn hsm_key(&self, token: &AccessToken) -> String {
        let whole = || format!("{}:{}", self.app.client_id(), token.expose());
        claims(token.expose()).hsm_key.unwrap_or_else(whole)
    }
}

#[async_trait]
impl BrokerSockets for FyersSockets {
    async fn open(&self, which: Upstream, token: &AccessToken) -> Result<Box<dyn BrokerSocket>, SocketError> {
        let url = match which {
            Upstream::Data => &self.data,
            Upstream::Orders => &self.orders,
        };
        let mut request = self.handshakes.request(url).ok_or(SocketError::Unreachable)?;
        if which == Upstream::Orders {
            let authorization = self.app.authorization(token).map_err(|_| SocketError::Refused(401))?;
            request = request.header(AUTHORIZATION, authorization);
        }
        let echoes = self.app.echoes(token);
        let connection = self.handshakes.upgrade(request).await?;
        let limits = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let stream = WebSocketStream::from_raw_socket(connection, Role::Client, Some(limits)).await;
        let mut socket = Socket { stream, echoes };
        if which == Upstream::Data {
            for frame in DataLink::opening(&self.hsm_key(token)) {
                socket.send(SocketMessage::Binary(ClientFrame::encode(&frame))).await?;
            }
        }
        Ok(Box::new(socket))
    }
}

struct Socket {
    stream: WebSocketStream<Upgraded>,
    /// Bots get many messages as they came: none of them tells the token.
    echoes: Arc<Echoes>,
}

#[async_trait]
impl BrokerSocket for Socket {
    async fn send(&mut self, message: SocketMessage) -> Result<(), SocketError> {
        let message = match message {
            SocketMessage::Text(text) => Message::text(text),
            SocketMessage::Binary(bytes) => Message::binary(bytes),
        };
        self.stream.send(message).await.map_err(|_| SocketError::Ended)
    }

    async fn receive(&mut self) -> Result<SocketMessage, SocketError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let mut bytes = text.as_bytes().to_vec();
                    self.echoes.cover(&mut bytes);
                    return Ok(SocketMessage::Text(String::from_utf8_lossy(&bytes).into_owned()));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let mut bytes = bytes.to_vec();
                    self.echoes.cover(&mut bytes);
                    return Ok(SocketMessage::Binary(bytes));
                }
                // A ping is answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(SocketError::Ended),
            }
        }
    }
}
