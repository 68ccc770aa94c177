//! From a request on the wire to a call: everything FYERS needs to know, and nothing of the bot's credentials.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::{
        Method as Verb,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
    },
    web,
};
use futures_util::StreamExt;
use fyers_api::http::{ApiRequest, Method, Surface};
use tokio::time::timeout;

use crate::http::{
    gateway::refusal::Refusal,
    limits::body::{self, Body, BodyError, Bounds},
};
use crate::memory::{Memory, Share};

/// FYERS takes ten orders or 500 symbols at once: some ten kilobytes. Sending it takes a second copy.
const BOUNDS: Bounds = Bounds { longest: 1024 * 1024, limit: BODY_LIMIT, copies: 2 };
/// How much more of a body is read and dropped, so that its sender is listening when it is told no.
const PATIENT_WITH: usize = 4 * 1024 * 1024;
/// How long a body may take.
const BODY_LIMIT: Duration = Duration::from_secs(15);

/// Reads the request whole. The share of memory is to be held until the request has been handled.
pub(super) async fn call(
    request: &HttpRequest,
    payload: web::Payload,
    surface: Surface,
    path: &str,
) -> Result<(ApiRequest, Share), Refusal> {
    let body = read(request, payload).await;
    // After the body, for the same reason as above.
    let method = method(request.method()).ok_or(Refusal::Method)?;
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(Refusal::Packed);
    }
    let label = request.headers().get(CONTENT_TYPE).and_then(|label| label.to_str().ok());
    let Body { bytes, memory } = body?;
    let call = ApiRequest {
        surface,
        method,
        path: path.to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        content_type: label.map(str::to_owned),
        body: bytes,
    };
    Ok((call, memory))
}

fn method(verb: &Verb) -> Option<Method> {
    match *verb {
        Verb::GET => Some(Method::Get),
        Verb::POST => Some(Method::Post),
        Verb::PUT => Some(Method::Put),
        Verb::PATCH => Some(Method::Patch),
        Verb::DELETE => Some(Method::Delete),
        _ => None,
    }
}

/// Reads a body that nobody will look at.
pub(in crate::http) async fn discard(mut payload: web::Payload) {
    let read = async {
        let mut length = 0;
        while let Some(Ok(chunk)) = payload.next().await {
            length += chunk.len();
            if length > PATIENT_WITH {
                break;
            }
        }
    };
    let _late = timeout(BODY_LIMIT, read).await;
}

/// The body, when it is no longer than the bounds allow; the rest of a longer one is read and dropped.
async fn read(request: &HttpRequest, mut payload: web::Payload) -> Result<Body, Refusal> {
    let memory = request.app_data::<web::Data<Memory>>().ok_or(Refusal::BrokenBody)?;
    let refusal = match body::read(memory, (body::promised(request.headers()), &mut payload), BOUNDS).await {
        Ok(body) => return Ok(body),
        Err(BodyError::TooLong) => Refusal::TooLong,
        Err(BodyError::Broken) => return Err(Refusal::BrokenBody),
        Err(BodyError::Late) => return Err(Refusal::LateBody),
        Err(BodyError::NoRoom) => Refusal::NoRoom,
    };
    discard(payload).await;
    Err(refusal)
}
