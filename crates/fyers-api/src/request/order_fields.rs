//! An order's fields as a program sent them (docs/fyers-api.md, "Place" and "GTT"): the one reader of them, for an
//! exchange that takes the order whole and for safety rules that only look at it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    codes,
    error::ApiError,
    model::{OrderRequest, OrderType, Product, Side, Validity},
    number,
};

/// A number as [`number::decimal`] reads it; zero for one that is not given.
///
/// # Errors
/// -50 for what is no number.
pub fn decimal(value: &Value) -> Result<Decimal, ApiError> {
    if value.is_null() {
        Ok(Decimal::ZERO)
    } else {
        number::decimal(value).ok_or_else(ApiError::invalid_input)
    }
}

/// A number as [`number::whole`] reads it; zero for one that is not given.
///
/// # Errors
/// -50 for what is no whole number.
pub fn whole(value: &Value) -> Result<i64, ApiError> {
    if value.is_null() { Ok(0) } else { number::whole(value).ok_or_else(ApiError::invalid_input) }
}

/// An element of `POST /orders/sync`. The methods give its fields as values; each fails with -50 for a field that is
/// missing or badly typed.
///
/// Read from bytes, a field that comes twice is refused: two programs could read it in two ways.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "they are FYERS' own names")]
pub struct OrderFields {
    pub symbol: String,
    pub qty: Value,
    #[serde(rename = "type", default)]
    pub order_type: Value,
    pub side: Value,
    #[serde(rename = "productType")]
    pub product: String,
    #[serde(default)]
    pub limit_price: Value,
    #[serde(default)]
    pub stop_price: Value,
    #[serde(default)]
    pub disclosed_qty: Value,
    #[serde(default)]
    pub validity: Value,
    #[serde(default)]
    pub offline_order: Value,
    #[serde(default)]
    pub stop_loss: Value,
    #[serde(default)]
    pub take_profit: Value,
    #[serde(default)]
    pub leg_type: Value,
    #[serde(default)]
    pub order_tag: Value,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl OrderFields {
    /// The order, whole.
    pub fn order(&self) -> Result<OrderRequest, ApiError> {
        Ok(OrderRequest {
            symbol: self.symbol.clone(),
            quantity: self.quantity()?,
            side: self.side()?,
            order_type: self.order_type()?,
            product: self.product()?,
            limit_price: decimal(&self.limit_price)?,
            stop_price: decimal(&self.stop_price)?,
            tag: tag(&self.order_tag)?,
        })
    }

    /// Unsigned, as it is sent; whether it makes sense is for the exchange to say.
    pub fn quantity(&self) -> Result<i64, ApiError> {
        whole(&self.qty)
    }

    /// `side`.
    pub fn side(&self) -> Result<Side, ApiError> {
        codes::side(whole(&self.side)?)
    }

    /// `type`.
    pub fn order_type(&self) -> Result<OrderType, ApiError> {
        codes::order_type(whole(&self.order_type)?)
    }

    /// `productType`.
    pub fn product(&self) -> Result<Product, ApiError> {
        codes::product(&self.product)
    }

    /// `DAY` unless it says otherwise.
    pub fn validity(&self) -> Result<Validity, ApiError> {
        match &self.validity {
            Value::Null => Ok(Validity::Day),
            word => codes::validity(word.as_str().unwrap_or_default()),
        }
    }
}

/// `orderTag`; `None` for an empty one.
///
/// # Errors
/// -50 for anything but text.
pub fn tag(value: &Value) -> Result<Option<String>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::String(tag) => Ok(Some(tag.clone()).filter(|tag| !tag.is_empty())),
        _ => Err(ApiError::invalid_input()),
    }
}

/// The body of `POST /gtt/orders/sync`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "they are FYERS' own names")]
pub struct GttFields {
    pub symbol: String,
    pub side: Value,
    #[serde(rename = "productType")]
    pub product: String,
    #[serde(rename = "orderInfo")]
    pub legs: GttLegs,
    #[serde(rename = "orderTag", default)]
    pub tag: Value,
}

