//! A body that is longer than what the keeper wants in memory: the next part is asked for when the client has taken
//! the one before.

use actix_web::{
    body::BodyStream,
    web::{Bytes, Data},
};
use futures_util::{Stream, stream};
use keeper_actors::exchange::messages::Rest;

use crate::http::backend::Backend;

/// What is to be sent next.
enum Next {
    Now(Bytes, Option<Rest>),
    Later(Rest),
}

/// The beginning, and the rest as it is read. When the keeper does not answer any more the connection is cut, so that
/// half a book is never taken for a whole one.
pub(super) fn stream(
    beginning: Bytes,
    rest: Rest,
    backend: Data<dyn Backend>,
) -> BodyStream<impl Stream<Item = Result<Bytes, std::io::Error>>> {
    let first = Some(Next::Now(beginning, Some(rest)));
    BodyStream::new(Box::pin(stream::unfold(first, move |next| {
        let backend = backend.clone();
        async move {
            let (bytes, rest) = match next? {
                Next::Now(bytes, rest) => (bytes, rest),
                Next::Later(rest) => match backend.next_rows(rest).await {
                    Some(rows) => (Bytes::from(rows.bytes), rows.rest),
                    None => return Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
                },
            };
            Some((Ok(bytes), rest.map(Next::Later)))
        }
    })))
}
