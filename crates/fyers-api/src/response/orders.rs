//! The order book, and what an order call says of the orders in it (docs/fyers-api.md, "Order book", "Place" and
//! "Baskets").

use serde_json::Value;

use crate::{
    codes, date,
    envelope::{self, id_text},
    http::ApiResponse,
    model::{Order, OrderAck, OrderRequest},
    number,
    response::{
        Body, Parsed, Unreadable,
        row::{Drift, Row, text},
    },
};

/// Codes of an order that FYERS took and acknowledged. Anything else, as 201, sends the reader to the book.
const ACKNOWLEDGED: [i64; 2] = [1101, 200];

/// An order book, with nothing left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderBook {
    /// Understood: id, symbol, side, quantity, type, product, status and time are certain.
    pub rows: Vec<Order>,
    /// Not understood: an order all the same.
    pub unknown: Vec<UnknownOrder>,
    /// Fields of understood rows that were odd and are not needed, as `orderBook[2].message`.
    pub drift: Vec<String>,
}

/// A row of the order book that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOrder {
    /// The order id, when there is one.
    pub id: Option<String>,
    /// The user's tag, when there is one.
    pub tag: Option<String>,
    /// The field that was missing or odd; empty when the row is no object.
    pub field: &'static str,
}

/// Reads `GET /orders`.
///
/// # Errors
/// When the answer is none, or an error, or has no list of orders. That never means "no orders".
pub fn orders(http_status: u16, body: &[u8]) -> Result<OrderBook, Unreadable> {
    let body = Body::read_strictly(http_status, body)?;
    let rows = body.get("orderBook").and_then(Value::as_array).ok_or(Unreadable::Field("orderBook"))?;
    let mut book = OrderBook::default();
    for (index, value) in rows.iter().enumerate() {
        let Some(row) = Row::of(value) else {
            book.unknown.push(UnknownOrder { id: None, tag: None, field: "" });
            continue;
        };
        let drift = Drift { found: &mut book.drift, place: format!("orderBook[{index}]") };
        match order(row, drift) {
            Ok(order) => book.rows.push(order),
            Err(field) => book.unknown.push(UnknownOrder { id: row.id("id"), tag: tag(row), field }),
        }
    }
    Ok(book)
}

fn order(row: Row<'_>, mut drift: Drift<'_>) -> Result<Order, &'static str> {
    let request = request(row, &mut drift)?;
    let time = row.word("orderDateTime").and_then(date::order_time);
    let status = row.whole("status").and_then(codes::status).ok_or("status")?;
    Ok(Order {
        id: row.id("id").ok_or("id")?,
        status,
        filled: drift.or_default(row, "filledQty", number::whole),
        average: drift.or_default(row, "tradedPrice", number::decimal),
        placed_at: time.ok_or("orderDateTime")?,
        message: drift.or_default(row, "message", text),
        request,
    })
}

fn request(row: Row<'_>, drift: &mut Drift<'_>) -> Result<OrderRequest, &'static str> {
    let order_type = row.whole("type").and_then(|number| codes::order_type(number).ok());
    Ok(OrderRequest {
        symbol: row.word("symbol").ok_or("symbol")?.to_owned(),
        quantity: row.whole("qty").ok_or("qty")?,
        side: row.whole("side").and_then(|number| codes::side(number).ok()).ok_or("side")?,
        order_type: order_type.ok_or("type")?,
        product: row.word("productType").map(codes::product_seen).ok_or("productType")?,
        limit_price: drift.or_default(row, "limitPrice", number::decimal),
        stop_price: drift.or_default(row, "stopPrice", number::decimal),
        tag: drift.or_default(row, "orderTag", text).strip_prefix("1:").and_then(own_tag),
    })
}

/// `1:` marks the user's own tag; `2:` is the system's.
fn tag(row: Row<'_>) -> Option<String> {
    row.word("orderTag")?.strip_prefix("1:").and_then(own_tag)
}

fn own_tag(tag: &str) -> Option<String> {
    Some(tag).filter(|tag| !matches!(*tag, "" | "Untagged")).map(str::to_owned)
}

/// Reads the answer to `POST /orders/sync`.
///
/// # Errors
/// When the answer is none, or an error, or names no order.
pub fn ack(http_status: u16, body: &[u8]) -> Result<Parsed<OrderAck>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let confirmed = body.row().whole("code").is_some_and(|code| ACKNOWLEDGED.contains(&code));
    let id = body.row().id("id").ok_or(Unreadable::Field("id"))?;
    Ok(Parsed { value: OrderAck { id, confirmed }, drift: vec![] })
}

/// Order ids in the answer to an order or to a basket of them, each with the HTTP status, code and words it came
/// with; code 0 and no words where there are none.
pub fn outcomes(answer: &ApiResponse, body: &Value) -> Vec<(u16, i64, String, Option<String>)> {
    let one = |(status, body): (u16, &Value)| {
        let envelope = envelope::Envelope::of_value(body).unwrap_or_default();
        (status, envelope.code.unwrap_or(0), envelope.message, envelope.id)
    };
    answers(answer, body).into_iter().map(one).collect()
}

