//! What a bot's request would do, read for the safety rules only. FYERS gets the bytes as they came.

use fyers_api::{
    codes,
    http::{ApiRequest, Method},
    model::{OrderRequest, OrderType, Position, Product},
    number,
    operation::Operation,
    request::{self, GttFields, GttLegFields, OrderFields, Spelling},
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    change::{self, ChangedOrder},
    order_ids, symbols,
};

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

    /// Whether it may be about shares that are held, and no position of the day. A product that is not known may be.
    pub fn may_be_delivery(&self) -> bool {
        matches!(self.known_product(), None | Some(Product::Cnc | Product::Mtf | Product::Other))
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
pub fn normal(text: &str) -> String {
    text.trim().to_uppercase()
}

/// What a request that was sent may take from open positions until FYERS' books show what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reserved {
    /// Orders that it makes.
    pub legs: Vec<Leg>,
    /// Whether it may make or change orders that cannot be told from the request.
    pub is_opaque: bool,
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
    /// Whether another program could read other fields in it.
    pub is_ambiguous: bool,
    /// Whether an order carries more than itself: a stop or target leg of its own, or a later session.
    pub has_extras: bool,
    /// Whether it also cancels waiting orders (an exit with `pending_orders_cancel`).
    pub cancels_waiting: bool,
    /// Every symbol that it names; `None` where it names none, or not all of them can be read.
    pub symbols: Option<Vec<String>>,
    /// The orders that it names.
    pub ids: Vec<String>,
    /// What it changes of waiting orders; `None` when it is no change, or may be more than one.
    pub changes: Option<Vec<ChangedOrder>>,
}

impl OrderCall {
    /// Reads a request. Never fails: what cannot be read is said to be so.
    pub fn read(call: &ApiRequest) -> Self {
        let operation = Operation::of(call);
        let is_ambiguous = operation.trades() && is_ambiguous(call);
        let (orders, understood) = match operation {
            Operation::Place => one(&call.body),
            Operation::PlaceMany => many(&call.body),
            Operation::PlaceGtt => gtt(&call.body),
            Operation::LiveOrder => only_at_fyers(call),
            _ => (vec![], true),
        };
        let legs: Vec<Leg> = orders.iter().filter_map(leg).collect();
        Self {
            operation,
            understood: understood && !is_ambiguous && legs.len() == orders.len(),
            is_ambiguous,
            legs,
            has_extras: orders.iter().any(has_extras),
            symbols: if operation.trades() { symbols::named(&call.body) } else { None },
            cancels_waiting: operation == Operation::ExitPositions && cancels_waiting(&call.body),
            ids: order_ids::named(call, operation),
            changes: matches!(operation, Operation::Modify | Operation::ModifyMany)
                .then(|| change::read(&call.body))
                .flatten(),
        }
    }

    /// What it may take from open positions once it has been sent. An exit of positions closes what is open then, and
    /// a change of an order may make it larger: how large is not in the request.
    pub fn reserved(&self, open: &[Position]) -> Reserved {
        use Operation::{ConvertPosition, ExitPositions, Modify, ModifyGtt, ModifyMany};
        let is_opaque =
            matches!(self.operation, ConvertPosition | ExitPositions | Modify | ModifyGtt | ModifyMany);
        let legs = match self.operation {
            ExitPositions => open.iter().filter(|one| one.net != 0).map(Leg::closing).collect(),
            _ => self.legs.clone(),
        };
        Reserved { legs, is_opaque: is_opaque || !self.understood }
    }

    /// The first order's symbol and signed quantity; empty and zero when there is none to be read.
    pub fn subject(&self) -> (String, i64) {
        self.legs.first().map_or((String::new(), 0), |leg| (leg.symbol.clone(), leg.quantity))
    }
}

/// A field in the query beside a body may be read instead of the body's, or beside it.
fn is_ambiguous(call: &ApiRequest) -> bool {
    Spelling::of(&call.body) == Spelling::Ambiguous
        || (!call.body.trim_ascii().is_empty() && request::names_a_field(&call.query))
}

/// The order, if its symbol, side, quantity and prices can be read. What kind of order it is does not matter here.
fn leg(fields: &OrderFields) -> Option<Leg> {
    let quantity = fields.quantity().ok().filter(|quantity| *quantity > 0)?;
    request::decimal(&fields.stop_price).ok()?;
    Some(Leg {
        symbol: fields.symbol.clone(),
        product: fields.product.clone(),
        quantity: quantity.checked_mul(fields.side().ok()?.sign())?,
        price: limit(fields)?,
        tag: request::tag(&fields.order_tag).ok().flatten(),
    })
}

/// What bounds the price: the limit of an order that has one. Beside any other type, and one that cannot be read, a limit
/// bounds nothing.
fn limit(fields: &OrderFields) -> Option<Decimal> {
    let written = request::decimal(&fields.limit_price).ok()?;
    let bounds = matches!(fields.order_type(), Ok(OrderType::Limit | OrderType::StopLimit));
    Some(if bounds { written } else { Decimal::ZERO })
}

fn has_extras(fields: &OrderFields) -> bool {
    let set = |value: &Value| request::decimal(value) != Ok(Decimal::ZERO);
    let later = !matches!(fields.offline_order, Value::Null | Value::Bool(false));
    set(&fields.stop_loss) || set(&fields.take_profit) || later
}

fn one(body: &[u8]) -> (Vec<OrderFields>, bool) {
    // Without the check a list would be read as the fields in their order.
    let fields: Option<OrderFields> = is_object(body).then(|| serde_json::from_slice(body).ok()).flatten();
    let read = fields.is_some();
    (fields.into_iter().collect(), read)
}

