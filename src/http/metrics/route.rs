//! `/metrics` for Prometheus.

use actix_web::{HttpResponse, http::header::CONTENT_TYPE, web};

use crate::http::{
    access::Gate,
    backend::{Backend, Front},
    reply::unanswered,
};

pub(in crate::http) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/metrics").get(metrics));
}

/// A keeper whose actors do not answer has no numbers: Prometheus then sees `up` at 0.
async fn metrics(gate: Gate, backend: web::Data<dyn Backend>, front: web::Data<Front>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let Some(status) = backend.status().await else { return unanswered() };
    match front.metrics.text(&status) {
        Ok(text) => HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; version=0.0.4")).body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
