//! Margin calls.

use serde_json::Value;

use crate::{api::margin as api, exchange::MockExchange, margin};
use fyers_api::{error::ApiError, http::ApiRequest};

impl MockExchange {
    /// What the orders of a margin call would block.
    pub(super) fn margin(&self, call: &ApiRequest) -> Result<Value, ApiError> {
        let orders = api::orders(&call.body)?;
        for order in &orders {
            self.engine.instrument(&order.request.symbol, None).map_err(|_| api::bad_symbols())?;
        }
        let needed = margin::needed(&self.engine, &orders)?;
        Ok(if call.path.trim_end_matches('/').ends_with("/span_margin") {
            api::span_answer(&needed, &orders)
        } else {
            api::answer(&needed)
        })
    }

    /// Symbols whose prices decide about a margin call.
    pub(super) fn priced_by_margin(call: &ApiRequest) -> Vec<String> {
        let orders = api::orders(&call.body).unwrap_or_default();
        orders.into_iter().map(|order| order.request.symbol).collect()
    }
}
