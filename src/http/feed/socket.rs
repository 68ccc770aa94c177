//! One WebSocket connection as a stream of bytes that is pulled.

use std::{convert::Infallible, time::Duration};

use actix_http::ws::{self, CloseCode, CloseReason, Frame, OpCode, Parser};
use actix_web::{HttpRequest, HttpResponse, body::BodyStream, web};
use futures_util::{Stream, StreamExt, stream};
use keeper_actors::hub::Seat;
use keeper_domain::{feeds::state::Taken, keys::BotName};
use tokio::time::{Instant, sleep_until};

use super::{
    incoming::{LARGEST, NotTaken, Reader, Whole},
    wishes::Wishes,
};
use crate::{
    http::limits::connections::Connection,
    memory::{Memory, Share},
};

/// The largest message that is small: one that brings a key, or says which news of orders are wanted.
const SMALL: usize = 16 * 1024;
/// So many bytes are read ahead of what has been looked at.
const AHEAD: usize = 32 * 1024;
/// So many bytes are given to the network at once: the HTTP library copies what it is given before it writes it.
const PART: usize = 8 * 1024;
/// Items that are taken at once: while they are written, newer values may replace those that still wait. A client that
/// reads nothing makes the keeper hold so many as text.
const BATCH: usize = 16;
/// Time between two keep-alives.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Longest time until a replaced key is noticed.
const LOOK: Duration = Duration::from_secs(1);
/// How long a bot has to show its key.
const KEY_LIMIT: Duration = Duration::from_secs(10);

/// A message from a bot.
pub(super) enum Incoming<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

/// What a frame of the keeper has before its message, at most.
const FRAME_HEAD: usize = 10;

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
        self.frames.reserve(content.len() + FRAME_HEAD);
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
    fn received(&mut self, seat: &Seat, message: Incoming<'_>) -> Outgoing;
    /// Whether all its messages are small.
    fn is_terse(&self) -> bool {
        false
    }
    /// Tells what has come.
    fn tell(&mut self, taken: &Taken, out: &mut Outgoing);
    /// Whether the bot has shown a key.
    fn is_known(&self) -> bool;
    /// Whose key it is.
    fn bot(&self) -> Option<&BotName>;
    /// Whether the key has been replaced since.
    fn is_outdated(&self) -> bool;
}

/// The answer to a handshake.
pub(super) fn answer<P: Protocol>(
    request: &HttpRequest,
    payload: web::Payload,
    seat: Seat,
    (protocol, memory, wishes): (P, &Memory, &Wishes),
) -> HttpResponse {
    let Ok(mut response) = ws::handshake(request.head()) else {
        return HttpResponse::UpgradeRequired()
            .insert_header(("Upgrade", "websocket"))
            .body("this is a WebSocket\n");
    };
    let connection = request.conn_data::<Connection>().cloned();
    connection.iter().for_each(|connection| connection.read_ahead(AHEAD));
    let talk = Conversation::new((payload, connection), seat, protocol, (memory, wishes));
    let body = BodyStream::new(talk.into_stream());
    response.message_body(body).map_or_else(
        |_| HttpResponse::InternalServerError().finish(),
        |response| HttpResponse::from(response.map_into_boxed_body()),
    )
}

struct Conversation<P> {
    payload: web::Payload,
    reader: Reader,
    wishes: Wishes,
    /// Nothing is read or looked at before this moment.
    later: Option<Instant>,
    connection: Option<Connection>,
    seat: Seat,
    protocol: P,
    out: Outgoing,
    /// What is said has its room until the network has taken it.
    out_room: Share,
    was_long: bool,
    next_ping: Instant,
    opened: Instant,
    is_over: bool,
}

impl<P: Protocol> Conversation<P> {
    fn new(
        (payload, connection): (web::Payload, Option<Connection>),
        seat: Seat,
        mut protocol: P,
        (memory, wishes): (&Memory, &Wishes),
    ) -> Self {
        let first = protocol.opened(&seat);
        let now = Instant::now();
        let mut new = Self {
            payload,
            reader: Reader::new(memory.for_request()),
            wishes: wishes.clone(),
            later: None,
            connection,
            seat,
            protocol,
            out: Outgoing::default(),
            out_room: memory.for_answer(),
            was_long: false,
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
            if self.look() || self.take() {
                continue;
            }
            self.wait().await;
        }
    }

