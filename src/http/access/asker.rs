//! For whom a standby asks: its connection counts as that client's, as if he were connected here.

use actix_web::{
    Error,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};
use keeper_domain::address::Network;

use crate::http::{
    access::{gate::Gate, shown},
    limits::connections::Connection,
};

/// Before anything is shown on it: what was shown on the connection before is somebody else's.
pub(in crate::http) async fn note_asker(
    gate: web::Data<Gate>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let told = shown::relayed(request.request(), gate.siblings());
    if let (Some(told), Some(connection)) = (told, request.request().conn_data::<Connection>()) {
        connection.asks_for(Network::of_client(told.address));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}
