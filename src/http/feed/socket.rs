//! One WebSocket connection as a stream of bytes that is pulled.

use std::{convert::Infallible, time::Duration};

use actix_codec::Decoder;
use actix_http::ws::{self, CloseCode, CloseReason, Codec, Frame, Item, OpCode, Parser};
use actix_web::{HttpRequest, HttpResponse, body::BodyStream, web};
use futures_util::{Stream, StreamExt, stream};
use keeper_actors::hub::Seat;
use keeper_domain::feeds::state::Taken;
use tokio::time::{Instant, sleep_until};

use crate::memory::{Memory, Share};

/// The largest message a bot may send: 5,000 topics are a tenth of it.
const LARGEST: usize = 1 << 20;
/// The largest one before a key was shown: it brings the key.
const LARGEST_KEY: usize = 16 * 1024;
/// What a frame has before its message, at most.
const HEAD: usize = 14;
const TOO_LONG: &str = "a message is too long";
/// Items that are taken at once: while they are written, newer values may replace those that still wait. A client that
/// reads nothing makes the keeper hold so many as text.
const BATCH: usize = 16;
/// Room for bytes that is kept while there are none.
const CHUNK: usize = 8 * 1024;
/// Time between two keep-alives.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Longest time until a replaced key is noticed.
const LOOK: Duration = Duration::from_secs(1);
/// How long a bot has to show its key.
const KEY_LIMIT: Duration = Duration::from_secs(10);

/// A message from a bot.
pub(super) enum Incoming {
    Text(String),
    Binary(web::Bytes),
}

/// What is said: frames, one behind the other, as the network takes them.
#[derive(Default)]
pub(super) struct Outgoing {
    frames: web::BytesMut,
    /// The connection is closed behind them, with these words.
    close: Option<&'static str>,
}

impl Outgoing {
    pub(super) fn texts(texts: impl IntoIterator<Item = String>) -> Self {
        let mut out = Self::default();
        texts.into_iter().for_each(|text| out.text(&text));
        out
    }

    pub(super) fn text(&mut self, text: &str) {
        self.frame(OpCode::Text, text.as_bytes());
    }

    pub(super) fn binary(&mut self, bytes: &[u8]) {
        self.frame(OpCode::Binary, bytes);
    }

    fn frame(&mut self, kind: OpCode, content: &[u8]) {
        Parser::write_message(&mut self.frames, content, kind, true, false);
    }

    pub(super) fn closing(self, words: &'static str) -> Self {
        Self { close: Some(words), ..self }
    }
}

/// What is spoken on a connection.
pub(super) trait Protocol: 'static {
    /// Said first.
    fn opened(&mut self, seat: &Seat) -> Outgoing;
    /// Understands a message.
    fn received(&mut self, seat: &Seat, message: Incoming) -> Outgoing;
    /// Tells what has come.
    fn tell(&mut self, taken: &Taken, out: &mut Outgoing);
    /// Whether the bot has shown a key.
    fn is_known(&self) -> bool;
    /// Whether the key has been replaced since.
    fn is_outdated(&self) -> bool;
}

/// The answer to a handshake.
pub(super) fn answer<P: Protocol>(
    request: &HttpRequest,
    payload: web::Payload,
    seat: Seat,
    (protocol, memory): (P, &Memory),
) -> HttpResponse {
    let Ok(mut response) = ws::handshake(request.head()) else {
        return HttpResponse::UpgradeRequired()
            .insert_header(("Upgrade", "websocket"))
            .body("this is a WebSocket\n");
    };
    let body =
        BodyStream::new(Conversation::new(payload, seat, protocol, memory.for_request()).into_stream());
    response.message_body(body).map_or_else(
        |_| HttpResponse::InternalServerError().finish(),
        |response| HttpResponse::from(response.map_into_boxed_body()),
    )
}

struct Conversation<P> {
    payload: web::Payload,
    received: web::BytesMut,
    /// What has come and was not handled has its room in the memory of all bodies.
    room: Share,
    codec: Codec,
    seat: Seat,
    protocol: P,
    out: Outgoing,
    /// A message that comes in parts, and whether it is text.
    parts: Option<(bool, Vec<u8>)>,
    next_ping: Instant,
    opened: Instant,
    is_over: bool,
}

impl<P: Protocol> Conversation<P> {
    fn new(payload: web::Payload, seat: Seat, mut protocol: P, room: Share) -> Self {
        let first = protocol.opened(&seat);
        let now = Instant::now();
        let mut new = Self {
            payload,
            received: web::BytesMut::new(),
            room,
            codec: Codec::new().max_size(LARGEST),
            seat,
            protocol,
            out: Outgoing::default(),
            parts: None,
            next_ping: now + PING_EVERY,
            opened: now,
            is_over: false,
        };
        new.say(first);
        new
    }

