//! One HTTP request: control, or a service with its faults.

use actix_web::{HttpRequest, HttpResponse, web};

use super::fault_plan::Plan;
use super::logged_call::LoggedCall;
use super::response::{reset, respond};
use super::shared::Shared;
use super::tcp::Connection;
use super::waiting::response_of;
use crate::control;
use crate::http::Request;
use crate::state::Service;

/// Answers any request that is not a WebSocket handshake.
pub(super) async fn answer(
    http: HttpRequest,
    body: web::Bytes,
    world: web::Data<Shared>,
    service: web::Data<Service>,
) -> HttpResponse {
    let request = read(&http, &body);
    let service = **service;
    if service == Service::Fyers && request.path.starts_with("/control/") {
        let mut world = world.lock();
        let reply = control::handle(&mut world, &request);
        return respond(reply, world.date_header());
    }
    let (mut call, plan) = LoggedCall::begin(&world, service, &request);
    match plan {
        Plan::Hang => {
            if let Some(connection) = http.conn_data::<Connection>() {
                connection.closed_by_peer().await;
            }
            reset(&http)
        }
        Plan::Reset => reset(&http),
        Plan::Instead(reply) => call.finish(reply),
        Plan::After(wait) => {
            tokio::time::sleep(wait).await;
            match response_of(&http, &world, service, &request).await {
                Some(reply) => call.finish(reply),
                None => reset(&http),
            }
        }
        Plan::Changed(change) => match response_of(&http, &world, service, &request).await {
            Some(reply) => call.finish(change(reply)),
            None => reset(&http),
        },
        Plan::Cut => match response_of(&http, &world, service, &request).await {
            Some(reply) => call.cut(&reply),
            None => reset(&http),
        },
        Plan::Lost => {
            response_of(&http, &world, service, &request).await;
            reset(&http)
        }
    }
}

pub(super) fn read(http: &HttpRequest, body: &[u8]) -> Request {
    let header = |name| http.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Request {
        method: http.method().as_str().to_owned(),
        path: http.path().to_owned(),
        query: Request::parse_query(http.query_string()),
        authorization: header("authorization"),
        content_type: header("content-type").unwrap_or_default(),
        body: body.to_vec(),
    }
}
