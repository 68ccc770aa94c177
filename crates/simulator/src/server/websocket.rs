//! Handshakes of the two sockets.

use actix_http::ws::handshake;
use actix_web::{HttpRequest, HttpResponse, web};

use super::fault_plan::Plan;
use super::handler::read;
use super::logged_call::LoggedCall;
use super::message_stream::MessageStream;
use super::response::reset;
use super::shared::Shared;
use super::tcp::Connection;
use crate::endpoint;
use crate::faults::Fault;
use crate::fyers::account_of_authorization;
use crate::http::{Request, Response};
use crate::sockets::{NewSocket, SocketKind};
use crate::state::Service;

/// Answers a handshake, or fails it as a fault says.
pub(super) async fn connect(
    http: HttpRequest,
    payload: web::Payload,
    world: web::Data<Shared>,
) -> HttpResponse {
    let request = read(&http, &[]);
    let (mut call, plan) = LoggedCall::begin(&world, Service::Fyers, &request);
    let fault = match plan {
        Plan::Instead(response) => return call.finish(response),
        Plan::After(wait) => {
            tokio::time::sleep(wait).await;
            None
        }
        Plan::Frames(fault) => Some(fault),
        Plan::Hang => {
            if let Some(connection) = http.conn_data::<Connection>() {
                connection.closed_by_peer().await;
            }
            return reset(&http);
        }
        Plan::Changed(_) | Plan::Replaced(_) | Plan::Cut | Plan::Lost | Plan::Held | Plan::Reset => {
            return reset(&http);
        }
    };
    match new_socket(&http, &world, &request, fault) {
        Ok(socket) => upgrade(&http, payload, &world, call, socket),
        Err(refused) => call.finish(refused),
    }
}

/// The data socket authenticates by a message, the order socket by a header: 403 without a body (section 7.1).
fn new_socket(
    http: &HttpRequest,
    world: &Shared,
    request: &Request,
    fault: Option<Fault>,
) -> Result<NewSocket, Response> {
    let agent = http.headers().get("user-agent").and_then(|agent| agent.to_str().ok());
    let source = agent.unwrap_or_default().to_owned();
    if request.path == endpoint::DATA_SOCKET {
        return Ok(NewSocket { kind: SocketKind::Data, account: None, source, fault });
    }
    let header = request.authorization.as_deref().unwrap_or_default();
    let account = account_of_authorization(&world.lock(), header);
    let forbidden = || Response::text(403, "text/plain", "");
    let account = Some(account.ok_or_else(forbidden)?);
    Ok(NewSocket { kind: SocketKind::Orders, account, source, fault })
}

fn upgrade(
    http: &HttpRequest,
    payload: web::Payload,
    world: &web::Data<Shared>,
    mut call: LoggedCall,
    socket: NewSocket,
) -> HttpResponse {
    let Ok(mut response) = handshake(http.head()) else {
        return call.finish(Response::text(400, "text/plain", "Bad Request"));
    };
    call.answered(101);
    let connection = http.conn_data::<Connection>().and_then(Connection::duplicate);
    let messages = MessageStream::open(Shared::clone(world), socket, payload, connection);
    response.message_body(actix_web::body::BodyStream::new(messages.into_stream())).map_or_else(
        |_error| HttpResponse::InternalServerError().finish(),
        |response| HttpResponse::from(response.map_into_boxed_body()),
    )
}
