//! An answer of the holder on its way to a bot.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING, UPGRADE},
    },
};

/// Status and headers of the holder's answer.
pub(super) fn copied(answer: &reqwest::Response) -> Option<HttpResponseBuilder> {
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status().as_u16()).ok()?);
    for (name, value) in answer.headers() {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        if is_end_to_end(&name) {
            response.append_header((name, value.as_bytes()));
        }
    }
    Some(response)
}

/// Whether a header is about more than one connection.
pub(super) fn is_end_to_end(name: &HeaderName) -> bool {
    let of_the_connection = ["keep-alive", "proxy-authorization", "te", "trailer"];
    ![CONNECTION, TRANSFER_ENCODING, UPGRADE, CONTENT_LENGTH].contains(name)
        && !of_the_connection.contains(&name.as_str())
}