fn is_object(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}

/// Orders by a path that only FYERS serves. The async twins have the bodies of the others; what is in the rest is not
/// known here.
fn only_at_fyers(call: &ApiRequest) -> (Vec<OrderFields>, bool) {
    match (call.method, call.path.trim_end_matches('/')) {
        (Method::Post, "/orders/async") => one(&call.body),
        (Method::Post, "/multi-order/async") => many(&call.body),
        _ => (vec![], false),
    }
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
        order_type: codes::order_type_number(OrderType::Limit).into(),
        limit_price: leg.price,
        order_tag: tag.clone(),
        ..OrderFields::default()
    };
    let legs: Option<Vec<GttLegFields>> = legs.into_values().collect();
    let orders: Vec<OrderFields> = legs.into_iter().flatten().map(order).collect();
    let any = !orders.is_empty();
    (orders, any)
}

/// A flag that comes twice, which two programs could read in two ways, counts as not set.
fn cancels_waiting(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Exit {
        #[serde(default)]
        pending_orders_cancel: Value,
    }
    let exit = serde_json::from_slice::<Exit>(body).map(|exit| exit.pending_orders_cancel);
    is_object(body) && exit.is_ok_and(|flag| number::whole(&flag) == Some(1) || flag == true)
}

#[cfg(test)]
mod tests {
    use fyers_api::http::{Method, Surface};
    use serde_json::json;

    use super::*;

    fn request(path: &str, body: &str) -> ApiRequest {
        ApiRequest {
            surface: Surface::Api,
            method: Method::Post,
            path: path.into(),
            query: String::new(),
            content_type: None,
            body: body.into(),
        }
    }

    fn read(path: &str, body: &str) -> OrderCall {
        OrderCall::read(&request(path, body))
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
        for twin in ["Qty", "SIDE", "stoploss", "Symbol"] {
            odd.push(order().to_string().replacen('{', &format!("{{\"{twin}\":500,"), 1));
        }
        for body in odd {
            assert!(!read("/orders/sync", &body).understood, "{body}");
            assert!(!read("/multi-order/sync", &format!("[{},{body}]", order())).understood, "[..{body}]");
        }
        assert!(!read("/multi-order/sync", "[]").understood);
        assert_eq!(read("/multi-order/sync", &format!("[{},{{}}]", order())).legs.len(), 1);
    }

    #[test]
    fn doubled_fields_are_seen_in_everything_that_trades_and_nowhere_else() {
        let twice = r#"{"id":"1","qty":1,"qty":500}"#;
        for (method, path) in [
            (Method::Post, "/orders/sync"),
            (Method::Patch, "/orders/sync"),
            (Method::Delete, "/orders/sync"),
            (Method::Post, "/multi-order/sync"),
            (Method::Patch, "/multi-order/sync"),
            (Method::Post, "/multileg/orders/sync"),
            (Method::Post, "/orders/async"),
            (Method::Patch, "/smart-order/modify"),
            (Method::Post, "/gtt/orders/sync"),
            (Method::Patch, "/gtt/orders/sync"),
            (Method::Put, "/positions"),
            (Method::Patch, "/positions"),
            (Method::Delete, "/positions"),
        ] {
            let call = |body: &str| OrderCall::read(&ApiRequest { method, ..request(path, body) });
            assert!(call(twice).is_ambiguous && call(&format!("[{twice}]")).is_ambiguous, "{path}");
            assert!(
                !call(r#"{"id":"1","qty":1}"#).is_ambiguous && !call("qty=1&qty=2").is_ambiguous,
                "{path}"
            );
        }
        let quotes = ApiRequest { surface: Surface::Data, ..request("/quotes", twice) };
        assert!(!OrderCall::read(&quotes).is_ambiguous);
    }

    #[test]
    fn a_query_beside_a_body_that_trades_is_read_in_two_ways() {
        let with = |query: &str, body: &str| {
            let call = ApiRequest { query: query.into(), ..request("/orders/sync", body) };
            OrderCall::read(&call).is_ambiguous
        };
        assert!(with("qty=100&symbol=NSE:SBIN-EQ", &order().to_string()) && with("SIDE=-1", "side=1"));
        assert!(!with("", &order().to_string()) && !with("v=2", &order().to_string()) && !with("id=7", ""));
    }

    #[test]
    fn orders_by_other_paths_are_read_or_said_to_be_opaque() {
        let twin = read("/orders/async", &order().to_string());
        assert_eq!((twin.understood, twin.legs.len()), (true, 1));
        assert_eq!(read("/multi-order/async", &format!("[{0},{0}]", order())).legs.len(), 2);
        for path in ["/multileg/orders/sync", "/smart-order/step", "/orders/async/1"] {
            let call = read(path, &order().to_string());
            assert!(!call.understood && call.reserved(&[]).is_opaque, "{path}");
        }
        assert!(
            !twin.reserved(&[]).is_opaque
                && !read("/orders/sync", &order().to_string()).reserved(&[]).is_opaque
        );
    }

    #[test]
    fn a_flag_that_comes_twice_is_not_set() {
        assert!(cancels_waiting(br#"{"exit_all":1,"pending_orders_cancel":1}"#));
        for body in [
            r#"{"pending_orders_cancel":0,"pending_orders_cancel":1}"#,
            "{}",
            "[1]",
            "",
            r#"{"pending_orders_cancel":2}"#,
        ] {
            assert!(!cancels_waiting(body.as_bytes()), "{body}");
        }
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
