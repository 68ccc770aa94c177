//! One HTTP request: control, or a service with its faults.

use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::fault_plan::Plan;
use super::logged_call::LoggedCall;
use super::response::{reset, respond};
use super::shared::Shared;
use super::tcp::Connection;
use super::waiting::response_of;
use crate::control;
use crate::http::Request;
use crate::state::Service;

/// Answers any request that is not a handshake of a known socket.
pub(super) async fn answer(
    http: HttpRequest,
    payload: web::Payload,
    world: web::Data<Shared>,
    service: web::Data<Service>,
) -> actix_web::Result<HttpResponse> {
    let request = read(&http, &body(&http, payload).await?);
    let service = **service;
    if service == Service::Fyers && request.path.starts_with("/control/") {
        let mut world = world.lock();
        let response = control::handle(&mut world, &request);
        return Ok(respond(response, world.date_header()));
    }
    let (mut call, plan) = LoggedCall::begin(&world, service, &request);
    let done = carry_out(plan, &http, &world, service, &request, &mut call).await;
    Ok(done.unwrap_or_else(|| reset(&http)))
}

/// The whole body; none for a handshake at a wrong path, whose payload has no end.
async fn body(http: &HttpRequest, payload: web::Payload) -> actix_web::Result<web::Bytes> {
    if http.head().upgrade() {
        return Ok(web::Bytes::new());
    }
    web::Bytes::from_request(http, &mut payload.into_inner()).await
}

/// The response under a fault's plan; `None` when the connection is to be reset.
async fn carry_out(
    plan: Plan,
    http: &HttpRequest,
    world: &Shared,
    service: Service,
    request: &Request,
    call: &mut LoggedCall,
) -> Option<HttpResponse> {
    match plan {
        Plan::Instead(response) => return Some(call.finish(response)),
        Plan::Reset => return None,
        Plan::Hang => {
            http.conn_data::<Connection>()?.closed_by_peer().await;
            return None;
        }
        Plan::After(wait) => tokio::time::sleep(wait).await,
        Plan::Changed(_) | Plan::Replaced(_) | Plan::Cut | Plan::Lost | Plan::Held | Plan::Frames(_) => {}
    }
    let response = response_of(http, world, service, request).await?;
    match plan {
        Plan::Changed(change) => Some(call.finish(change(response))),
        Plan::Replaced(instead) => Some(call.finish(instead)),
        Plan::Cut => Some(call.cut(&response)),
        Plan::Lost => None,
        Plan::Held => {
            http.conn_data::<Connection>()?.closed_by_peer().await;
            None
        }
        _ => Some(call.finish(response)),
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
