//! What bots have ordered, for the `orders` verb and for scripts.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::http::{
    access::Gate,
    backend::Backend,
    reply::{json, unanswered},
};

/// How many orders are told when nobody says.
const USUAL: u32 = 50;
/// How many are told at most.
const MOST: u32 = 1_000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/api/orders").get(orders));
}

#[derive(Deserialize)]
struct Wish {
    limit: Option<u32>,
}

async fn orders(gate: Gate, backend: web::Data<dyn Backend>, wish: web::Query<Wish>) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let limit = wish.limit.unwrap_or(USUAL).clamp(1, MOST);
    let told = |orders| json(HttpResponse::Ok(), &serde_json::json!({ "orders": orders }));
    backend.orders(limit).await.map_or_else(unanswered, told)
}
