//! What bots have ordered, for the `orders` verb and for scripts.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    http::{
        access::Gate,
        backend::Backend,
        reply::{json, unanswered},
    },
    memory::Memory,
};

/// How many orders are told when nobody says.
const USUAL: u32 = 50;
/// How many are told at most.
const MOST: u32 = 1_000;
/// What one takes in memory until the answer is written, in bytes: as values and as text.
const ROW: usize = 8 * 1024;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/api/orders").get(orders));
}

#[derive(Deserialize)]
struct Wish {
    limit: Option<u32>,
}

async fn orders(
    gate: Gate,
    backend: web::Data<dyn Backend>,
    memory: web::Data<Memory>,
    wish: web::Query<Wish>,
) -> HttpResponse {
    if let Some(refusal) = gate.refuse_reader() {
        return refusal;
    }
    let limit = wish.limit.unwrap_or(USUAL).clamp(1, MOST);
    // Taken before they are read: many who ask at once would otherwise each have a list of their own.
    let mut room = memory.for_request();
    if !room.find_room(limit as usize * ROW).await {
        return HttpResponse::ServiceUnavailable().body("too many long answers at once; try again\n");
    }
    let told = |orders| json(HttpResponse::Ok(), &serde_json::json!({ "orders": orders }));
    backend.orders(limit, gate.bot_reader()).await.map_or_else(unanswered, told)
}