    fn into_stream(self) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
        stream::unfold(self, |mut talk| async move {
            let bytes = talk.next().await?;
            Some((Ok(bytes), talk))
        })
    }

    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<web::Bytes> {
        loop {
            if let Some(bytes) = self.bytes() {
                return Some(bytes);
            }
            if self.is_over {
                return None;
            }
            if self.protocol.is_known() && self.protocol.is_outdated() {
                self.end(CloseCode::Policy, "the gateway key has been replaced");
                continue;
            }
            if self.understand() || self.take() {
                continue;
            }
            self.wait().await;
        }
    }

    /// What is to be said, as bytes. The room is used again once the network has taken them.
    fn bytes(&mut self) -> Option<web::Bytes> {
        let frames = &mut self.out.frames;
        (!frames.is_empty()).then(|| frames.split().freeze())
    }

    fn say(&mut self, outgoing: Outgoing) {
        if self.is_over {
            return;
        }
        self.out.frames.unsplit(outgoing.frames);
        if let Some(words) = outgoing.close {
            self.end(CloseCode::Policy, words);
        }
    }

    fn end(&mut self, code: CloseCode, words: &str) {
        let reason = CloseReason { code, description: Some(words.to_owned()) };
        Parser::write_close(&mut self.out.frames, Some(reason), false);
        self.is_over = true;
    }

    /// Handles one frame of those that have come; false when there is no whole one.
    fn understand(&mut self) -> bool {
        let frame = match self.codec.decode(&mut self.received) {
            Ok(Some(frame)) => frame,
            Ok(None) => {
                self.give_room_back();
                return false;
            }
            Err(_) => {
                self.end(CloseCode::Protocol, "a frame cannot be understood");
                return true;
            }
        };
        let message = match frame {
            Frame::Text(bytes) => self.message(true, bytes.to_vec()),
            Frame::Binary(bytes) => self.message(false, bytes.to_vec()),
            Frame::Continuation(item) => self.part(item),
            Frame::Ping(bytes) => {
                self.out.frame(OpCode::Pong, &bytes);
                None
            }
            Frame::Pong(_) => None,
            Frame::Close(reason) => {
                Parser::write_close(&mut self.out.frames, reason, false);
                self.is_over = true;
                None
            }
        };
        if let Some(message) = message {
            let outgoing = self.protocol.received(&self.seat, message);
            self.say(outgoing);
        }
        true
    }

    fn message(&mut self, is_text: bool, bytes: Vec<u8>) -> Option<Incoming> {
        if !is_text {
            return Some(Incoming::Binary(bytes.into()));
        }
        let text = String::from_utf8(bytes).ok().map(Incoming::Text);
        if text.is_none() {
            self.end(CloseCode::Invalid, "a text is not UTF-8");
        }
        text
    }

    fn part(&mut self, item: Item) -> Option<Incoming> {
        match item {
            Item::FirstText(bytes) => self.parts = Some((true, bytes.to_vec())),
            Item::FirstBinary(bytes) => self.parts = Some((false, bytes.to_vec())),
            Item::Continue(bytes) | Item::Last(bytes)
                if self.parts.as_ref().is_some_and(|(_, known)| known.len() + bytes.len() > LARGEST) =>
            {
                self.end(CloseCode::Size, TOO_LONG);
            }
            Item::Continue(bytes) => {
                if let Some((_, known)) = &mut self.parts {
                    known.extend_from_slice(&bytes);
                }
            }
            Item::Last(bytes) => {
                let (is_text, mut known) = self.parts.take()?;
                known.extend_from_slice(&bytes);
                return self.message(is_text, known);
            }
        }
        None
    }

    /// Takes what waits for the bot; false when nothing does.
    fn take(&mut self) -> bool {
        if let Some(reason) = self.seat.closing() {
            self.end(CloseCode::Away, reason.words());
            return true;
        }
        let id = self.seat.id();
        let taken = self.seat.hub().with(|feeds, now| feeds.take(id, BATCH, now));
        if taken.news.is_empty() && taken.quotes.is_empty() {
            return taken.more;
        }
        self.protocol.tell(&taken, &mut self.out);
        true
    }

    /// Waits until something has happened.
    async fn wait(&mut self) {
        let key_due = (!self.protocol.is_known()).then(|| self.opened + KEY_LIMIT);
        let due = key_due.map_or(self.next_ping, |due| due.min(self.next_ping)).min(Instant::now() + LOOK);
        tokio::select! {
            chunk = self.payload.next() => match chunk {
                Some(Ok(bytes)) => self.receive(&bytes),
                Some(Err(_)) | None => self.is_over = true,
            },
            () = self.seat.woken() => {}
            () = sleep_until(due) => self.late(key_due),
        }
    }

    /// Takes bytes in. What is here already is no whole message, and the codec would wait for the end of one however
    /// long it says it is.
    fn receive(&mut self, bytes: &[u8]) {
        let largest = if self.protocol.is_known() { LARGEST } else { LARGEST_KEY };
        if self.received.len() > largest + HEAD {
            return self.end(CloseCode::Size, TOO_LONG);
        }
        if !self.room.grow_to(self.waiting() + bytes.len()) {
            return self.end(CloseCode::Again, "too many long messages at once; try again");
        }
        self.received.extend_from_slice(bytes);
    }

    /// Bytes of messages that have not come whole.
    fn waiting(&self) -> usize {
        self.received.len() + self.parts.as_ref().map_or(0, |(_, known)| known.len())
    }

    fn give_room_back(&mut self) {
        if self.waiting() == 0 {
            self.room.give_back();
            if self.received.capacity() > CHUNK {
                self.received = web::BytesMut::new();
            }
        }
    }

    fn late(&mut self, key_due: Option<Instant>) {
        let now = Instant::now();
        if key_due.is_some_and(|due| due <= now) {
            return self.end(CloseCode::Policy, "no key was shown");
        }
        if now < self.next_ping {
            return;
        }
        self.next_ping = now + PING_EVERY;
        self.out.frame(OpCode::Ping, &[]);
    }
}
