//! Margin calls (docs/fyers-api.md, "Margin"): orders in, sums out.

use serde_json::{Value, json};

use crate::{
    api::{requests, values::number, values::token},
    margin::Margin,
    new_order::NewOrder,
};
use fyers_api::error::ApiError;

/// Fields of an order that a margin call does not have and that change nothing about its margin.
const DEFAULTS: [(&str, &str); 2] = [("validity", "DAY"), ("orderTag", "")];

/// The orders of a margin call.
///
/// # Errors
/// -50 for a body that makes no sense, with the field's name for what is not simulated; -310 without symbols.
pub fn orders(body: &[u8]) -> Result<Vec<NewOrder>, ApiError> {
    let body = requests::body(body)?;
    let all = body["data"].as_array().ok_or_else(ApiError::invalid_input)?;
    if all.is_empty() || all.len() > requests::MOST_ORDERS {
        return Err(ApiError::invalid_input());
    }
    all.iter().map(order).collect()
}

fn order(element: &Value) -> Result<NewOrder, ApiError> {
    let mut element = element.clone();
    let fields = element.as_object_mut().ok_or_else(ApiError::invalid_input)?;
    for (name, value) in DEFAULTS {
        fields.insert(name.to_owned(), json!(value));
    }
    requests::order(element)
}

/// A symbol that does not exist.
pub fn bad_symbols() -> ApiError {
    ApiError::new(-310, "Please provide valid symbols")
}

/// `POST /multiorder/margin`.
pub fn answer(margin: &Margin) -> Value {
    json!({"code": 200, "message": "", "s": "ok", "data": {"margin_avail": number(margin.available),
        "margin_total": number(margin.total), "margin_new_order": number(margin.new_orders)}})
}

/// `POST /span_margin`. The model knows no exposure margin beside the first sum, so that is always zero.
pub fn span_answer(margin: &Margin, orders: &[NewOrder]) -> Value {
    let (alone, together) = (margin.alone.iter().sum::<rust_decimal::Decimal>(), margin.new_orders);
    let mut each = json!({});
    for (order, sum) in orders.iter().zip(&margin.alone) {
        each[token(&order.request.symbol)] =
            json!({"ltp_info": 0, "span": number(*sum), "expo": 0, "total": number(*sum)});
    }
    json!({"code": 200, "message": "", "s": "ok", "latency": "", "data": {"span": number(together), "expo": 0,
        "total": number(together), "benefit": number(alone - together)}, "individual_info": each})
}
