//! Clients of the two sockets, with decoders of their own.

// Each test binary uses its own part of this.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use simulator::{Simulator, TokenKind};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub const SBIN: &str = "sf|nse_cm|3045";
pub const SBIN_DEPTH: &str = "dp|nse_cm|3045";
pub const NIFTY: &str = "if|nse_cm|Nifty 50";

pub const SILENCE: Duration = Duration::from_millis(150);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A record of a feed frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Snapshot { id: u16, topic: String, values: Vec<i32>, multiplier: u16, precision: u8, names: [String; 3] },
    Update { id: u16, values: Vec<i32> },
    Lite { id: u16, ltp: i32 },
}

impl Record {
    /// The last price in paise.
    pub fn ltp(&self) -> i32 {
        match self {
            Self::Snapshot { values, .. } | Self::Update { values, .. } => values[0],
            Self::Lite { ltp, .. } => *ltp,
        }
    }
}

/// What a server sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerFrame {
    Feed { number: u32, records: Vec<Record> },
    Fields { kind: u8, fields: BTreeMap<u8, Vec<u8>> },
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }
    fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }
    fn u16(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes(bytes.try_into().unwrap()))
    }
    fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap()))
    }
    fn id(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_ne_bytes(bytes.try_into().unwrap()))
    }
    fn text(&mut self) -> Option<String> {
        let length = self.u8()?;
        Some(String::from_utf8(self.take(length.into())?.to_vec()).unwrap())
    }
    fn values(&mut self) -> Option<Vec<i32>> {
        let count = self.u8()?;
        (0..count).map(|_| self.u32().map(u32::cast_signed)).collect()
    }
    fn record(&mut self) -> Option<Record> {
        match self.u8()? {
            b'S' => {
                let (id, topic, values) = (self.id()?, self.text()?, self.values()?);
                self.take(2)?;
                let (multiplier, precision) = (self.u16()?, self.u8()?);
                let names = [self.text()?, self.text()?, self.text()?];
                Some(Record::Snapshot { id, topic, values, multiplier, precision, names })
            }
            b'U' => Some(Record::Update { id: self.id()?, values: self.values()? }),
            b'L' => Some(Record::Lite { id: self.id()?, ltp: self.u32()?.cast_signed() }),
            other => panic!("record type {other}"),
        }
    }
}

/// `None` when the frame is cut short.
pub fn decode(bytes: &[u8]) -> Option<ServerFrame> {
    let mut reader = Reader(bytes);
    reader.u16()?;
    let kind = reader.u8()?;
    if kind == 6 {
        let (number, count) = (reader.u32()?, reader.u16()?);
        let records = (0..count).map(|_| reader.record()).collect::<Option<_>>()?;
        assert!(reader.0.is_empty(), "nothing is left over");
        return Some(ServerFrame::Feed { number, records });
    }
    let count = reader.u8()?;
    let mut fields = BTreeMap::new();
    for _ in 0..count {
        let (id, length) = (reader.u8()?, reader.u16()?);
        fields.insert(id, reader.take(length.into())?.to_vec());
    }
    Some(ServerFrame::Fields { kind, fields })
}

fn frame(kind: u8, fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0, 0, kind, fields.len() as u8];
    for (id, value) in fields {
        bytes.push(*id);
        bytes.extend((value.len() as u16).to_be_bytes());
        bytes.extend(*value);
    }
    bytes
}

fn topic_list(topics: &[&str]) -> Vec<u8> {
    let mut bytes = (topics.len() as u16).to_be_bytes().to_vec();
    for topic in topics {
        bytes.push(topic.len() as u8);
        bytes.extend(topic.as_bytes());
    }
    bytes
}

/// The `hsm_key` claim of a token.
pub fn hsm_key(token: &str) -> String {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["hsm_key"].as_str().unwrap().to_owned()
}

/// One connection to either socket.
pub struct Client(Stream);

impl Client {
    pub async fn data(simulator: &Simulator) -> Self {
        Self(connect_async(simulator.data_socket_url()).await.unwrap().0)
    }

