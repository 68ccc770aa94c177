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

use crate::http::gateway::refusal::Refusal;

/// The longest body, in bytes. FYERS takes ten orders or 500 symbols at once: some ten kilobytes.
const LONGEST: usize = 1024 * 1024;
/// How much more of a body is read and dropped, so that its sender is listening when it is told no.
const PATIENT_WITH: usize = 4 * 1024 * 1024;
/// How long a body may take.
const BODY_LIMIT: Duration = Duration::from_secs(15);

/// Reads the request whole.
pub(super) async fn call(
    request: &HttpRequest,
    payload: web::Payload,
    surface: Surface,
    path: &str,
) -> Result<ApiRequest, Refusal> {
    let body = body(payload, LONGEST).await;
    // After the body, for the same reason as above.
    let method = method(request.method()).ok_or(Refusal::Method)?;
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(Refusal::Packed);
    }
    let label = request.headers().get(CONTENT_TYPE).and_then(|label| label.to_str().ok());
    Ok(ApiRequest {
        surface,
        method,
        path: path.to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        content_type: label.map(str::to_owned),
        body: body?,
    })
}

/// Reads a body that nobody will look at.
pub(super) async fn discard(payload: web::Payload) {
    let _unread = body(payload, 0).await;
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

/// The body, when it is no longer than `longest`.
async fn body(mut payload: web::Payload, longest: usize) -> Result<Vec<u8>, Refusal> {
    let read = async {
        let (mut body, mut length) = (Vec::new(), 0);
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| Refusal::BrokenBody)?;
            length += chunk.len();
            if length <= longest {
                body.extend_from_slice(&chunk);
            } else if length > PATIENT_WITH {
                break;
            }
        }
        if length > longest { Err(Refusal::TooLong) } else { Ok(body) }
    };
    timeout(BODY_LIMIT, read).await.unwrap_or(Err(Refusal::BrokenBody))
}
