//! Last prices (docs/fyers-api.md, "Quotes").

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    error::ApiError,
    model::{Offer, SeenPrice},
    number,
    response::{
        Body, Parsed, Unreadable,
        row::{Drift, Row},
    },
};

/// Code of a quote that was refused without a code of its own.
const BAD_SYMBOL: i64 = -300;

/// One element of a quotes answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRow {
    /// As it was asked for, as `NSE:SBIN-EQ`.
    pub symbol: String,
    /// The last price in INR, or FYERS' reason why there is none.
    pub last: Result<Decimal, ApiError>,
}

/// Reads `GET /quotes`. An element that is neither a price nor an error is left out and reported as drift.
///
/// # Errors
/// When the answer is none, or an error, or has no list.
pub fn quotes(http_status: u16, body: &[u8]) -> Result<Parsed<Vec<QuoteRow>>, Unreadable> {
    let body = Body::read(http_status, body)?;
    let list = body.get("d").and_then(Value::as_array).ok_or(Unreadable::Field("d"))?;
    let (mut rows, mut found) = (Vec::new(), Vec::new());
    for (index, value) in list.iter().enumerate() {
        let mut drift = Drift { found: &mut found, place: format!("d[{index}]") };
        match Row::of(value).map_or(Err("n"), |row| quote(http_status, row)) {
            Ok(row) => rows.push(row),
            Err(field) => drift.note(field),
        }
    }
    Ok(Parsed { value: rows, drift: found })
}

