//! A bot at one of the keeper's sockets: a WebSocket with a runtime of its own, so that tests read like a story.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use fyers_api::hsm::{ClientFrame, DataMode, FeedRecord, ServerFrame};
use serde_json::Value;
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::support::{DEADLINE, Home, Keeper};

#[path = "feed_schema.rs"]
pub(crate) mod feed_schema;

pub(crate) struct Socket {
    runtime: Runtime,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether what comes is to fit docs/feed.schema.json.
    is_plain: bool,
    /// All that has come, as text.
    pub(crate) seen: Vec<String>,
}

pub(crate) fn key(home: &Home) -> String {
    std::fs::read_to_string(home.path("state/gateway.key")).unwrap().trim().to_owned()
}

impl Socket {
    pub(crate) fn try_open(keeper: &Keeper, path: &str, authorization: Option<&str>) -> Result<Self, Error> {
        Self::try_at(&keeper.url(path), authorization)
    }

    /// The same at any address.
    pub(crate) fn try_at(url: &str, authorization: Option<&str>) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (is_plain, url) = (url.ends_with("/feed"), url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        let (stream, _) = runtime.block_on(connect_async(request))?;
        Ok(Self { runtime, stream, is_plain, seen: vec![] })
    }

    /// `/feed`, with its hello.
    pub(crate) fn feed(home: &Home, keeper: &Keeper) -> (Self, Value) {
        let mut socket = Self::try_open(keeper, "/feed", Some(&format!("Bearer {}", key(home)))).unwrap();
        let hello = socket.until("the hello", |message| message["type"] == "hello");
        (socket, hello)
    }

    /// `/trade/v3` with these topics.
    pub(crate) fn orders(home: &Home, keeper: &Keeper) -> Self {
        let key = format!("ANY-100:{}", key(home));
        let mut socket = Self::try_open(keeper, "/trade/v3", Some(&key)).unwrap();
        socket.send(r#"{"T":"SUB_ORD","SLIST":["orders","trades","positions"],"SUB_T":1}"#);
        socket.until("the acknowledgement", |message| message["code"] == 1605);
        socket
    }

    /// `/hsm/v1-5/prod` with these topics.
    pub(crate) fn hsm(home: &Home, keeper: &Keeper, topics: &[&str]) -> Self {
        let mut socket = Self::try_open(keeper, "/hsm/v1-5/prod", None).unwrap();
        socket.frame(&ClientFrame::Ping);
        socket.frame(&ClientFrame::Auth { key: key(home), mode: "P".into(), source: "test".into() });
        assert!(matches!(socket.next_frame(), ServerFrame::Auth { is_ok: true, .. }));
        socket.frame(&ClientFrame::Mode { channels: 1 << 11, mode: DataMode::Full });
        let topics = topics.iter().map(|topic| (*topic).to_owned()).collect();
        socket.frame(&ClientFrame::Subscribe { topics, channel: 11 });
        socket
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.runtime.block_on(self.stream.send(Message::text(text))).unwrap();
    }

    pub(crate) fn frame(&mut self, frame: &ClientFrame) {
        self.runtime.block_on(self.stream.send(Message::binary(frame.encode()))).unwrap();
    }

    fn message(&mut self, limit: Duration) -> Option<Message> {
        let next = async { timeout(limit, self.stream.next()).await };
        self.runtime.block_on(next).ok().map(|message| message.expect("the connection is open").unwrap())
    }

    /// Waits until the other side has closed it, whatever comes before.
    #[allow(dead_code, reason = "another test program uses it")]
    pub(crate) fn wait_closed(&mut self) {
        let end = async {
            while let Some(Ok(message)) = self.stream.next().await {
                if message.is_close() {
                    return;
                }
            }
        };
        self.runtime.block_on(async { timeout(DEADLINE, end).await }).expect("the other side closes it");
    }

    /// The first message that is wished for.
    pub(crate) fn until(&mut self, what: &str, wish: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + DEADLINE;
        while let Some(message) = self.message(end.saturating_duration_since(Instant::now())) {
            let Message::Text(text) = message else { continue };
            self.seen.push(text.to_string());
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if self.is_plain {
                feed_schema::is_message(&value).unwrap();
            }
            if wish(&value) {
                return value;
            }
        }
        panic!("{what} did not come: {:#?}", &self.seen[self.seen.len().saturating_sub(9)..])
    }

    /// A message that has come, or comes.
    pub(crate) fn until_seen(&mut self, what: &str, wish: impl Fn(&Value) -> bool) {
        let is_wished = |text: &String| serde_json::from_str(text).is_ok_and(|value| wish(&value));
        if !self.seen.iter().any(is_wished) {
            self.until(what, wish);
        }
    }

    pub(crate) fn next_frame(&mut self) -> ServerFrame {
        loop {
            if let Message::Binary(bytes) = self.message(DEADLINE).expect("a frame") {
                return ServerFrame::decode(&bytes).unwrap();
            }
        }
    }

    /// The last price of the next snapshot.
    pub(crate) fn until_snapshot(&mut self) -> i32 {
        loop {
            let ServerFrame::Feed(feed) = self.next_frame() else { continue };
            let snapshot = feed.records.into_iter().find_map(|record| match record {
                FeedRecord::Snapshot(all) => Some(all.values[0]),
                _ => None,
            });
            if let Some(ltp) = snapshot {
                return ltp;
            }
        }
    }

    /// Whether a last price that is wished for comes soon, in paise.
    pub(crate) fn has_ltp(&mut self, wish: impl Fn(i32) -> bool) -> bool {
        let end = Instant::now() + Duration::from_millis(200);
        while let Some(message) = self.message(end.saturating_duration_since(Instant::now())) {
            let Message::Binary(bytes) = message else { continue };
            let ServerFrame::Feed(feed) = ServerFrame::decode(&bytes).unwrap() else { continue };
            if feed.records.iter().any(|record| wish(ltp(record))) {
                return true;
            }
        }
        false
    }

    /// The first last price on this topic that is wished for, in paise.
    pub(crate) fn until_ltp(&mut self, wish: impl Fn(i32) -> bool) -> i32 {
        loop {
            let ServerFrame::Feed(feed) = self.next_frame() else { continue };
            for record in feed.records {
                let ltp = ltp(&record);
                if wish(ltp) {
                    return ltp;
                }
            }
        }
    }
}

fn ltp(record: &FeedRecord) -> i32 {
    match record {
        FeedRecord::Snapshot(all) => all.values[0],
        FeedRecord::Update { values, .. } => values[0],
        FeedRecord::LastPrice { value, .. } => *value,
    }
}
