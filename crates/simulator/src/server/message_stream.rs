//! One WebSocket connection: the client's messages in, frames out. actix-http's codec makes and reads the frames;
//! their bytes pass through here, so that faults can tear and withhold them.

use std::io;
use std::time::Duration;

use actix_codec::{Decoder, Encoder};
use actix_http::ws::{CloseCode, CloseReason, Codec, Frame, Message};
use actix_web::web;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc::UnboundedReceiver;

use super::frame_plan::{FramePlan, frame_plan};
use super::response::broken;
use super::shared::Shared;
use super::tcp::Connection;
use crate::sockets::{NewSocket, Outgoing, Payload, SocketEnd, SocketKind};
use crate::streams;

/// The largest message a client may send: a subscription of 5,000 topics is far smaller.
const LARGEST_MESSAGE: usize = 1 << 20;
/// Time for written bytes to reach the peer before a reset discards what is buffered.
const FLUSH: Duration = Duration::from_millis(10);

/// What comes next on the connection.
enum Next {
    Bytes(web::Bytes),
    /// Bytes, then the end.
    Last(web::Bytes, SocketEnd),
    Skip,
    Freeze,
    End(SocketEnd),
}

/// The connection; it leaves the list of open sockets when dropped.
pub(super) struct MessageStream {
    world: Shared,
    id: u64,
    kind: SocketKind,
    payload: web::Payload,
    received: web::BytesMut,
    outbox: UnboundedReceiver<Outgoing>,
    codec: Codec,
    connection: Option<Connection>,
    /// How the connection ends before the next message.
    ending: Option<SocketEnd>,
}

impl MessageStream {
    pub(super) fn open(
        world: Shared,
        socket: NewSocket,
        payload: web::Payload,
        connection: Option<Connection>,
    ) -> Self {
        let kind = socket.kind;
        let (id, outbox) = {
            let mut world = world.lock();
            let now = world.now();
            world.sockets.open(socket, now)
        };
        let (codec, received) = (Codec::new().max_size(LARGEST_MESSAGE), web::BytesMut::new());
        Self { world, id, kind, payload, received, outbox, codec, connection, ending: None }
    }

    /// The bytes after the handshake's response.
    pub(super) fn into_stream(self) -> impl Stream<Item = io::Result<web::Bytes>> {
        Box::pin(stream::unfold(Some(self), |connection| async { connection?.step().await }))
    }

    async fn step(mut self) -> Option<(io::Result<web::Bytes>, Option<Self>)> {
        loop {
            if let Some(end) = self.ending.take() {
                return self.end(end).await;
            }
            tokio::select! {
                biased;
                message = self.outbox.recv() => match self.prepare(message?).await {
                    Next::Bytes(bytes) => return Some((Ok(bytes), Some(self))),
                    Next::Last(bytes, end) => {
                        self.ending = Some(end);
                        return Some((Ok(bytes), Some(self)));
                    }
                    Next::Skip => {}
                    Next::Freeze => self.ending = Some(self.frozen().await),
                    Next::End(end) => self.ending = Some(end),
                },
                chunk = self.payload.next() => self.receive(&chunk?.ok()?),
            }
        }
    }

    /// Sends and reads nothing until the peer closes the connection or a control call ends it.
    async fn frozen(&mut self) -> SocketEnd {
        let Some(connection) = &self.connection else { return SocketEnd::Reset };
        loop {
            tokio::select! {
                () = connection.closed_by_peer() => return SocketEnd::Reset,
                message = self.outbox.recv() => match message {
                    Some(Outgoing::End(SocketEnd::Close)) => return SocketEnd::Drop,
                    Some(Outgoing::End(end)) => return end,
                    Some(_) => {}
                    None => return SocketEnd::Reset,
                },
            }
        }
    }

    async fn end(mut self, end: SocketEnd) -> Option<(io::Result<web::Bytes>, Option<Self>)> {
        match end {
            SocketEnd::Close => {
                let reason = CloseReason::from((CloseCode::Away, "closed by the simulator"));
                self.ending = Some(SocketEnd::Drop);
                let bytes = self.encode(Message::Close(Some(reason)));
                Some((Ok(bytes), Some(self)))
            }
            SocketEnd::Drop => {
                tokio::time::sleep(FLUSH).await;
                None
            }
            SocketEnd::Reset => {
                tokio::time::sleep(FLUSH).await;
                if let Some(connection) = &self.connection {
                    connection.reset_on_close();
                }
                Some((Err(broken()), None))
            }
        }
    }

