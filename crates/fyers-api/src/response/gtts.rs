//! `GET /gtt/orders`, read strictly (docs/fyers-api.md, "GTT"): none that may still execute may be overlooked.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    number,
    response::{
        Body, Parsed, Unreadable,
        row::{Drift, Row},
    },
};

/// Statuses of orders that can do nothing any more: cancelled, triggered, refused, expired.
const OVER: [i64; 4] = [1, 2, 5, 7];

/// One row of the GTT book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GttRow {
    /// FYERS' ids of it, the one for its API first.
    pub ids: Vec<String>,
    /// As `NSE:SBIN-EQ`.
    pub symbol: String,
    /// Signed, of the first leg; `None` when it cannot be read.
    pub quantity: Option<i64>,
    /// Its legs as they stand, the second of an OCO order behind the first.
    pub legs: [GttTerms; 2],
    /// Whether it waits no longer. What cannot be read may still wait.
    pub is_over: bool,
}

/// A leg as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GttTerms {
    /// How many, without a sign.
    pub quantity: Option<i64>,
    /// The limit of the order that it becomes.
    pub price: Option<Decimal>,
    /// The price that makes one of it.
    pub trigger: Option<Decimal>,
}

/// Reads a GTT book: all of its rows, or none of them.
///
/// # Errors
/// When the answer is none, or an error, or a row does not tell its id and symbol. That never means "no orders".
pub fn gtts(http_status: u16, body: &[u8]) -> Result<Parsed<Vec<GttRow>>, Unreadable> {
    let body = Body::read_strictly(http_status, body)?;
    let rows = body.get("orderBook").and_then(Value::as_array).ok_or(Unreadable::Field("orderBook"))?;
    let mut found = Vec::new();
    let mut read = |(index, row)| {
        let drift = Drift { found: &mut found, place: format!("orderBook[{index}]") };
        Row::of(row).and_then(|row| gtt(row, drift)).ok_or(Unreadable::Field("orderBook"))
    };
    let value = rows.iter().enumerate().map(&mut read).collect::<Result<_, _>>()?;
    Ok(Parsed { value, drift: found })
}

fn gtt(row: Row<'_>, mut drift: Drift<'_>) -> Option<GttRow> {
    let ids = [Some(row.id("id")?), row.id("id_fyers")].into_iter().flatten().collect();
    let side = drift.expect("tran_side", row.whole("tran_side").filter(|side| side.abs() == 1));
    let quantity = drift.expect("qty", row.whole("qty"));
    let quantity = side.zip(quantity).and_then(|(side, quantity)| quantity.checked_mul(side));
    let status = drift.expect("ord_status", row.whole("ord_status"));
    let is_over = status.is_some_and(|status| OVER.contains(&status));
    let legs = [("qty", "price_limit", "price_trigger"), ("qty2", "price2_limit", "price2_trigger")];
    // Of an order with one leg the second has no terms.
    let legs = legs.map(|(quantity, price, trigger)| GttTerms {
        quantity: row.whole(quantity),
        price: drift.or_default(row, price, |value| number::decimal(value).map(Some)),
        trigger: drift.or_default(row, trigger, |value| number::decimal(value).map(Some)),
    });
    Some(GttRow { ids, symbol: row.word("symbol")?.to_owned(), quantity, legs, is_over })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(status: &Value) -> Value {
        json!({"id": "26112300000021", "id_fyers": "a-b", "symbol": "NSE:SBIN-EQ", "tran_side": -1, "qty": 10,
            "ord_status": status, "report_type": "PLACED"})
    }

    fn read(rows: &Value) -> Option<Vec<GttRow>> {
        gtts(200, json!({"s": "ok", "code": 200, "message": "", "orderBook": rows}).to_string().as_bytes())
            .ok()
            .map(|read| read.value)
    }

    #[test]
    fn a_row_is_over_only_where_fyers_says_so() {
        for (status, is_over) in [
            (json!(1), true),
            (json!(2), true),
            (json!(5), true),
            (json!(7), true),
            (json!(4), false),
            (json!(6), false),
            (json!(99), false),
            (Value::Null, false),
        ] {
            let rows = read(&json!([row(&status)])).unwrap();
            assert_eq!((rows[0].is_over, rows[0].quantity), (is_over, Some(-10)), "{status}");
            assert_eq!(
                (rows[0].ids.as_slice(), rows[0].symbol.as_str()),
                (&["26112300000021".to_owned(), "a-b".into()][..], "NSE:SBIN-EQ")
            );
        }
        assert_eq!(read(&json!([])), Some(vec![]));
    }

    #[test]
    fn what_is_odd_is_told_and_costs_no_row() {
        let mut odd = row(&json!("odd"));
        (odd["qty"], odd["price_limit"]) = (json!([]), json!(true));
        let body = json!({"s": "ok", "code": 200, "message": "", "orderBook": [row(&json!(6)), odd]});
        let read = gtts(200, body.to_string().as_bytes()).unwrap();
        assert_eq!((read.value.len(), read.value[1].is_over), (2, false));
        assert_eq!(
            read.drift,
            ["qty", "ord_status", "price_limit"].map(|field| format!("orderBook[1].{field}"))
        );
    }

    #[test]
    fn the_terms_of_both_legs_are_read() {
        let mut oco = row(&json!(6));
        (oco["price_limit"], oco["price_trigger"]) = (json!(700.5), json!("705"));
        (oco["qty2"], oco["price2_limit"]) = (json!(4), json!(800));
        let [first, second] = read(&json!([oco])).unwrap()[0].legs.clone();
        let money = |text: &str| Some(text.parse::<Decimal>().unwrap());
        let is = |quantity, price, trigger| GttTerms { quantity: Some(quantity), price, trigger };
        assert_eq!(first, is(10, money("700.5"), money("705")));
        assert_eq!(second, is(4, money("800"), None));
    }

    #[test]
    fn what_cannot_be_read_whole_says_nothing() {
        assert_eq!(read(&json!([row(&json!(1)), {"symbol": "NSE:SBIN-EQ"}])), None);
        assert_eq!(read(&json!([{"id": "26"}])), None);
        for (status, body) in [
            (200, "<html>"),
            (200, r#"{"s":"ok"}"#),
            (503, r#"{"s":"ok","orderBook":[]}"#),
            (200, r#"{"s":"error","code":-99}"#),
        ] {
            assert!(gtts(status, body.as_bytes()).is_err(), "{body}");
        }
    }
}
