//! What clients of the data socket look up first (section 7.2).

use serde_json::{Map, Value, json};

use crate::broker::{ApiError, INDEX_NAMES, fy_token};
use crate::http::{Request, Response};
use crate::state::World;

/// The most symbols of one request.
const MOST: usize = 500;

/// `POST /data/symbol-token`; the content type does not matter, since npm sends that of a form.
pub(super) fn symbol_token(world: &World, request: &Request) -> Response {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let Some(symbols) = body["symbols"].as_array().filter(|symbols| symbols.len() <= MOST) else {
        return ApiError::InvalidInput.response();
    };
    let (mut valid, mut invalid) = (Map::new(), Vec::new());
    for symbol in symbols.iter().filter_map(Value::as_str) {
        if world.market.price(symbol).is_some() {
            valid.insert(symbol.to_owned(), json!(fy_token(symbol)));
        } else {
            invalid.push(json!(symbol));
        }
    }
    Response::ok(&json!({"s": "ok", "validSymbol": valid, "invalidSymbol": invalid}))
}

/// `GET /sym_details/index_hsm_mapping.json`.
pub(super) fn index_mapping() -> Response {
    let names = INDEX_NAMES.iter().map(|(symbol, name)| ((*symbol).to_owned(), json!(name)));
    Response::ok(&Value::Object(names.collect()))
}