    /// What is to be said, as bytes: so much at once as the network is to take before more is asked for.
    fn bytes(&mut self) -> Option<web::Bytes> {
        let frames = &mut self.out.frames;
        let length = frames.len().min(PART);
        if length == 0 {
            self.out_room.give_back();
            if std::mem::take(&mut self.was_long) {
                // Emptied, it still holds all that it was.
                *frames = web::BytesMut::new();
            }
            return None;
        }
        self.was_long |= frames.len() > PART;
        Some(frames.split_to(length).freeze())
    }

    fn say(&mut self, outgoing: Outgoing) {
        if self.is_over {
            return;
        }
        if !self.out_room.grow_to(self.out.frames.len() + outgoing.frames.len()) {
            return self.end(CloseCode::Again, "too many long answers at once; try again");
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

    /// Handles one frame if it is this bot's turn; false when it is not, or there is no whole one.
    fn look(&mut self) -> bool {
        let wishes = self.wishes.clone();
        let bot = self.protocol.bot().cloned();
        self.later = wishes.due(bot.as_ref()).map(Wishes::after);
        self.later.is_none() && wishes.look(bot.as_ref(), || self.understand())
    }

    /// Handles one frame of those that have come; false when there is no whole one.
    fn understand(&mut self) -> bool {
        let is_small = !self.protocol.is_known() || self.protocol.is_terse();
        match self.reader.next(if is_small { SMALL } else { LARGEST }) {
            Ok(None) => return false,
            Ok(Some(Whole::Message(is_text, bytes))) => self.hear(is_text, &bytes),
            Ok(Some(Whole::Control(frame))) => self.control(frame),
            Ok(Some(Whole::Part)) => {}
            Err(why) => self.refuse(why),
        }
        true
    }

    fn refuse(&mut self, why: NotTaken) {
        match why {
            NotTaken::TooLong => self.end(CloseCode::Size, "a message is too long"),
            NotTaken::NoRoom => self.end(CloseCode::Again, "too many long messages at once; try again"),
            NotTaken::Odd => self.end(CloseCode::Protocol, "a frame cannot be understood"),
        }
    }

    fn control(&mut self, frame: Frame) {
        match frame {
            Frame::Ping(bytes) => self.out.frame(OpCode::Pong, &bytes),
            Frame::Close(reason) => {
                Parser::write_close(&mut self.out.frames, reason, false);
                self.is_over = true;
            }
            _ => {}
        }
    }

    fn hear(&mut self, is_text: bool, bytes: &[u8]) {
        let message = match std::str::from_utf8(bytes) {
            _ if !is_text => Incoming::Binary(bytes),
            Ok(text) => Incoming::Text(text),
            Err(_) => return self.end(CloseCode::Invalid, "a text is not UTF-8"),
        };
        let outgoing = self.protocol.received(&self.seat, message);
        self.say(outgoing);
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
        // It is bounded by itself and never dropped: it takes its room where there is some.
        let _room = self.out_room.grow_to(self.out.frames.len());
        true
    }

    /// Waits until something has happened.
    async fn wait(&mut self) {
        let key_due = (!self.protocol.is_known()).then(|| self.opened + KEY_LIMIT);
        let due = key_due.map_or(self.next_ping, |due| due.min(self.next_ping)).min(Instant::now() + LOOK);
        let due = self.later.map_or(due, |later| due.min(later));
        tokio::select! {
            chunk = self.payload.next(), if self.later.is_none() => match chunk {
                Some(Ok(bytes)) => self.receive(&bytes),
                Some(Err(_)) | None => self.is_over = true,
            },
            () = self.seat.woken() => {}
            () = sleep_until(due) => self.late(key_due),
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if let Err(why) = self.reader.take(bytes) {
            self.refuse(why);
        }
        self.connection.iter().for_each(|connection| connection.handled(bytes.len()));
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