    /// Connected and authenticated.
    pub async fn ready(simulator: &Simulator) -> Self {
        let mut client = Self::data(simulator).await;
        let frame = client.authenticate(&hsm_key(&simulator.mint(TokenKind::Access))).await;
        let ServerFrame::Fields { kind: 1, fields } = frame else { panic!("{frame:?}") };
        assert_eq!(fields[&1], b"K");
        client
    }

    pub async fn orders(simulator: &Simulator, authorization: &str) -> Result<Self, Error> {
        let mut request = simulator.order_socket_url().into_client_request().unwrap();
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        request.headers_mut().insert("user-agent", "test-client".parse().unwrap());
        connect_async(request).await.map(|(stream, _)| Self(stream))
    }

    pub async fn send(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::Binary(bytes.into())).await.unwrap();
    }

    pub async fn say(&mut self, text: &str) {
        self.0.send(Message::Text(text.into())).await.unwrap();
    }

    pub async fn websocket_ping(&mut self) {
        self.0.send(Message::Ping(b"x".to_vec().into())).await.unwrap();
    }

    /// The next message, or `None` after the end; an error is one of the connection.
    pub async fn message(&mut self) -> Option<Result<Message, Error>> {
        tokio::time::timeout(Duration::from_secs(5), self.0.next()).await.expect("a message within 5 s")
    }

    pub async fn silent(&mut self) -> bool {
        tokio::time::timeout(SILENCE, self.0.next()).await.is_err()
    }

    pub async fn frame(&mut self) -> ServerFrame {
        match self.message().await.unwrap().unwrap() {
            Message::Binary(bytes) => decode(&bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn records(&mut self) -> Vec<Record> {
        match self.frame().await {
            ServerFrame::Feed { records, .. } => records,
            other => panic!("{other:?}"),
        }
    }

    pub async fn text(&mut self) -> String {
        match self.message().await.unwrap().unwrap() {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    pub async fn authenticate(&mut self, key: &str) -> ServerFrame {
        self.send(vec![0, 1, 11]).await;
        self.send(frame(1, &[(1, key.as_bytes()), (2, b"P"), (3, &[1]), (4, b"PythonSDK-3.2.0")])).await;
        self.frame().await
    }

    /// Expects the acknowledgement of a request.
    pub async fn acknowledged(&mut self, kind: u8) {
        let wanted = BTreeMap::from([(1, b"K".to_vec())]);
        assert_eq!(self.frame().await, ServerFrame::Fields { kind, fields: wanted });
    }

    pub async fn request_topics(&mut self, topics: &[&str]) {
        self.send(frame(4, &[(1, &topic_list(topics)), (2, &[11])])).await;
    }

    /// Subscribes on channel 11 and returns the snapshots.
    pub async fn subscribe(&mut self, topics: &[&str]) -> Vec<Record> {
        self.request_topics(topics).await;
        self.acknowledged(4).await;
        self.records().await
    }

    pub async fn unsubscribe(&mut self, topics: &[&str]) {
        self.send(frame(5, &[(1, &topic_list(topics)), (2, &[11])])).await;
        self.acknowledged(5).await;
    }

    /// Pause (7) or resume (8) of channels.
    pub async fn channels(&mut self, kind: u8, bitmap: u64) {
        self.send(frame(kind, &[(1, &bitmap.to_be_bytes())])).await;
        self.acknowledged(kind).await;
    }

    pub async fn mode(&mut self, bitmap: u64, mode: u8) {
        self.send(frame(12, &[(1, &bitmap.to_be_bytes()), (2, &[mode])])).await;
        self.acknowledged(12).await;
    }

    pub async fn acknowledge(&mut self, number: u32) {
        self.send(frame(3, &[(1, &number.to_be_bytes())])).await;
    }

    pub async fn order_subscription(&mut self, list: Value, on: i64) {
        self.say(&json!({"T": "SUB_ORD", "SLIST": list, "SUB_T": on}).to_string()).await;
        assert_eq!(self.json().await["code"], 1605);
    }
}

/// Waits until something holds.
pub async fn until(holds: impl Fn() -> bool) {
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(std::time::Instant::now() < end, "it did not come true within 5 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
