//! `GET /positions`, read strictly (docs/fyers-api.md, "Positions"): no open position may be overlooked.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    codes,
    model::{Position, Product, Traded, UnknownPosition},
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

/// Reads a positions answer. A row counts as understood when symbol and `netQty` are (`5`, `5.0` or `"5"`), nothing else in
/// it says another quantity, and an open one has an average price; any other row becomes an [`UnknownPosition`]. A
/// product that is not known (cover and bracket orders, new words, none at all) stays in the row as [`Product::Co`],
/// [`Product::Bo`] or [`Product::Other`].
///
/// # Errors
/// When the answer is none, or an error, or has no list of positions, or contradicts itself: a code that is no success
/// beside "ok", or more positions counted than shown. That never means "no positions": what was known before is still
/// the best knowledge.
pub fn positions(http_status: u16, body: &[u8]) -> Result<PositionBook, Unreadable> {
    let body = Body::read_strictly(http_status, body)?;
    let rows = body.get("netPositions").and_then(Value::as_array).ok_or(Unreadable::Field("netPositions"))?;
    let mut book = PositionBook::default();
    for (index, row) in rows.iter().enumerate() {
        let drift = Drift { found: &mut book.drift, place: format!("netPositions[{index}]") };
        match Row::of(row).and_then(|row| position(row, drift)) {
            Some(position) => book.rows.push(position),
            None => book.unknown.push(UnknownPosition { symbol: Row::of(row).and_then(symbol) }),
        }
    }
    if hides_some(&body, rows.len(), &book) {
        return Err(Unreadable::Field("overall"));
    }
    Ok(book)
}

/// Whether more are counted than shown. Where less are, those that are shown are known all the same.
fn hides_some(body: &Body, all: usize, book: &PositionBook) -> bool {
    let open = book.rows.iter().filter(|row| row.net != 0).count() + book.unknown.len();
    let counted = |name| body.row().row("overall").and_then(|overall| overall.whole(name));
    let is_more = |counted: i64, shown: usize| usize::try_from(counted).is_ok_and(|counted| counted > shown);
    match counted("count_open") {
        Some(counted) => is_more(counted, open),
        None => counted("count_total").is_some_and(|counted| is_more(counted, all)),
    }
}

fn symbol(row: Row<'_>) -> Option<String> {
    row.word("symbol").map(str::to_owned)
}

fn position(row: Row<'_>, mut drift: Drift<'_>) -> Option<Position> {
    let symbol = symbol(row)?;
    let net = row.whole("netQty").filter(|net| is_said_elsewhere(row, *net))?;
    let average = average(row, net, &mut drift)?;
    let product = row.word("productType").map_or(Product::Other, codes::product_seen);
    if product == Product::Other {
        drift.note("productType");
    }
    let realized = drift.or_default(row, "realized_profit", number::decimal);
    Some(Position { symbol, product, net, average, realized, today: traded_today(row, net) })
}

/// What was done today, where the row tells that and what came from the day before, and both together explain `net`.
fn traded_today(row: Row<'_>, net: i64) -> Option<Traded> {
    let [bought, sold, carried_bought, carried_sold] =
        ["dayBuyQty", "daySellQty", "cfBuyQty", "cfSellQty"].map(|name| row.whole(name));
    let (traded, carried) =
        (Traded { bought: bought?, sold: sold? }, carried_bought?.checked_sub(carried_sold?)?);
    let explained = traded.bought.checked_sub(traded.sold)?.checked_add(carried)?;
    (explained == net && traded.bought >= 0 && traded.sold >= 0).then_some(traded)
}

/// Whether the other fields say the same quantity, as far as they are there.
fn is_said_elsewhere(row: Row<'_>, net: i64) -> bool {
    let whole = |name: &str| row.whole(name);
    let has_size = whole("qty").is_none_or(|size| size.unsigned_abs() == net.unsigned_abs());
    // What is closed has no side, whatever is written there.
    let has_side = net == 0 || whole("side").is_none_or(|side| side.signum() == net.signum());
    has_size && has_side && is_bought_and_sold(row, net)
}