/// The answer to each order of a call, with its HTTP status.
pub(super) fn answers<'a>(answer: &ApiResponse, body: &'a Value) -> Vec<(u16, &'a Value)> {
    match body["data"].as_array() {
        Some(rows) if has_rows(body) => {
            let status = |row: &Value| row["statusCode"].as_u64().and_then(|n| u16::try_from(n).ok());
            rows.iter().map(|row| (status(row).unwrap_or(answer.status), &row["body"])).collect()
        }
        _ => vec![(answer.status, body)],
    }
}

/// Whether it answers each order in a row of its own.
pub(super) fn has_rows(body: &Value) -> bool {
    body["data"].as_array().is_some_and(|rows| rows.iter().any(|row| row["body"].is_object()))
}

/// The id of the order with this tag in an order book, whatever else its row says.
pub fn order_with_tag(body: &Value, tag: &str) -> Option<String> {
    let mine = format!("1:{tag}");
    let mut rows = body["orderBook"].as_array()?.iter();
    rows.find(|row| row["orderTag"] == mine.as_str()).and_then(|row| id_text(&row["id"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{OrderStatus, OrderType, Product, Side};

    fn row() -> Value {
        json!({"clientId": "XX00001", "id": "26112300000017", "exchOrdId": null, "qty": 5, "filledQty": 2,
            "limitPrice": 800.1, "stopPrice": 0, "tradedPrice": 800.05, "type": 1, "symbol": "NSE:SBIN-EQ",
            "message": "", "orderDateTime": "23-Nov-2026 09:20:31", "productType": "INTRADAY", "side": 1, "status": 6,
            "orderTag": "1:bot1"})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut row = row();
        row[field] = value;
        row
    }

    fn read(rows: &[Value]) -> OrderBook {
        orders(200, json!({"s": "ok", "orderBook": rows}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_order_row_is_read_whole() {
        let book = read(&[row(), with("orderTag", json!("2:Untagged"))]);
        let order = &book.rows[0];
        assert_eq!(
            (order.id.as_str(), order.status, order.filled),
            ("26112300000017", OrderStatus::Pending, 2)
        );
        assert_eq!(
            (order.average.to_string(), order.request.limit_price.to_string()),
            ("800.05".into(), "800.1".into())
        );
        assert_eq!(order.placed_at.to_rfc3339(), "2026-11-23T03:50:31+00:00");
        let OrderRequest { side, order_type, product, quantity, .. } = order.request;
        assert_eq!(
            (side, order_type, product, quantity),
            (Side::Buy, OrderType::Limit, Product::Intraday, 5)
        );
        assert_eq!((order.request.tag.as_deref(), book.rows[1].request.tag.as_deref()), (Some("bot1"), None));
    }

    #[test]
    fn what_an_order_needs_makes_the_row_unknown_and_hides_no_other() {
        for field in ["id", "symbol", "qty", "side", "type", "productType", "status", "orderDateTime"] {
            let book = read(&[row(), with(field, json!([])), row()]);
            assert_eq!((book.rows.len(), book.unknown[0].field), (2, field));
            assert_eq!(book.unknown[0].tag.as_deref(), Some("bot1"));
        }
        for (field, value) in [("status", json!(3)), ("side", json!(0)), ("type", json!(5))] {
            assert_eq!(read(&[with(field, value)]).unknown[0].field, field);
        }
        assert_eq!(read(&[json!(1)]).unknown, [UnknownOrder { id: None, tag: None, field: "" }]);
        assert_eq!(read(&[with("productType", json!("BO"))]).rows[0].request.product, Product::Bo);
        assert!(orders(500, br#"{"s":"ok","orderBook":[]}"#).is_err());
    }

    #[test]
    fn ids_are_found_in_both_kinds_of_answers() {
        let answer = ApiResponse { status: 200, ..ApiResponse::default() };
        let one = json!({"s": "ok", "code": 1101, "message": "m", "id": "26"});
        assert_eq!(outcomes(&answer, &one), [(200, 1101, "m".to_owned(), Some("26".to_owned()))]);
        let many =
            json!({"data": [{"statusCode": 200, "body": one}, {"statusCode": 400, "body": {"code": -50}}]});
        let all = outcomes(&answer, &many);
        assert_eq!((all.len(), all[1].0, all[1].1, all[1].3.clone()), (2, 400, -50, None));
        assert_eq!(outcomes(&answer, &Value::Null), [(200, 0, String::new(), None)]);
        let book = json!({"orderBook": [{"id": "1", "orderTag": "1:x"}, {"id": 2, "orderTag": "1:y"}]});
        assert_eq!(order_with_tag(&book, "y").as_deref(), Some("2"));
        assert_eq!(order_with_tag(&book, "z"), None);
    }

    #[test]
    fn an_order_is_confirmed_by_its_code_only() {
        let read =
            |code: &str| ack(200, format!(r#"{{"s":"ok","code":{code},"id":"26"}}"#).as_bytes()).unwrap();
        assert!(read("1101").value.confirmed && read("\"1101\"").value.confirmed);
        assert!(!read("201").value.confirmed && !read("null").value.confirmed);
        assert_eq!(ack(200, br#"{"s":"ok","code":1101}"#), Err(Unreadable::Field("id")));
    }
}
