//! `GET /positions`, read strictly (docs/fyers-api.md, "Positions"): no open position may be overlooked.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    codes,
    model::{Position, Product, UnknownPosition},
    number,
    response::{
        Body, Unreadable,
        row::{Drift, Row},
    },
};

/// The positions of an answer: those that are understood, and those of which only this much is known that they may
/// be open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PositionBook {
    /// Understood. Symbol, product and signed quantity are certain.
    pub rows: Vec<Position>,
    /// Not understood: each may be an open position.
    pub unknown: Vec<UnknownPosition>,
    /// Fields of understood rows that were absent or odd and are not needed, as `netPositions[2].realized_profit`.
    pub drift: Vec<String>,
}

/// Reads a positions answer. A row counts as understood when symbol and `netQty` are (`5`, `5.0` or `"5"`), and an
/// open one has an average price; any other row becomes an [`UnknownPosition`]. A product that is not known
/// (cover and bracket orders, new words, none at all) stays in the row as [`Product::Co`], [`Product::Bo`] or
/// [`Product::Other`].
///
/// # Errors
/// When the answer is none, or an error, or has no list of positions. That never means "no positions": what was
/// known before is still the best knowledge.
pub fn positions(http_status: u16, body: &[u8]) -> Result<PositionBook, Unreadable> {
    let body = Body::read(http_status, body)?;
    if http_status >= 400 {
        return Err(Unreadable::Field("s"));
    }
    let rows = body.get("netPositions").and_then(Value::as_array).ok_or(Unreadable::Field("netPositions"))?;
    let mut book = PositionBook::default();
    for (index, row) in rows.iter().enumerate() {
        let drift = Drift { found: &mut book.drift, place: format!("netPositions[{index}]") };
        match Row::of(row).and_then(|row| position(row, drift)) {
            Some(position) => book.rows.push(position),
            None => book.unknown.push(UnknownPosition { symbol: Row::of(row).and_then(symbol) }),
        }
    }
    Ok(book)
}

fn symbol(row: Row<'_>) -> Option<String> {
    row.word("symbol").map(str::to_owned)
}

fn position(row: Row<'_>, mut drift: Drift<'_>) -> Option<Position> {
    let symbol = symbol(row)?;
    let net = row.whole("netQty")?;
    let average = average(row, net, &mut drift)?;
    let product = row.word("productType").map_or(Product::Other, codes::product_seen);
    if product == Product::Other {
        drift.note("productType");
    }
    let realized = drift.or_default(row, "realized_profit", number::decimal);
    Some(Position { symbol, product, net, average, realized })
}

