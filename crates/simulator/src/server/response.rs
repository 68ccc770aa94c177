//! Turning responses into those of actix, and resetting connections.

use std::io;

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use super::tcp::Connection;
use crate::http::Response;

pub(super) fn respond(reply: Response, date: String) -> HttpResponse {
    let mut response = HttpResponse::build(status(reply.status));
    response.content_type(reply.content_type).insert_header(("Date", date));
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    response.body(reply.body)
}

/// Closes the connection with RST before a byte of an answer is sent: a body that fails at once makes the server
/// drop the connection with its head still unsent.
pub(super) fn reset(http: &HttpRequest) -> HttpResponse {
    if let Some(connection) = http.conn_data::<Connection>() {
        connection.reset_on_close();
    }
    let body = stream::iter([Err::<web::Bytes, _>(broken())]);
    HttpResponse::Ok().body(SizedStream::new(1, body))
}

pub(super) fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "fault injection")
}

pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
