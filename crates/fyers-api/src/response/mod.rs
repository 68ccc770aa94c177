//! What the keeper itself reads in the broker's answers that it passes on: prices, positions, order ids. Anything it
//! does not understand it leaves alone.

mod body;
mod positions;

use rust_decimal::Decimal;
use serde_json::Value;

pub use body::{Body, Unreadable};
pub use positions::{PositionBook, positions};

use crate::{http::ApiResponse, number::decimal};

/// The body as JSON; `Null` when it is none.
pub fn json(answer: &ApiResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The broker's code; zero when there is none.
fn code(body: &Value) -> i64 {
    crate::number::whole(&body["code"]).unwrap_or_default()
}

/// Last prices of a quotes answer (docs/fyers-api.md, "Quotes").
pub fn prices(body: &Value) -> Vec<(String, Decimal)> {
    let rows = body["d"].as_array().into_iter().flatten();
    rows.filter(|row| row["s"] == "ok")
        .filter_map(|row| Some((row["n"].as_str()?.to_owned(), decimal(&row["v"]["lp"])?)))
        .collect()
}

/// Order ids in the answer to an order or to a basket of them, each with the status, code and words it came with.
pub fn outcomes(answer: &ApiResponse, body: &Value) -> Vec<(u16, i64, String, Option<String>)> {
    let one = |status: u16, body: &Value| {
        let id = body["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        (status, code(body), body["message"].as_str().unwrap_or_default().to_owned(), id)
    };
    match body["data"].as_array() {
        Some(rows) if rows.iter().any(|row| row["body"].is_object()) => {
            let status = |row: &Value| row["statusCode"].as_u64().and_then(|n| u16::try_from(n).ok());
            rows.iter().map(|row| one(status(row).unwrap_or(answer.status), &row["body"])).collect()
        }
        _ => vec![one(answer.status, body)],
    }
}

/// The id of the order with this tag in an order book.
pub fn order_with_tag(body: &Value, tag: &str) -> Option<String> {
    let mine = format!("1:{tag}");
    let mut rows = body["orderBook"].as_array()?.iter();
    rows.find(|row| row["orderTag"] == mine.as_str()).and_then(|row| row["id"].as_str()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_understood_is_taken_and_the_rest_is_left_alone() {
        let body = json!({"s": "ok", "d": [
            {"n": "NSE:A-EQ", "s": "ok", "v": {"lp": 800.5}}, {"n": "NSE:B-EQ", "s": "error", "v": {}},
            {"n": "NSE:C-EQ", "s": "ok", "v": {"lp": 195}}]});
        assert_eq!(
            prices(&body),
            [("NSE:A-EQ".into(), "800.5".parse().unwrap()), ("NSE:C-EQ".into(), Decimal::from(195))]
        );
        assert_eq!(prices(&Value::Null), []);
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
        let book = json!({"orderBook": [{"id": "1", "orderTag": "1:x"}, {"id": "2", "orderTag": "1:y"}]});
        assert_eq!(order_with_tag(&book, "y").as_deref(), Some("2"));
        assert_eq!(order_with_tag(&book, "z"), None);
    }
}