    /// Applies the connection's fault to a message.
    async fn prepare(&mut self, message: Outgoing) -> Next {
        let (payload, is_data) = match message {
            Outgoing::End(end) => return Next::End(end),
            Outgoing::Pong(bytes) => (Message::Pong(bytes.into()), false),
            Outgoing::Control(payload) => (websocket_message(payload), false),
            Outgoing::Data(payload) => (websocket_message(payload), true),
        };
        match self.plan(is_data) {
            FramePlan::Send(wait) => {
                tokio::time::sleep(wait).await;
                Next::Bytes(self.count_and_encode(payload))
            }
            FramePlan::SendAndEnd => Next::Last(self.count_and_encode(payload), SocketEnd::Drop),
            FramePlan::Tear => {
                let frame = self.encode(payload);
                Next::Last(frame.slice(..frame.len() / 2), SocketEnd::Reset)
            }
            FramePlan::Shorten => Next::Bytes(self.count_and_encode(shortened(payload))),
            FramePlan::End => Next::End(SocketEnd::Drop),
            FramePlan::Skip => Next::Skip,
            FramePlan::Freeze => Next::Freeze,
        }
    }

    fn plan(&self, is_data: bool) -> FramePlan {
        let mut world = self.world.lock();
        let socket = world.sockets.get_mut(self.id);
        socket.map_or(FramePlan::End, |socket| {
            frame_plan(socket.info.fault.as_ref(), socket.sent_under_fault(), is_data)
        })
    }

    fn count_and_encode(&mut self, message: Message) -> web::Bytes {
        if let Some(socket) = self.world.lock().sockets.get_mut(self.id) {
            socket.info.frames_sent += 1;
        }
        self.encode(message)
    }

    fn encode(&mut self, message: Message) -> web::Bytes {
        let mut bytes = web::BytesMut::new();
        // The only error is a continuation out of order, and none is sent.
        let _encoded = self.codec.encode(message, &mut bytes);
        bytes.freeze()
    }

    fn receive(&mut self, chunk: &[u8]) {
        self.received.extend_from_slice(chunk);
        loop {
            match self.codec.decode(&mut self.received) {
                Ok(Some(frame)) => self.handle(frame),
                Ok(None) => return,
                Err(_protocol) => {
                    self.ending = Some(SocketEnd::Close);
                    return;
                }
            }
        }
    }

    fn handle(&mut self, frame: Frame) {
        let mut world = self.world.lock();
        let Some(socket) = world.sockets.get_mut(self.id) else { return };
        socket.info.frames_received += 1;
        match (frame, self.kind) {
            (Frame::Ping(bytes), _) => socket.send(Outgoing::Pong(bytes.to_vec())),
            (Frame::Close(_), _) => self.ending = Some(SocketEnd::Close),
            (Frame::Binary(bytes), SocketKind::Data) => streams::data_received(&mut world, self.id, &bytes),
            (Frame::Text(bytes), SocketKind::Orders) => {
                streams::orders_received(&mut world, self.id, &String::from_utf8_lossy(&bytes));
            }
            // SDK 3.0.0 keeps the data socket alive with the text `Ping`.
            (Frame::Text(_), SocketKind::Data) => socket.info.pings += 1,
            (Frame::Pong(_), _) => {}
            _ => socket.info.malformed += 1,
        }
    }
}

impl Drop for MessageStream {
    fn drop(&mut self) {
        let mut world = self.world.lock();
        let now = world.now();
        world.sockets.close(self.id, now);
    }
}

fn websocket_message(payload: Payload) -> Message {
    match payload {
        Payload::Binary(bytes) => Message::Binary(bytes.into()),
        Payload::Text(text) => Message::Text(text.into()),
    }
}

/// The message with the first half of its payload.
fn shortened(message: Message) -> Message {
    match message {
        Message::Binary(bytes) => Message::Binary(bytes.slice(..bytes.len() / 2)),
        Message::Text(text) => {
            Message::Text(text.chars().take(text.chars().count() / 2).collect::<String>().into())
        }
        other => other,
    }
}