/// The average of the open part. Where `netAvg` is missing, `avgPrice` and then the average of the side that opened
/// it stand in; a closed position needs none.
fn average(row: Row<'_>, net: i64, drift: &mut Drift<'_>) -> Option<Decimal> {
    if let Some(average) = drift.expect("netAvg", row.money("netAvg")) {
        return Some(average);
    }
    let opening = if net > 0 { "buyAvg" } else { "sellAvg" };
    let instead = ["avgPrice", opening].iter().find_map(|name| row.money(name));
    instead.or_else(|| (net == 0).then_some(Decimal::ZERO))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::envelope::NotFyers;

    fn good(symbol: &str) -> Value {
        json!({"id": format!("{symbol}-INTRADAY"), "symbol": symbol, "productType": "INTRADAY", "side": 1,
            "netQty": 5, "qty": 5, "netAvg": 800.15, "realized_profit": -12.5})
    }

    fn with(field: &str, value: Value) -> Value {
        let mut row = good("NSE:SBIN-EQ");
        row[field] = value;
        row
    }

    fn read(rows: &[Value]) -> PositionBook {
        let body = json!({"s": "ok", "code": 200, "message": "", "netPositions": rows, "overall": {}});
        positions(200, body.to_string().as_bytes()).unwrap()
    }

    fn unknown(symbol: &str) -> UnknownPosition {
        UnknownPosition { symbol: Some(symbol.to_owned()) }
    }

    #[test]
    fn a_good_row_is_read_whole() {
        let book = read(&[good("NSE:SBIN-EQ")]);
        let (average, realized) = ("800.15".parse().unwrap(), "-12.5".parse().unwrap());
        let symbol = "NSE:SBIN-EQ".to_owned();
        assert_eq!(book.rows, [Position { symbol, product: Product::Intraday, net: 5, average, realized }]);
        assert_eq!((book.unknown.len(), book.drift.len()), (0, 0));
    }

    #[test]
    fn a_quantity_may_be_a_float_or_a_text() {
        for net in [json!(5), json!(5.0), json!("5")] {
            assert_eq!(read(&[with("netQty", net.clone())]).rows[0].net, 5, "{net}");
        }
        assert_eq!(read(&[with("netQty", json!("-5.0"))]).rows[0].net, -5);
    }

    #[test]
    fn retired_and_unknown_products_are_kept() {
        for (word, product) in [
            (json!("CO"), Product::Co),
            (json!("BO"), Product::Bo),
            (json!("NEWFANGLED"), Product::Other),
            (Value::Null, Product::Other),
            (json!(7), Product::Other),
        ] {
            let book = read(&[with("productType", word.clone())]);
            assert_eq!((book.rows[0].product, book.rows[0].net), (product, 5), "{word}");
        }
    }

    #[test]
    fn one_bad_row_among_good_ones_protects_its_symbol() {
        for bad in [json!(null), json!(5.5), json!("many"), json!({}), json!([5])] {
            let book = read(&[good("NSE:A-EQ"), with("netQty", bad.clone()), good("NSE:B-EQ")]);
            assert_eq!((book.rows.len(), &book.unknown[..]), (2, &[unknown("NSE:SBIN-EQ")][..]), "{bad}");
        }
        for nameless in
            [json!(7), json!(null), json!({}), with("symbol", json!(null)), with("symbol", json!(""))]
        {
            let book = read(&[good("NSE:A-EQ"), nameless.clone()]);
            assert_eq!(book.unknown, [UnknownPosition { symbol: None }], "{nameless}");
        }
        assert_eq!(unknown("NSE:SBIN-EQ").to_string(), "unknown position in NSE:SBIN-EQ");
        assert_eq!(UnknownPosition { symbol: None }.to_string(), "unknown position");
    }

    #[test]
    fn an_average_has_stand_ins_and_is_never_made_up() {
        let mut row = with("netAvg", Value::Null);
        row["buyAvg"] = json!(801);
        assert_eq!(read(&[row.clone()]).rows[0].average, Decimal::from(801));
        row["avgPrice"] = json!("802.5");
        assert_eq!(read(&[row]).rows[0].average, "802.5".parse().unwrap());
        assert_eq!(read(&[with("netAvg", Value::Null)]).unknown, [unknown("NSE:SBIN-EQ")]);
        let mut closed = with("netAvg", Value::Null);
        closed["netQty"] = json!(0);
        assert_eq!(read(&[closed]).rows[0].average, Decimal::ZERO);
    }

    #[test]
    fn what_is_not_needed_is_reported_as_drift() {
        let mut row = with("realized_profit", json!({}));
        row["productType"] = json!("X");
        assert_eq!(read(&[row]).drift, ["netPositions[0].productType", "netPositions[0].realized_profit"]);
    }

    #[test]
    fn no_answer_is_never_no_positions() {
        let not = |why| Err(Unreadable::NotFyers(why));
        assert_eq!(positions(503, b""), not(NotFyers::Empty));
        assert_eq!(positions(503, b"<html>"), not(NotFyers::NotAnObject));
        assert_eq!(positions(200, br#"{"netPositions":[]}"#), not(NotFyers::NoEnvelope));
        assert_eq!(positions(503, br#"{"s":"ok","netPositions":[]}"#), not(NotFyers::NoEnvelope));
        let error = br#"{"s":"error","code":-96,"message":"x","netPositions":[]}"#;
        assert!(matches!(positions(200, error), Err(Unreadable::Error(error)) if error.code == -96));
        for (status, body) in [
            (200, r#"{"s":"ok","code":200}"#),
            (200, r#"{"s":"ok","netPositions":null}"#),
            (200, r#"{"s":"ok","netPositions":{}}"#),
            (200, r#"{"s":"no_data","netPositions":[]}"#),
            (200, r#"{"code":200,"netPositions":[]}"#),
        ] {
            assert!(
                matches!(positions(status, body.as_bytes()), Err(Unreadable::Field(_))),
                "{status} {body}"
            );
        }
        assert_eq!(positions(200, br#"{"s":"ok","netPositions":[]}"#), Ok(PositionBook::default()));
    }

    proptest! {
        #[test]
        fn no_row_is_ever_lost(
            rows in proptest::collection::vec((
                prop_oneof![Just(json!("NSE:A-EQ")), Just(Value::Null), any::<i64>().prop_map(|n| json!(n))],
                prop_oneof![any::<i64>().prop_map(|n| json!(n)), any::<f64>().prop_map(|n| json!(n)),
                    ".{0,5}".prop_map(|text| json!(text)), Just(Value::Null)],
                prop_oneof![any::<f64>().prop_map(|n| json!(n)), Just(Value::Null)],
            ), 0..8),
        ) {
            let rows: Vec<Value> = rows.into_iter()
                .map(|(symbol, net, average)| json!({"symbol": symbol, "netQty": net, "netAvg": average}))
                .collect();
            let book = read(&rows);
            prop_assert_eq!(book.rows.len() + book.unknown.len(), rows.len());
        }

        #[test]
        fn arbitrary_bytes_are_no_positions(status: u16, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(positions(status, &body).is_err());
        }
    }
}