/// `orderInfo`: `leg1`, or `leg1` and `leg2`, of which one cancels the other.
pub type GttLegs = BTreeMap<String, Option<GttLegFields>>;

/// A leg of a GTT order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[allow(missing_docs, reason = "they are FYERS' own names")]
pub struct GttLegFields {
    #[serde(default)]
    pub price: Value,
    #[serde(rename = "triggerPrice", default)]
    pub trigger: Value,
    pub qty: Value,
}

/// The body of `POST /multileg/orders/sync`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "they are FYERS' own names")]
pub struct MultiLegFields {
    #[serde(rename = "productType")]
    pub product: String,
    #[serde(default)]
    pub offline_order: Value,
    #[serde(default)]
    pub order_tag: Value,
    pub legs: BTreeMap<String, MultiLegLegFields>,
}

/// A leg of an order of several legs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "they are FYERS' own names")]
pub struct MultiLegLegFields {
    pub symbol: String,
    pub qty: Value,
    pub side: Value,
    #[serde(rename = "type", default)]
    pub order_type: Value,
    #[serde(default)]
    pub limit_price: Value,
}

impl MultiLegFields {
    /// Each leg as the order that it becomes.
    pub fn orders(self) -> Vec<OrderFields> {
        let Self { product, offline_order, order_tag, legs } = self;
        let order = |leg: MultiLegLegFields| OrderFields {
            symbol: leg.symbol,
            qty: leg.qty,
            order_type: leg.order_type,
            side: leg.side,
            product: product.clone(),
            limit_price: leg.limit_price,
            offline_order: offline_order.clone(),
            order_tag: order_tag.clone(),
            ..OrderFields::default()
        };
        legs.into_values().map(order).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> Value {
        json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 1, "side": -1, "productType": "INTRADAY",
            "limitPrice": 800.1, "stopPrice": 0, "validity": "IOC", "disclosedQty": 0, "orderTag": "a1"})
    }

    fn order(body: Value) -> Result<OrderRequest, ApiError> {
        let fields: OrderFields = serde_json::from_value(body).map_err(|_| ApiError::invalid_input())?;
        fields.validity()?;
        fields.order()
    }

    #[test]
    fn an_order_is_read_as_programs_write_it() {
        let read = order(full()).unwrap();
        assert_eq!(
            (read.side, read.order_type, read.product),
            (Side::Sell, OrderType::Limit, Product::Intraday)
        );
        assert_eq!((read.limit_price.to_string().as_str(), read.tag.as_deref()), ("800.1", Some("a1")));
        let bare = json!({"symbol": "NSE:SBIN-EQ", "qty": "5", "type": 2.0, "side": 1, "productType": "CNC"});
        assert_eq!(order(bare).unwrap().quantity, 5);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let read = order(full()).unwrap();
        assert_eq!(order(crate::request::order(&read).unwrap()).unwrap(), read);
    }

    fn is_invalid<T>(read: &Result<T, ApiError>) -> bool {
        read.as_ref().is_err_and(|error| error.code == -50 && error.message.starts_with("Invalid input"))
    }

    #[test]
    fn each_missing_or_malformed_field_is_invalid_input() {
        for name in ["symbol", "qty", "type", "side", "productType"] {
            let mut body = full();
            body.as_object_mut().unwrap().remove(name);
            assert!(is_invalid(&order(body)), "{name}");
        }
        for (name, value) in [
            ("qty", json!(1.5)),
            ("qty", json!("x")),
            ("type", json!(9)),
            ("side", json!(0)),
            ("limitPrice", json!({})),
            ("productType", json!("XX")),
            ("validity", json!("GTC")),
            ("orderTag", json!(7)),
        ] {
            let mut body = full();
            body[name] = value;
            assert!(is_invalid(&order(body)), "{name}");
        }
        let twice = full().to_string().replacen('{', r#"{"side":1,"#, 1);
        assert!(serde_json::from_str::<OrderFields>(&twice).is_err(), "a field that comes twice");
    }
}
