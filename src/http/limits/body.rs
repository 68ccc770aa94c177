//! Bodies of requests: how long they may be, how long they may take, how much memory all of them may hold.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{CONTENT_LENGTH, HeaderMap},
    },
    middleware::Next,
    web::{self, Bytes},
};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    http::limits::{answer, connections::Connection},
    memory::{Memory, Share},
};

/// A form, or a call to the keeper's own routes.
const FORM: Bounds = Bounds { longest: 16 * 1024, limit: Duration::from_secs(10), copies: 1 };
/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum BodyError {
    /// Longer than allowed.
    TooLong,
    /// It did not come whole, or it is none.
    Broken,
    /// It did not come in time.
    Late,
    /// All memory for bodies is in use.
    NoRoom,
}

/// A body with its share of the memory, which counts `copies` of it.
#[derive(Debug)]
pub(in crate::http) struct Body {
    pub(in crate::http) bytes: Vec<u8>,
    pub(in crate::http) memory: Share,
}

/// What is read of a body.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Bounds {
    /// Bytes at most.
    pub(in crate::http) longest: usize,
    /// How long it may take.
    pub(in crate::http) limit: Duration,
    /// How often it will be held while it is handled.
    pub(in crate::http) copies: usize,
}

/// How long the head says that the body is; 0 where it does not.
pub(in crate::http) fn promised(headers: &HeaderMap) -> usize {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}

/// Reads a body whole, of which so much was promised.
pub(in crate::http) async fn read(
    memory: &Memory,
    (promised, payload): (
        usize,
        &mut (impl futures_util::Stream<Item = Result<Bytes, actix_web::error::PayloadError>> + Unpin),
    ),
    Bounds { longest, limit, copies }: Bounds,
) -> Result<Body, BodyError> {
    let read = async {
        let mut body = Body { bytes: Vec::new(), memory: memory.for_request() };
        if promised > longest {
            return Err(BodyError::TooLong);
        }
        if !body.memory.find_room(promised.saturating_mul(copies)).await {
            return Err(BodyError::NoRoom);
        }
        // At once and exactly, where the length is known: what grows leaves holes behind, as large as itself.
        body.bytes.reserve_exact(promised);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| BodyError::Broken)?;
            let length = body.bytes.len() + chunk.len();
            if length > longest {
                return Err(BodyError::TooLong);
            }
            if !body.memory.find_room(length.saturating_mul(copies)).await {
                return Err(BodyError::NoRoom);
            }
            // By a quarter at most: doubling would take twice what is counted.
            if body.bytes.capacity() < length {
                body.bytes.reserve_exact(chunk.len().max(body.bytes.len() / 4));
            }
            body.bytes.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    timeout(limit, read).await.unwrap_or(Err(BodyError::Late))
}

/// Reads the body of every request outside of the gateway, whatever its route does with it: a route that does not
/// look at its body must not leave a connection waiting for one. A long answer takes its room.
pub(crate) async fn read_first(
    memory: web::Data<Memory>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if is_gateway(request.path()) || (request.method() == Method::GET && request.head().upgrade()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let mut payload = request.take_payload();
    let promised = promised(request.headers());
    match read(&memory, (promised, &mut payload), FORM).await {
        Ok(body) => {
            // Dropped with its memory once the request has been answered.
            let Body { bytes, memory: _held } = body;
            request.set_payload(whole(bytes));
            // Whoever waits for what FYERS says of a login must not lose it because others open connections.
            let connection = request.request().conn_data::<Connection>();
            let _answering = connection.map(|connection| connection.answering(request.method()));
            Ok(answer::bounded(&memory, next.call(request).await?.map_into_boxed_body()).await)
        }
        Err(error) => {
            if let Some(connection) = request.request().conn_data::<Connection>() {
                connection.close_soon();
            }
            Ok(request.into_response(refusal(error)))
        }
    }
}

/// The gateway reads its own bodies: longer ones, and only for holders of the key.
fn is_gateway(path: &str) -> bool {
    ["/api/v3/", "/data/"].iter().any(|prefix| path.starts_with(prefix))
}

fn whole(bytes: Vec<u8>) -> Payload {
    let (_sender, mut payload) = actix_http::h1::Payload::create(true);
    payload.unread_data(Bytes::from(bytes));
    Payload::from(payload)
}

/// Closes the connection: what is left of the body is not read.
fn refusal(error: BodyError) -> HttpResponse {
    let (mut response, words) = match error {
        BodyError::TooLong => (HttpResponse::PayloadTooLarge(), "the body is too long\n"),
        BodyError::Broken => (HttpResponse::BadRequest(), "the body did not come whole, or it is none\n"),
        BodyError::Late => (HttpResponse::RequestTimeout(), "the body did not come in time\n"),
        BodyError::NoRoom => (HttpResponse::ServiceUnavailable(), "too many bodies at once; try again\n"),
    };
    response.force_close().body(words)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const MIB: usize = 1024 * 1024;

    async fn body(memory: &Memory, chunks: &[usize], longest: usize) -> Result<Body, BodyError> {
        let chunks: Vec<_> = chunks.iter().map(|length| Ok(Bytes::from(vec![7; *length]))).collect();
        read(memory, (0, &mut stream::iter(chunks)), Bounds { longest, ..FORM }).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_a_length_and_a_time() {
        let memory = Memory::default();
        assert_eq!(body(&memory, &[10, 20], 30).await.unwrap().bytes.len(), 30);
        assert_eq!(body(&memory, &[10, 21], 30).await.unwrap_err(), BodyError::TooLong);
        let late = read(&memory, (0, &mut stream::pending()), FORM).await;
        assert_eq!(late.unwrap_err(), BodyError::Late);
        let cut = stream::iter([Err(actix_web::error::PayloadError::Incomplete(None))]);
        assert_eq!(read(&memory, (0, &mut { cut }), FORM).await.unwrap_err(), BodyError::Broken);
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_bound_that_is_given_back() {
        let memory = Memory::new(24 * MIB);
        let mut held = Vec::new();
        while let Ok(body) = body(&memory, &[MIB], usize::MAX).await {
            held.push(body);
        }
        assert_eq!(held.len(), 24);
        held.pop();
        assert!(body(&memory, &[MIB], usize::MAX).await.is_ok());
        let twice = Bounds { longest: usize::MAX, copies: 2, ..FORM };
        let chunk = Ok(Bytes::from(vec![7; MIB]));
        let both = read(&memory, (0, &mut stream::iter([chunk])), twice).await;
        assert_eq!(both.unwrap_err(), BodyError::NoRoom, "there is room for one copy");
    }
}
