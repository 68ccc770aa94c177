//! Answers that several routes give.

use actix_web::{
    Error, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError,
    error::InternalError,
    http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    web,
};
use keeper_domain::{
    mode::ShownMode,
    routing::Venue,
    text::{escaped, excerpt},
};
use serde::Serialize;

/// The two headers that every answer to a bot has.
pub(super) fn mark(headers: &mut HeaderMap, shown: ShownMode, venue: Venue) {
    headers.insert(HeaderName::from_static("x-keeper-mode"), HeaderValue::from_static(shown.slug()));
    headers.insert(HeaderName::from_static("x-keeper-order-venue"), HeaderValue::from_static(venue.slug()));
}

/// The actors have not answered in time.
pub(super) fn unanswered() -> HttpResponse {
    HttpResponse::ServiceUnavailable().body("the keeper did not answer in time\n")
}

/// Characters that are said of what is wrong with a request.
const PROBLEM: usize = 300;

/// What is said of a form, query, path or JSON that cannot be read: the readers quote what has come.
pub(super) fn problems(config: &mut web::ServiceConfig) {
    config
        .app_data(web::FormConfig::default().error_handler(problem))
        .app_data(web::QueryConfig::default().error_handler(problem))
        .app_data(web::PathConfig::default().error_handler(problem))
        .app_data(web::JsonConfig::default().error_handler(problem));
}

fn problem<E: ResponseError + 'static>(error: E, _: &HttpRequest) -> Error {
    let words = format!("{}\n", excerpt(&error.to_string(), PROBLEM));
    let response = HttpResponse::build(error.status_code()).body(words);
    InternalError::from_response(error, response).into()
}

/// An answer as JSON, which may be read by a terminal: nothing in it hides or commands.
pub(super) fn json(mut response: HttpResponseBuilder, value: &impl Serialize) -> HttpResponse {
    let Ok(text) = serde_json::to_string(value) else { return HttpResponse::InternalServerError().finish() };
    let mut response = response.body(escaped(&text).into_owned());
    if !response.headers().contains_key(CONTENT_TYPE) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_labelled_once() {
        let plain = json(HttpResponse::Ok(), &1);
        assert_eq!(plain.headers().get(CONTENT_TYPE).unwrap(), "application/json");
        let mut health = HttpResponse::Ok();
        health.insert_header((CONTENT_TYPE, "application/health+json"));
        let health = json(health, &1);
        assert_eq!(health.headers().get_all(CONTENT_TYPE).count(), 1);
        assert_eq!(health.headers().get(CONTENT_TYPE).unwrap(), "application/health+json");
    }
}
