//! What a bot's request would do, read for the safety rules only. FYERS gets the bytes as they came.

use fyers_api::{
    codes,
    http::ApiRequest,
    model::{OrderRequest, Position, Product},
    number,
    operation::Operation,
    request::{self, GttFields, GttLegFields, OrderFields},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One order in a request, as far as safety needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// As the bot wrote it.
    pub symbol: String,
    /// `INTRADAY`, `CNC`, or any other word that the bot wrote.
    pub product: String,
    /// Signed: negative sells. Never zero.
    pub quantity: i64,
    /// Limit price in INR; zero for a market order.
    #[serde(default)]
    pub price: Decimal,
    /// The bot's own mark.
    #[serde(default)]
    pub tag: Option<String>,
}

impl Leg {
    /// An order in the keeper's own words.
    pub fn of(order: &OrderRequest) -> Self {
        Self {
            symbol: order.symbol.clone(),
            product: codes::product_word(order.product).to_owned(),
            quantity: order.signed_quantity(),
            price: order.limit_price,
            tag: order.tag.clone(),
        }
    }

    /// What closes this position whole.
    pub fn closing(position: &Position) -> Self {
        Self {
            symbol: position.symbol.clone(),
            product: codes::product_word(position.product).to_owned(),
            quantity: -position.net,
            price: Decimal::ZERO,
            tag: None,
        }
    }

    /// The product, when it is one that the keeper knows.
    pub fn known_product(&self) -> Option<Product> {
        codes::product(&normal(&self.product)).ok()
    }

    /// Whether both are about the same symbol, however it is written.
    pub fn is_in(&self, symbol: &str) -> bool {
        normal(&self.symbol) == normal(symbol)
    }

    /// Symbol and product in one spelling.
    pub fn key(&self) -> (String, String) {
        (normal(&self.symbol), normal(&self.product))
    }
}

/// One spelling for symbols and products: FYERS' own is upper case without spaces.
pub(super) fn normal(text: &str) -> String {
    text.trim().to_uppercase()
}

/// A request with the orders in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCall {
    /// What it is about.
    pub operation: Operation,
    /// The orders it would make, as far as they can be read.
    pub legs: Vec<Leg>,
    /// Whether every order in it could be read.
    pub understood: bool,
    /// Whether an order carries more than itself: a stop or target leg of its own, or a later session.
    pub has_extras: bool,
    /// Whether it also cancels waiting orders (an exit with `pending_orders_cancel`).
    pub cancels_waiting: bool,
}

impl OrderCall {
    /// Reads a request. Never fails: what cannot be read is said to be so.
    pub fn read(call: &ApiRequest) -> Self {
        let operation = Operation::of(call);
        let (orders, understood) = match operation {
            Operation::Place => one(&call.body),
            Operation::PlaceMany => many(&call.body),
            Operation::PlaceGtt => gtt(&call.body),
            _ => (vec![], true),
        };
        let legs: Vec<Leg> = orders.iter().filter_map(leg).collect();
        Self {
            operation,
            understood: understood && legs.len() == orders.len(),
            legs,
            has_extras: orders.iter().any(has_extras),
            cancels_waiting: operation == Operation::ExitPositions && cancels_waiting(&call.body),
        }
    }

    /// The first order's symbol and signed quantity; empty and zero when there is none to be read.
    pub fn subject(&self) -> (String, i64) {
        self.legs.first().map_or((String::new(), 0), |leg| (leg.symbol.clone(), leg.quantity))
    }
}

/// The order, if its symbol, side, quantity and prices can be read. What kind of order it is does not matter here.
fn leg(fields: &OrderFields) -> Option<Leg> {
    let quantity = fields.quantity().ok().filter(|quantity| *quantity > 0)?;
    request::decimal(&fields.stop_price).ok()?;
    Some(Leg {
        symbol: fields.symbol.clone(),
        product: fields.product.clone(),
        quantity: quantity.checked_mul(fields.side().ok()?.sign())?,
        price: request::decimal(&fields.limit_price).ok()?,
        tag: request::tag(&fields.order_tag).ok().flatten(),
    })
}

fn has_extras(fields: &OrderFields) -> bool {
    let set = |value: &Value| request::decimal(value) != Ok(Decimal::ZERO);
    let later = !matches!(fields.offline_order, Value::Null | Value::Bool(false));
    set(&fields.stop_loss) || set(&fields.take_profit) || later
}

fn one(body: &[u8]) -> (Vec<OrderFields>, bool) {
    // Without the check a list would be read as the fields in their order.
    let object = body.trim_ascii_start().starts_with(b"{");
    let fields: Option<OrderFields> = object.then(|| serde_json::from_slice(body).ok()).flatten();
    let read = fields.is_some();
    (fields.into_iter().collect(), read)
}

