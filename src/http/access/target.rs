//! Requests that name the host they are for in their target, as to a proxy.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

use crate::http::access::gate::Gate;

/// The keeper is nobody's proxy: a target that names a host names this listener, or is refused. That it names the same
/// one as `Host` was seen before (`head`).
pub(in crate::http) async fn is_meant(
    gate: web::Data<Gate>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.uri().authority().is_none_or(|authority| gate.is_named(authority.as_str())) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let words = "this is fyers-keeper and no proxy\n";
    Ok(request.into_response(HttpResponse::BadRequest().force_close().body(words)))
}