fn quote(http_status: u16, row: Row<'_>) -> Result<QuoteRow, &'static str> {
    let symbol = row.word("n").ok_or("n")?.to_owned();
    let last = match row.word("s").ok_or("s")? {
        "ok" => Ok(row.row("v").and_then(|inner| inner.money("lp")).ok_or("v.lp")?),
        _ => Err(bad_quote(http_status, row)),
    };
    Ok(QuoteRow { symbol, last })
}

/// The inner names vary from report to report, so nothing in here is required.
fn bad_quote(http_status: u16, row: Row<'_>) -> ApiError {
    let inner = row.row("v");
    let words = inner.and_then(|inner| inner.word("message").or_else(|| inner.word("errmsg")));
    let code = inner.and_then(|inner| inner.whole("code")).unwrap_or(BAD_SYMBOL);
    ApiError { status: http_status, ..ApiError::new(code, words.unwrap_or_default()) }
}

/// Prices of a quotes answer that has been read as JSON; what is not understood is left out. Outside sessions and for
/// indices FYERS tells a bid and an ask of zero: none.
pub fn prices(body: &Value) -> Vec<SeenPrice> {
    let rows = body["d"].as_array().into_iter().flatten();
    let seen = |row: &Value| {
        let v = &row["v"];
        let best = |name: &str| positive(&v[name]).map(|price| Offer { price, quantity: None });
        let (bids, asks) = (best("bid").into_iter().collect(), best("ask").into_iter().collect());
        Some(SeenPrice { symbol: row["n"].as_str()?.to_owned(), last: positive(&v["lp"])?, bids, asks })
    };
    rows.filter(|row| row["s"] == "ok").filter_map(seen).collect()
}

/// Prices of a depth answer that has been read as JSON: what the order book shows on both sides.
pub fn depth_prices(body: &Value) -> Vec<SeenPrice> {
    let rows = body["d"].as_object().into_iter().flatten();
    let seen = |(symbol, row): (&String, &Value)| {
        let side = |name: &str| row[name].as_array().into_iter().flatten().filter_map(offer).collect();
        let (bids, asks) = (side("bids"), side("ask"));
        Some(SeenPrice { symbol: symbol.clone(), last: positive(&row["ltp"])?, bids, asks })
    };
    rows.filter_map(seen).collect()
}

/// Last prices that stand beside something else, in an answer that has been read as JSON: in positions, holdings, the order
/// book or an option chain. What is not understood is left out.
pub fn last_prices(body: &Value) -> Vec<(String, Decimal)> {
    let lists = [
        (&body["netPositions"], "ltp"),
        (&body["holdings"], "ltp"),
        (&body["orderBook"], "lp"),
        (&body["data"]["optionsChain"], "ltp"),
    ];
    let rows = lists.into_iter().flat_map(|(list, name)| {
        list.as_array().into_iter().flatten().map(move |row| (&row["symbol"], &row[name]))
    });
    rows.filter_map(|(symbol, last)| Some((symbol.as_str()?.to_owned(), positive(last)?))).collect()
}

fn offer(level: &Value) -> Option<Offer> {
    let quantity = number::whole(&level["volume"]).filter(|quantity| *quantity > 0)?;
    Some(Offer { price: positive(&level["price"])?, quantity: Some(quantity) })
}

fn positive(value: &Value) -> Option<Decimal> {
    number::decimal(value).filter(|amount| *amount > Decimal::ZERO)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(rows: &Value) -> Parsed<Vec<QuoteRow>> {
        quotes(200, json!({"s": "ok", "code": 200, "d": rows}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_price_is_a_price_and_an_error_an_error() {
        let rows = json!([{"n": "NSE:A-EQ", "s": "ok", "v": {"lp": 800.5}},
            {"n": "NSE:X-EQ", "s": "error", "v": {"code": -300, "message": "Invalid symbol provided"}},
            {"n": "NSE:Y-EQ", "s": "error", "v": {"errmsg": "Invalid symbol"}}, {"n": "NSE:Z-EQ", "s": "error"}]);
        let read = read(&rows);
        let seen: Vec<_> = read.value.iter().map(|row| (row.symbol.as_str(), row.last.clone())).collect();
        let bad = |words: &str| Err(ApiError { status: 200, ..ApiError::new(-300, words) });
        assert_eq!(
            seen,
            [
                ("NSE:A-EQ", Ok("800.5".parse().unwrap())),
                ("NSE:X-EQ", bad("Invalid symbol provided")),
                ("NSE:Y-EQ", bad("Invalid symbol")),
                ("NSE:Z-EQ", bad("")),
            ]
        );
        assert_eq!(read.drift, Vec::<String>::new());
    }

    #[test]
    fn an_element_that_is_neither_is_left_out_and_reported() {
        for (row, field) in [
            (json!({"s": "ok", "v": {"lp": 1}}), "d[0].n"),
            (json!({"n": "NSE:A-EQ", "v": {"lp": 1}}), "d[0].s"),
            (json!({"n": "NSE:A-EQ", "s": "ok", "v": []}), "d[0].v.lp"),
            (json!({"n": "NSE:A-EQ", "s": "ok", "v": {"lp": "x"}}), "d[0].v.lp"),
            (json!(7), "d[0].n"),
        ] {
            assert_eq!(read(&json!([row])), Parsed { value: vec![], drift: vec![field.to_owned()] });
        }
    }

    #[test]
    fn prices_are_taken_where_there_are_any() {
        let body = json!({"s": "ok", "d": [{"n": "NSE:A-EQ", "s": "ok", "v": {"lp": 800.5}},
            {"n": "NSE:B-EQ", "s": "error", "v": {}}, {"n": "NSE:C-EQ", "s": "ok", "v": {"lp": 195}}]});
        let price = |symbol: &str, text: &str| SeenPrice {
            symbol: symbol.to_owned(),
            last: text.parse().unwrap(),
            bids: vec![],
            asks: vec![],
        };
        assert_eq!(prices(&body), [price("NSE:A-EQ", "800.5"), price("NSE:C-EQ", "195")]);
        assert_eq!(prices(&Value::Null), []);
    }

    #[test]
    fn bid_and_ask_are_read_and_zero_is_none() {
        let quote = |bid: f64, ask: f64| {
            let v = json!({"lp": 800, "bid": bid, "ask": ask});
            prices(&json!({"d": [{"n": "NSE:A-EQ", "s": "ok", "v": v}]})).remove(0)
        };
        let offer = |text: &str, quantity| Offer { price: text.parse().unwrap(), quantity };
        let both = quote(799.9, 800.1);
        assert_eq!((both.bids, both.asks), (vec![offer("799.9", None)], vec![offer("800.1", None)]));
        let none = quote(0.0, 0.0);
        assert!(none.bids.is_empty() && none.asks.is_empty());
        let beside = json!({"netPositions": [{"symbol": "NSE:A-EQ", "ltp": 801.5}, {"symbol": "NSE:B-EQ", "ltp": 0}],
            "orderBook": [{"symbol": "NSE:C-EQ", "lp": "9.05"}, {"symbol": 5, "lp": 1}, 7]});
        let told = last_prices(&beside);
        let price = |symbol: &str, last: &str| (symbol.to_owned(), last.parse::<Decimal>().unwrap());
        assert_eq!(told, [price("NSE:A-EQ", "801.5"), price("NSE:C-EQ", "9.05")]);
        assert_eq!(last_prices(&json!({"data": {"optionsChain": [{"symbol": "NSE:X", "ltp": 2}]}})).len(), 1);
        let level = |price: f64, volume: i64| json!({"price": price, "volume": volume, "ord": 1});
        let body = json!({"d": {"NSE:A-EQ": {"ltp": 800, "bids": [level(799.9, 5), level(0.0, 0)],
            "ask": [level(800.1, 7), level(800.2, 9)]}, "NSE:B-EQ": {"ltp": 0}}});
        let seen = depth_prices(&body);
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0].bids, [offer("799.9", Some(5))]);
        assert_eq!(seen[0].asks, [offer("800.1", Some(7)), offer("800.2", Some(9))]);
    }
}
