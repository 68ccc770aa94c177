//! FYERS' tokens of symbols: looked up in batches, in the keeper's own share of the request limits.

use std::{collections::BTreeMap, sync::Arc};

use fyers_api::{
    http::{ApiRequest, Method, Surface},
    response,
};
use keeper_domain::{ports::BrokerProxy, secret::AccessToken};
use serde_json::json;

use crate::{drift::DriftLog, hub::Hub};

/// Symbols of one call; FYERS takes 500.
const BATCH: usize = 400;

/// Looks these symbols up. False when FYERS did not answer: they are asked again later.
pub(super) async fn look_up(
    hub: Hub,
    proxy: Arc<dyn BrokerProxy>,
    token: Arc<AccessToken>,
    symbols: Vec<String>,
    drift: DriftLog,
) -> bool {
    for batch in symbols.chunks(BATCH) {
        let answer = proxy.send_own(&token, &request(batch)).await;
        let read = answer.ok().and_then(|answer| response::symbol_tokens(answer.status, &answer.body).ok());
        let Some(read) = read else {
            tracing::warn!(
                event = "feed.look_up_failed",
                actor = "feeds",
                count = batch.len() as u64,
                "FYERS did not say what the data socket calls some symbols; asked again"
            );
            return false;
        };
        learn(&hub, batch, &drift.warned("symbol-token", read));
    }
    true
}

fn request(symbols: &[String]) -> ApiRequest {
    ApiRequest {
        surface: Surface::Data,
        method: Method::Post,
        path: "/symbol-token".to_owned(),
        query: String::new(),
        content_type: Some("application/json".to_owned()),
        body: json!({"symbols": symbols}).to_string().into_bytes(),
    }
}

/// What is in neither list cannot be followed either.
fn learn(hub: &Hub, asked: &[String], tokens: &BTreeMap<String, String>) {
    hub.with(|feeds, now| {
        for symbol in asked {
            match tokens.get(symbol) {
                Some(token) => feeds.directory.learn(symbol, token),
                None => feeds.refuse(symbol, "Invalid symbol provided", now),
            }
        }
    });
    hub.wake();
}