fn many(body: &[u8]) -> (Vec<OrderFields>, bool) {
    let rows = serde_json::from_slice::<Vec<Value>>(body).unwrap_or_default();
    let objects = !rows.is_empty() && rows.iter().all(Value::is_object);
    if let Ok(all) = serde_json::from_slice::<Vec<OrderFields>>(body)
        && objects
    {
        return (all, true);
    }
    (rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect(), false)
}

/// Each leg of a GTT order as the order that it would become.
fn gtt(body: &[u8]) -> (Vec<OrderFields>, bool) {
    let Ok(GttFields { symbol, side, product, legs, tag }) = serde_json::from_slice(body) else {
        return (vec![], false);
    };
    let order = |leg: GttLegFields| OrderFields {
        symbol: symbol.clone(),
        qty: leg.qty,
        side: side.clone(),
        product: product.clone(),
        limit_price: leg.price,
        order_tag: tag.clone(),
        ..OrderFields::default()
    };
    let legs: Option<Vec<GttLegFields>> = legs.into_values().collect();
    let orders: Vec<OrderFields> = legs.into_iter().flatten().map(order).collect();
    let any = !orders.is_empty();
    (orders, any)
}

fn cancels_waiting(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let flag = &body["pending_orders_cancel"];
    number::whole(flag) == Some(1) || *flag == true
}

#[cfg(test)]
mod tests {
    use fyers_api::http::{Method, Surface};
    use serde_json::json;

    use super::*;

    fn read(path: &str, body: &str) -> OrderCall {
        OrderCall::read(&ApiRequest {
            surface: Surface::Api,
            method: Method::Post,
            path: path.into(),
            query: String::new(),
            content_type: None,
            body: body.into(),
        })
    }

    fn order() -> Value {
        json!({"symbol": "NSE:SBIN-EQ", "qty": 5, "type": 1, "side": -1, "productType": "INTRADAY",
            "limitPrice": 800.1, "stopPrice": 0, "offlineOrder": false, "stopLoss": 0, "takeProfit": 0, "orderTag": "a1"})
    }

    #[test]
    fn an_order_is_read_as_bots_write_it() {
        let call = read("/orders/sync", &order().to_string());
        assert!(call.understood && !call.has_extras);
        assert_eq!((call.subject(), call.legs[0].tag.as_deref()), (("NSE:SBIN-EQ".into(), -5), Some("a1")));
        for (name, value) in
            [("qty", json!("5")), ("qty", json!(5.0)), ("side", json!("-1")), ("productType", json!("CO"))]
        {
            let mut body = order();
            body[name] = value;
            assert!(read("/orders/sync", &body.to_string()).understood, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_in_one_way_only_is_not_understood() {
        let mut odd =
            vec!["".to_owned(), "[]".into(), "null".into(), "{".into(), r#"["NSE:A-EQ",1,1,"CNC"]"#.into()];
        for (name, value) in [
            ("qty", json!(0)),
            ("qty", json!(-5)),
            ("qty", json!(1.5)),
            ("qty", json!(null)),
            ("side", json!(0)),
            ("side", json!(2)),
            ("limitPrice", json!(1e30)),
            ("limitPrice", json!({})),
            ("symbol", json!(7)),
        ] {
            let mut body = order();
            body[name] = value;
            odd.push(body.to_string());
        }
        odd.push(order().to_string().replacen('{', r#"{"side":1,"#, 1));
        for body in odd {
            assert!(!read("/orders/sync", &body).understood, "{body}");
            assert!(!read("/multi-order/sync", &format!("[{},{body}]", order())).understood, "[..{body}]");
        }
        assert!(!read("/multi-order/sync", "[]").understood);
        assert_eq!(read("/multi-order/sync", &format!("[{},{{}}]", order())).legs.len(), 1);
    }

    #[test]
    fn legs_of_gtt_orders_and_extras_are_seen() {
        let leg = json!({"price": 700, "triggerPrice": 705, "qty": 10});
        let gtt = json!({"side": -1, "symbol": "NSE:SBIN-EQ", "productType": "CNC", "orderInfo": {"leg1": leg, "leg2": leg}});
        assert_eq!(read("/gtt/orders/sync", &gtt.to_string()).legs.len(), 2);
        for name in ["stopLoss", "takeProfit"] {
            let mut body = order();
            body[name] = json!(5);
            assert!(read("/orders/sync", &body.to_string()).has_extras);
        }
    }
}
