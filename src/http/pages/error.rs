//! Errors as pages for people, as plain text for programs.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
};
use askama::Template;

use crate::http::pages::respond::show;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    nonce: &'a str,
    title: &'a str,
    words: &'a str,
    /// What a person can do, a paragraph each.
    advice: &'a [String],
    /// What the way to the status page is called.
    way: &'a str,
}

/// An answer in words as a page for a person, with the way to the status page below it.
pub(crate) fn page(status: u16, (title, words): (&str, &str), advice: &[String], way: &str) -> HttpResponse {
    show(status, |nonce| Page { nonce, title, words, advice, way }.render())
}

/// A path that the keeper does not have.
pub(in crate::http) async fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound().body("nothing here: try /, /livez, /readyz, /metrics or /api/status\n")
}

/// Shows an error of the keeper's own routes as a page, if a browser asks. Bots get FYERS' JSON from the gateway.
pub(in crate::http) async fn for_people(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_person = accepts_pages(request.request()) && !is_gateway(request.path());
    let (request, response) = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body().into_parts(),
        Err(error) if !is_person => return Err(error),
        Err(error) => return Err(error),
    };
    let is_page =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_person || is_page {
        return Ok(ServiceResponse::new(request, response));
    }
    let Some((title, words)) = words(response.status()) else {
        return Ok(ServiceResponse::new(request, response));
    };
    let mut page = page(response.status().as_u16(), (title, words), &[], "Open the status page");
    for name in [ALLOW, RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Ok(ServiceResponse::new(request, page))
}

/// Whether a browser asks.
pub(crate) fn accepts_pages(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn is_gateway(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/data")
}

/// What an error means to a person; `None` for an answer that is no error.
fn words(status: StatusCode) -> Option<(&'static str, &'static str)> {
    Some(match status {
        StatusCode::NOT_FOUND => {
            ("Nothing here", "The keeper has no page at this address, so nothing was done.")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            ("Not a page", "This address is for buttons and programs. Open the status page instead.")
        }
        StatusCode::BAD_REQUEST => (
            "Not understood",
            "The form did not arrive whole, so nothing was done. Go back and send it again.",
        ),
        StatusCode::FORBIDDEN => (
            "Not from this page",
            "The button was pressed elsewhere, or on a page from before this browser was locked: nothing was done. Open the \
             status page and press it there.",
        ),
        StatusCode::REQUEST_TIMEOUT => ("Too slow", "The request did not arrive in time. Please try again."),
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too often", "That was too often, so nothing was done. Wait a minute, then try again.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => ("Too long", "The request is longer than any form of the keeper."),
        StatusCode::SERVICE_UNAVAILABLE => (
            "No answer",
            "The keeper did not answer in time, and whether it has done what you asked is not known. Look at the status \
                 page in a moment.",
        ),
        other if other.is_server_error() => (
            "Something went wrong",
            "The keeper could not answer. Try again; if it stays so, `fyers-keeper doctor` and the log say why.",
        ),
        _ => return None,
    })
}