/// Whether it is what was bought less what was sold. What came from yesterday may be in the totals, or beside them.
fn is_bought_and_sold(row: Row<'_>, net: i64) -> bool {
    let less = |bought: &str, sold: &str| row.whole(bought)?.checked_sub(row.whole(sold)?);
    let (all, today) = (less("buyQty", "sellQty"), less("dayBuyQty", "daySellQty"));
    let carried = less("cfBuyQty", "cfSellQty").unwrap_or_default();
    let sums =
        [all, all.and_then(|all| all.checked_add(carried)), today.and_then(|now| now.checked_add(carried))];
    let mut sums = sums.into_iter().flatten().peekable();
    sums.peek().is_none() || sums.any(|sum| sum == net)
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
        assert_eq!(
            book.rows,
            [Position { symbol, product: Product::Intraday, net: 5, average, realized, today: None }]
        );
        assert_eq!((book.unknown.len(), book.drift.len()), (0, 0));
    }

    #[test]
    fn what_was_done_today_is_known_where_it_explains_the_position() {
        let row = |day: [i64; 2], carried: [i64; 2]| {
            let mut row = good("NSE:SBIN-EQ");
            let fields = ["dayBuyQty", "daySellQty", "cfBuyQty", "cfSellQty"];
            for (field, quantity) in fields.into_iter().zip([day, carried].concat()) {
                row[field] = json!(quantity);
            }
            row["buyQty"] = json!(5);
            row["sellQty"] = json!(0);
            row
        };
        let today = |row: Value| read(&[row]).rows[0].today;
        assert_eq!(today(row([7, 4], [2, 0])), Some(Traded { bought: 7, sold: 4 }));
        assert_eq!(today(row([0, 0], [5, 0])), Some(Traded::default()), "all of it is of another day");
        assert_eq!(today(row([5, 0], [5, 0])), None, "that would be ten");
        assert_eq!(today(row([-5, -10], [0, 0])), None);
        assert_eq!(today(good("NSE:SBIN-EQ")), None, "it is not told");
        let mut part = row([5, 0], [0, 0]);
        part["cfSellQty"] = Value::Null;
        assert_eq!(today(part), None);
    }

    #[test]
    fn a_quantity_may_be_a_float_or_a_text() {
        for net in [json!(5), json!(5.0), json!("5")] {
            assert_eq!(read(&[with("netQty", net.clone())]).rows[0].net, 5, "{net}");
        }
        let mut short = with("netQty", json!("-5.0"));
        short["side"] = json!(-1);
        assert_eq!(read(&[short]).rows[0].net, -5);
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
        (closed["netQty"], closed["qty"]) = (json!(0), json!(0));
        assert_eq!(read(&[closed]).rows[0].average, Decimal::ZERO);
    }

    #[test]
    fn a_row_that_contradicts_itself_is_an_unknown_position() {
        let row = |fields: Value| {
            let mut row = json!({"symbol": "NSE:SBIN-EQ", "productType": "INTRADAY", "netAvg": 800.0});
            row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            row
        };
        for odd in [
            json!({"netQty": 0, "qty": 10, "side": 1, "buyQty": 10, "sellQty": 0}),
            json!({"netQty": 0, "qty": 10}),
            json!({"netQty": 0, "qty": "10"}),
            json!({"netQty": 0, "qty": 0, "side": 0, "buyQty": 10, "sellQty": 0}),
            json!({"netQty": 0, "dayBuyQty": 0, "daySellQty": 0, "cfBuyQty": 10, "cfSellQty": 0}),
            json!({"netQty": 10, "qty": 10, "side": -1}),
            json!({"netQty": 10, "qty": 10, "side": 0}),
            json!({"netQty": 10, "qty": 5}),
            json!({"netQty": -10, "buyQty": 10, "sellQty": 0}),
        ] {
            assert_eq!(read(&[row(odd.clone())]).unknown, [unknown("NSE:SBIN-EQ")], "{odd}");
        }
        for good in [
            json!({"netQty": 0}),
            json!({"netQty": 0, "qty": 0, "side": 1, "buyQty": 10, "sellQty": 10}),
            json!({"netQty": -10, "qty": 10, "side": -1, "buyQty": 0, "sellQty": 10}),
            json!({"netQty": -10, "qty": -10, "side": -1}),
            json!({"netQty": 10, "qty": null, "side": "x", "buyQty": {}, "sellQty": 0}),
            // What came from yesterday is in the totals, or it is not.
            json!({"netQty": 8, "buyQty": 10, "sellQty": 2, "cfBuyQty": 10, "cfSellQty": 0, "dayBuyQty": 0, "daySellQty": 2}),
            json!({"netQty": 8, "buyQty": 0, "sellQty": 2, "cfBuyQty": 10, "cfSellQty": 0, "dayBuyQty": 0, "daySellQty": 2}),
        ] {
            let book = read(&[row(good.clone())]);
            assert_eq!((book.rows.len(), book.unknown.len()), (1, 0), "{good}");
        }
    }

    #[test]
    fn an_answer_that_contradicts_itself_says_nothing() {
        let says = |fields: Value, rows: &[Value]| {
            let mut body = json!({"s": "ok", "netPositions": rows});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            positions(200, body.to_string().as_bytes())
        };
        let (open, mut closed) = (good("NSE:A-EQ"), good("NSE:B-EQ"));
        (closed["netQty"], closed["qty"]) = (json!(0), json!(0));
        // A code that is no number is drift, and says nothing.
        for code in [json!("ok"), json!({}), json!(null)] {
            assert!(says(json!({"code": code}), &[]).is_ok(), "{code}");
        }
        for code in [json!(-50), json!(0), json!(500), json!("-16")] {
            let said = says(json!({"code": code}), &[]);
            assert_eq!(said, Err(Unreadable::Field("code")), "{code}");
            assert!(says(json!({"code": code}), std::slice::from_ref(&open)).is_err(), "{code}");
        }
        for (overall, rows) in [
            (json!({"count_open": 1}), vec![]),
            (json!({"count_open": "1", "count_total": 1}), vec![]),
            (json!({"count_open": 1}), vec![closed.clone()]),
            (json!({"count_open": 2, "count_total": 2}), vec![open.clone()]),
            (json!({"count_total": 1}), vec![]),
        ] {
            let said = says(json!({"code": 200, "overall": overall}), &rows);
            assert_eq!(said, Err(Unreadable::Field("overall")), "{overall}");
        }
        for (overall, rows) in [
            (json!({"count_open": 0, "count_total": 1}), vec![]),
            (json!({"count_open": 1, "count_total": 2}), vec![open.clone(), closed]),
            (json!({"count_open": 0}), vec![open]),
            (json!({"count_open": 1}), vec![json!({"symbol": "NSE:A-EQ"})]),
            (json!({"count_open": null, "count_total": []}), vec![]),
            (json!([]), vec![]),
        ] {
            let said = says(json!({"code": "200", "overall": overall}), &rows).unwrap();
            assert_eq!(said.rows.len() + said.unknown.len(), rows.len(), "{overall}");
        }
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
