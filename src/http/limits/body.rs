//! Bodies of requests: how long they may be, how long they may take, how much memory all of them may hold.

use std::{sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web::{self, Bytes},
};
use futures_util::StreamExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::http::limits::connections::Connection;

/// The longest body of a form or of a call to the keeper's own routes, in bytes.
const LONGEST: usize = 16 * 1024;
/// How long such a body may take.
const LIMIT: Duration = Duration::from_secs(10);
/// What all bodies that are held at once may take, in bytes. The container has 128 MiB for everything.
const ALL: usize = 24 * 1024 * 1024;
/// Memory is counted in pieces of this size.
const PIECE: usize = 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum BodyError {
    /// Longer than allowed.
    TooLong,
    /// It did not come whole, or not in time.
    Broken,
    /// All memory for bodies is in use.
    NoRoom,
}

/// The memory for bodies of one listener.
#[derive(Debug, Clone)]
pub(in crate::http) struct BodyMemory(Arc<Semaphore>);

impl Default for BodyMemory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL / PIECE)))
    }
}

/// A body with its share of the memory.
#[derive(Debug)]
pub(in crate::http) struct Body {
    pub(in crate::http) bytes: Vec<u8>,
    _memory: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    /// Reads a body whole: at most `longest` bytes, within `limit`.
    pub(in crate::http) async fn read(
        &self,
        payload: &mut (impl futures_util::Stream<Item = Result<Bytes, actix_web::error::PayloadError>> + Unpin),
        longest: usize,
        limit: Duration,
    ) -> Result<Body, BodyError> {
        let read = async {
            let mut body = Body { bytes: Vec::new(), _memory: None };
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|_| BodyError::Broken)?;
                if body.bytes.len() + chunk.len() > longest {
                    return Err(BodyError::TooLong);
                }
                self.hold(&mut body, chunk.len())?;
                body.bytes.extend_from_slice(&chunk);
            }
            Ok(body)
        };
        timeout(limit, read).await.unwrap_or(Err(BodyError::Broken))
    }

    fn hold(&self, body: &mut Body, more: usize) -> Result<(), BodyError> {
        let pieces = u32::try_from(more.div_ceil(PIECE)).map_err(|_| BodyError::TooLong)?;
        let taken = Arc::clone(&self.0).try_acquire_many_owned(pieces).map_err(|_| BodyError::NoRoom)?;
        match &mut body._memory {
            Some(memory) => memory.merge(taken),
            none => *none = Some(taken),
        }
        Ok(())
    }
}

/// Reads the body of every request outside of the gateway, whatever its route does with it: a route that does not
/// look at its body must not leave a connection waiting for one.
pub(in crate::http) async fn read_first(
    memory: web::Data<BodyMemory>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if is_gateway(request.path()) || (request.method() == Method::GET && request.head().upgrade()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let mut payload = request.take_payload();
    match memory.read(&mut payload, LONGEST, LIMIT).await {
        Ok(body) => {
            // Dropped with its memory once the request has been answered.
            let Body { bytes, _memory } = body;
            request.set_payload(whole(bytes));
            Ok(next.call(request).await?.map_into_boxed_body())
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
        BodyError::Broken => (HttpResponse::RequestTimeout(), "the body did not come whole and in time\n"),
        BodyError::NoRoom => (HttpResponse::ServiceUnavailable(), "too many bodies at once; try again\n"),
    };
    response.force_close().body(words)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn read(memory: &BodyMemory, chunks: &[usize], longest: usize) -> Result<Body, BodyError> {
        let chunks: Vec<_> = chunks.iter().map(|length| Ok(Bytes::from(vec![7; *length]))).collect();
        memory.read(&mut stream::iter(chunks), longest, LIMIT).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_a_length_and_a_time() {
        let memory = BodyMemory::default();
        assert_eq!(read(&memory, &[10, 20], 30).await.unwrap().bytes.len(), 30);
        assert_eq!(read(&memory, &[10, 21], 30).await.unwrap_err(), BodyError::TooLong);
        let late = memory.read(&mut stream::pending(), 30, LIMIT).await;
        assert_eq!(late.unwrap_err(), BodyError::Broken);
    }

    #[tokio::test]
    async fn all_bodies_together_have_a_bound_that_is_given_back() {
        let memory = BodyMemory::default();
        let mut held = Vec::new();
        while let Ok(body) = read(&memory, &[1024 * 1024], usize::MAX).await {
            held.push(body);
        }
        assert_eq!(held.len(), 24);
        held.pop();
        assert!(read(&memory, &[1024 * 1024], usize::MAX).await.is_ok());
    }
}
