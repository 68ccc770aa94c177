//! A bot's WebSocket through a standby: bytes to the holder and back, until one of them closes or the holder changes.
//! Nothing is read in them; the key is shown to the holder.

use std::{convert::Infallible, pin::pin};

use actix_web::{HttpResponse, body::BodyStream, http::StatusCode, web};
use futures_util::{Stream, StreamExt, future::select, stream};
use reqwest::{
    RequestBuilder, Upgraded,
    header::{CONNECTION, UPGRADE},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::OwnedSemaphorePermit,
};

use crate::standby::{answer::copied, holder::Holder};

/// Bytes that travel together.
const CHUNK: usize = 16 * 1024;

/// Asks the holder for the socket. Its refusal is passed on as it is; `None` when it does not answer.
pub(super) async fn open(
    question: RequestBuilder,
    from_bot: web::Payload,
    (holder, seat): (Holder, OwnedSemaphorePermit),
) -> Option<HttpResponse> {
    let answer = question.header(CONNECTION, "Upgrade").header(UPGRADE, "websocket").send().await.ok()?;
    let mut response = copied(&answer)?;
    if answer.status().as_u16() != StatusCode::SWITCHING_PROTOCOLS.as_u16() {
        return Some(response.body(BodyStream::new(answer.bytes_stream())));
    }
    let (from_holder, to_holder) = split(answer.upgrade().await.ok()?);
    let over = async move {
        let _one_ended = select(pin!(carry(from_bot, to_holder)), pin!(holder.changed())).await;
        drop(seat);
    };
    let bytes = pieces(from_holder).take_until(Box::pin(over));
    response
        .upgrade("websocket")
        .message_body(BodyStream::new(bytes))
        .ok()
        .map(HttpResponse::map_into_boxed_body)
}

/// To the holder, until either side ends.
async fn carry(mut from: web::Payload, mut to: WriteHalf<Upgraded>) {
    while let Some(Ok(bytes)) = from.next().await {
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// From the holder, until it ends.
fn pieces(from: ReadHalf<Upgraded>) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
    stream::unfold(from, |mut from| async move {
        let mut buffer = web::BytesMut::with_capacity(CHUNK);
        match from.read_buf(&mut buffer).await {
            Ok(length) if length > 0 => Some((Ok(buffer.freeze()), from)),
            _ => None,
        }
    })
}
