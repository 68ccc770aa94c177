//! Long answers: whoever takes one slowly holds it for long, so they share one budget until they are written.

use std::convert::Infallible;

use actix_web::{
    body::{BodySize, BoxBody, MessageBody, SizedStream},
    dev::ServiceResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::Bytes,
};
use futures_util::{Stream, stream};

use crate::memory::{Memory, Share};

/// How much of a long answer the HTTP library is given at once, in bytes.
const PART: usize = 8 * 1024;

/// Bytes with their share of the memory.
struct Held(Bytes, #[expect(dead_code, reason = "held until the bytes are dropped")] Share);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Bytes that have their room as long as they live.
pub(in crate::http) fn with_room(bytes: impl Into<Bytes>, room: Share) -> Bytes {
    Bytes::from_owner(Held(bytes.into(), room))
}

/// A body that has its room until its last part is given.
pub(in crate::http) fn held(bytes: impl Into<Bytes>, room: Share) -> BoxBody {
    let bytes = with_room(bytes, room);
    if bytes.len() <= PART { BoxBody::new(bytes) } else { BoxBody::new(in_parts(bytes)) }
}

/// The body in parts: the HTTP library copies what it is given before it writes it, so a long body is given when there
/// is room for the next part. The whole is held until the last part has been given.
fn in_parts(bytes: Bytes) -> SizedStream<impl Stream<Item = Result<Bytes, Infallible>>> {
    let length = bytes.len();
    let part = move |at: usize| Ok(bytes.slice(at..length.min(at + PART)));
    SizedStream::new(length as u64, stream::iter((0..length).step_by(PART).map(part)))
}

/// An answer of the keeper's own routes: a long one takes its room, or is not given now.
pub(in crate::http) async fn bounded(
    memory: &Memory,
    response: ServiceResponse<BoxBody>,
) -> ServiceResponse<BoxBody> {
    let mut room = memory.for_answer();
    let has_room = match response.response().body().size() {
        BodySize::Sized(length) if length > PART as u64 => {
            room.find_room(usize::try_from(length).unwrap_or(usize::MAX)).await
        }
        _ => return response,
    };
    response.map_body(|head, body| {
        if has_room {
            return match body.try_into_bytes() {
                Ok(bytes) => held(bytes, room),
                Err(streamed) => streamed,
            };
        }
        head.status = StatusCode::SERVICE_UNAVAILABLE;
        head.headers.remove(CONTENT_TYPE);
        BoxBody::new("too many long answers at once; try again\n")
    })
}

#[cfg(test)]
mod tests {
    use actix_web::{HttpResponse, body::to_bytes, test::TestRequest};

    use super::*;

    async fn told(memory: &Memory, length: usize) -> ServiceResponse<BoxBody> {
        let answer = HttpResponse::Ok().body(vec![b'x'; length]);
        bounded(memory, TestRequest::default().to_srv_response(answer)).await
    }

    #[actix_web::test]
    async fn long_answers_of_the_keepers_own_share_their_room() {
        let memory = Memory::new(1024 * 1024);
        let first = told(&memory, 1024 * 1024).await;
        assert_eq!(
            (first.status(), told(&memory, 200_000).await.status()),
            (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
        );
        assert_eq!(told(&memory, 16_000).await.status(), StatusCode::OK, "short ones need none");
        assert_eq!(to_bytes(first.into_body()).await.unwrap().len(), 1024 * 1024);
        assert_eq!(told(&memory, 200_000).await.status(), StatusCode::OK, "the room is given back");
    }
}
