//! What the keeper itself reads in the broker's answers that it passes on: prices, positions, order ids. Anything it
//! does not understand it leaves alone.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::{codes, http::ApiResponse, model::Position};

/// What every answer says of itself. The rest of the body is passed over, however long it is.
#[derive(Debug, Default, Deserialize)]
pub struct Verdict {
    #[serde(default)]
    s: Value,
    #[serde(default)]
    code: Value,
}

impl Verdict {
    /// Nothing in particular when the body is no JSON object.
    pub fn of(answer: &ApiResponse) -> Self {
        // Without the check a list would be read as the fields in their order.
        let object = answer.body.trim_ascii_start().starts_with(b"{");
        object.then(|| serde_json::from_slice(&answer.body).ok()).flatten().unwrap_or_default()
    }

    /// Whether the broker says that all went well.
    pub fn is_ok(&self) -> bool {
        self.s == "ok"
    }

    /// Whether the broker says no.
    pub fn is_error(&self) -> bool {
        self.s == "error"
    }

    /// The broker's code; zero when there is none. Beside a known `s` it may also be quoted, as `"-16"`.
    pub fn code(&self) -> i64 {
        let quoted = || self.code.as_str().filter(|_| self.s.is_string()).and_then(|code| code.parse().ok());
        self.code.as_i64().or_else(quoted).unwrap_or_default()
    }
}

/// The body as JSON; `Null` when it is none.
pub fn json(answer: &ApiResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

/// The broker's code; zero when there is none.
fn code(body: &Value) -> i64 {
    body["code"].as_i64().unwrap_or_default()
}

fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// Last prices of a quotes answer (docs/fyers-api.md, "Quotes").
pub fn prices(body: &Value) -> Vec<(String, Decimal)> {
    let rows = body["d"].as_array().into_iter().flatten();
    rows.filter(|row| row["s"] == "ok")
        .filter_map(|row| Some((row["n"].as_str()?.to_owned(), decimal(&row["v"]["lp"])?)))
        .collect()
}

/// Positions of a positions answer (docs/fyers-api.md, "Positions"); `None` when it is no such answer.
pub fn positions(body: &Value) -> Option<Vec<Position>> {
    let rows = body["netPositions"].as_array()?;
    let row = |row: &Value| {
        Some(Position {
            symbol: row["symbol"].as_str()?.to_owned(),
            product: codes::product(row["productType"].as_str()?).ok()?,
            net: row["netQty"].as_i64()?,
            average: decimal(&row["netAvg"]).unwrap_or_default(),
            realized: decimal(&row["realized_profit"]).unwrap_or_default(),
        })
    };
    Some(rows.iter().filter_map(row).collect())
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
    fn the_verdict_is_read_and_the_rest_is_passed_over() {
        let verdict = |body: &str| {
            let body = body.as_bytes().to_vec();
            let verdict = Verdict::of(&ApiResponse { status: 200, headers: vec![], body });
            (verdict.is_ok(), verdict.code())
        };
        assert_eq!(verdict(r#"{"s":"ok","code":200,"candles":[[1,2],[3,4]],"x":{"code":-8}}"#), (true, 200));
        assert_eq!(verdict(r#" {"message":"no","code":-8,"s":"error"}"#), (false, -8));
        for nothing in ["", "<html>", "null", "[]", r#"["error",-8]"#, r#"{"s":"ok","code":"#] {
            assert_eq!(verdict(nothing), (false, 0), "{nothing}");
        }
        assert_eq!(verdict(r#"{"s":1,"code":"-8"}"#), (false, 0));
    }

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
        assert_eq!(positions(&json!({"s": "error"})), None);
        let rows = json!({"netPositions": [{"symbol": "NSE:A-EQ", "productType": "INTRADAY", "netQty": -5,
            "netAvg": 10.5, "realized_profit": 0}, {"symbol": 7}]});
        assert_eq!(positions(&rows).unwrap().len(), 1);
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
