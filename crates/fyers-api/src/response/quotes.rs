//! Prices (docs/fyers-api.md, "Quotes").

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{
    model::{Offer, SeenPrice},
    number,
    response::{
        Parsed,
        row::{Drift, Row},
    },
};

/// Columns of a candle: when it begins, open, high, low, close and volume.
const CANDLE: usize = 6;

/// Prices of a quotes answer that has been read as JSON; what is not understood is left out and reported as drift. Outside
/// sessions and for indices FYERS tells a bid and an ask of zero: none.
pub fn prices(body: &Value) -> Parsed<Vec<SeenPrice>> {
    let mut drift = drift_of(body, body["d"].is_array());
    let mut value = vec![];
    for (index, row) in body["d"].as_array().into_iter().flatten().enumerate() {
        value.extend(quote(row, Drift { found: &mut drift, place: format!("d[{index}]") }));
    }
    Parsed { value, drift }
}

/// A symbol that FYERS does not know is an error in its row.
fn quote(row: &Value, mut drift: Drift<'_>) -> Option<SeenPrice> {
    let row = drift.expect("n", Row::of(row))?;
    let symbol = drift.expect("n", row.word("n"))?;
    if drift.expect("s", row.word("s"))? != "ok" {
        return None;
    }
    let v = row.row("v");
    let last = drift.expect("v.lp", v.and_then(|v| v.money("lp")))?;
    let mut best = |name: &str| {
        let price = drift.expect(&format!("v.{name}"), v.and_then(|v| v.money(name)));
        price.filter(is_positive).map(|price| Offer { price, quantity: None }).into_iter().collect()
    };
    let (bids, asks) = (best("bid"), best("ask"));
    is_positive(&last).then(|| SeenPrice { symbol: symbol.to_owned(), last, bids, asks })
}

/// Prices of a depth answer that has been read as JSON: what the order book shows on both sides.
pub fn depth_prices(body: &Value) -> Parsed<Vec<SeenPrice>> {
    let mut drift = drift_of(body, body["d"].is_object());
    let mut value = vec![];
    for (index, (symbol, row)) in body["d"].as_object().into_iter().flatten().enumerate() {
        value.extend(depth(symbol, row, Drift { found: &mut drift, place: format!("d[{index}]") }));
    }
    Parsed { value, drift }
}

fn depth(symbol: &str, row: &Value, mut drift: Drift<'_>) -> Option<SeenPrice> {
    let row = drift.expect("ltp", Row::of(row))?;
    let last = drift.expect("ltp", row.money("ltp"))?;
    let (bids, asks) = (side(row, "bids", &mut drift), side(row, "ask", &mut drift));
    is_positive(&last).then(|| SeenPrice { symbol: symbol.to_owned(), last, bids, asks })
}

/// An empty level has zeros.
fn side(row: Row<'_>, name: &str, drift: &mut Drift<'_>) -> Vec<Offer> {
    let levels = drift.expect(name, row.get(name).and_then(Value::as_array));
    let offer = |level: &Value| {
        let price = drift.expect(&format!("{name}[].price"), number::decimal(&level["price"]));
        let quantity = drift.expect(&format!("{name}[].volume"), number::whole(&level["volume"]));
        let (price, quantity) = price.zip(quantity)?;
        (is_positive(&price) && quantity > 0).then_some(Offer { price, quantity: Some(quantity) })
    };
    levels.into_iter().flatten().filter_map(offer).collect()
}

/// Last prices that stand beside something else, in an answer that has been read as JSON: in positions, holdings, the order
/// book or an option chain. What is not understood is left out; a price that is there and is no number is drift.
pub fn last_prices(body: &Value) -> Parsed<Vec<(String, Decimal)>> {
    let lists = [
        ("netPositions", &body["netPositions"], "ltp"),
        ("holdings", &body["holdings"], "ltp"),
        ("orderBook", &body["orderBook"], "lp"),
        ("data.optionsChain", &body["data"]["optionsChain"], "ltp"),
    ];
    let (mut value, mut drift) = (vec![], vec![]);
    for (name, list, field) in lists {
        for (index, row) in list.as_array().into_iter().flatten().enumerate() {
            let mut drift = Drift { found: &mut drift, place: format!("{name}[{index}]") };
            let Some(row) = Row::of(row) else { continue };
            let last = drift.or_default(row, field, |value| number::decimal(value).map(Some));
            value.extend(row.word("symbol").map(str::to_owned).zip(last.filter(is_positive)));
        }
    }
    Parsed { value, drift }
}

/// How many candles are in a history answer that has been read as JSON. A row that is none is drift.
pub fn candles(body: &Value) -> Parsed<usize> {
    let rows = body["candles"].as_array();
    let is_candle = |row: &&Value| {
        let columns = row.as_array().map_or(&[][..], Vec::as_slice);
        columns.len() >= CANDLE && columns.iter().take(CANDLE).all(Value::is_number)
    };
    let value = rows.into_iter().flatten().filter(is_candle).count();
    let drift = match rows {
        Some(rows) if value < rows.len() => Some("candles[]"),
        None if body["s"] == "ok" => Some("candles"),
        _ => None,
    };
    Parsed { value, drift: drift.map(str::to_owned).into_iter().collect() }
}

/// An answer that is none, or FYERS' error, has no prices; one that says "ok" has a list of them.
fn drift_of(body: &Value, has_list: bool) -> Vec<String> {
    let is_odd = body["s"] == "ok" && !has_list;
    is_odd.then(|| "d".to_owned()).into_iter().collect()
}

fn is_positive(amount: &Decimal) -> bool {
    *amount > Decimal::ZERO
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn price(symbol: &str, text: &str) -> SeenPrice {
        SeenPrice { symbol: symbol.to_owned(), last: text.parse().unwrap(), bids: vec![], asks: vec![] }
    }

    fn v(last: f64) -> Value {
        json!({"lp": last, "bid": 0, "ask": 0})
    }

    #[test]
    fn a_price_is_a_price_and_an_error_an_error() {
        let body = json!({"s": "ok", "d": [{"n": "NSE:A-EQ", "s": "ok", "v": v(800.5)},
            {"n": "NSE:X-EQ", "s": "error", "v": {"code": -300, "message": "Invalid symbol provided"}},
            {"n": "NSE:Y-EQ", "s": "error", "v": {"errmsg": "Invalid symbol"}}, {"n": "NSE:Z-EQ", "s": "error"},
            {"n": "NSE:N-EQ", "s": "ok", "v": v(0.0)}, {"n": "NSE:C-EQ", "s": "ok", "v": v(195.0)}]});
        let read = prices(&body);
        assert_eq!(read.value, [price("NSE:A-EQ", "800.5"), price("NSE:C-EQ", "195.0")]);
        assert_eq!(read.drift, Vec::<String>::new());
    }

    #[test]
    fn an_element_that_is_neither_is_left_out_and_reported() {
        for (row, fields) in [
            (json!({"s": "ok", "v": v(1.0)}), &["n"][..]),
            (json!({"n": "NSE:A-EQ", "v": v(1.0)}), &["s"]),
            (json!({"n": "NSE:A-EQ", "s": "ok", "v": []}), &["v.lp"]),
            (json!({"n": "NSE:A-EQ", "s": "ok", "v": {"lp": "x"}}), &["v.lp"]),
            (json!(7), &["n"]),
        ] {
            let read = prices(&json!({"s": "ok", "d": [row]}));
            let drift: Vec<String> = fields.iter().map(|field| format!("d[0].{field}")).collect();
            assert_eq!(read, Parsed { value: vec![], drift });
        }
        let odd = prices(&json!({"d": [{"n": "NSE:A-EQ", "s": "ok", "v": {"lp": 1, "bid": "x"}}]}));
        assert_eq!(odd.value, [price("NSE:A-EQ", "1")], "it costs no price");
        assert_eq!(odd.drift, ["d[0].v.bid", "d[0].v.ask"]);
        for read in [prices, depth_prices] {
            assert_eq!(read(&json!({"s": "ok", "d": 7})).drift, ["d"]);
            for none in [Value::Null, json!({"s": "error", "code": -300}), json!([])] {
                assert_eq!(read(&none), Parsed { value: vec![], drift: vec![] }, "{none}");
            }
        }
    }

    #[test]
    fn bid_and_ask_are_read_and_zero_is_none() {
        let quote = |bid: f64, ask: f64| {
            let v = json!({"lp": 800, "bid": bid, "ask": ask});
            prices(&json!({"d": [{"n": "NSE:A-EQ", "s": "ok", "v": v}]})).value.remove(0)
        };
        let offer = |text: &str, quantity| Offer { price: text.parse().unwrap(), quantity };
        let both = quote(799.9, 800.1);
        assert_eq!((both.bids, both.asks), (vec![offer("799.9", None)], vec![offer("800.1", None)]));
        let none = quote(0.0, 0.0);
        assert!(none.bids.is_empty() && none.asks.is_empty());
        let level = |price: f64, volume: i64| json!({"price": price, "volume": volume, "ord": 1});
        let mut body = json!({"d": {"NSE:A-EQ": {"ltp": 800, "bids": [level(799.9, 5), level(0.0, 0)],
            "ask": [level(800.1, 7), level(800.2, 9)]}, "NSE:B-EQ": {"ltp": 0, "bids": [], "ask": []}}});
        let seen = depth_prices(&body);
        assert_eq!((seen.value.len(), seen.drift), (1, vec![]));
        assert_eq!(seen.value[0].bids, [offer("799.9", Some(5))]);
        assert_eq!(seen.value[0].asks, [offer("800.1", Some(7)), offer("800.2", Some(9))]);
        (body["d"]["NSE:A-EQ"]["bids"][0]["volume"], body["d"]["NSE:B-EQ"]["ask"]) = (json!("x"), json!(1));
        let odd = depth_prices(&body);
        assert_eq!((odd.value.len(), odd.value[0].bids.len()), (1, 0));
        assert_eq!(odd.drift, ["d[0].bids[].volume", "d[1].ask"]);
    }

    #[test]
    fn last_prices_and_candles_are_read_and_what_is_none_is_told() {
        let beside = json!({"netPositions": [{"symbol": "NSE:A-EQ", "ltp": 801.5}, {"symbol": "NSE:B-EQ", "ltp": 0}],
            "orderBook": [{"symbol": "NSE:C-EQ", "lp": "9.05"}, {"symbol": 5, "lp": 1}, 7, {"symbol": "NSE:D-EQ", "lp": []}]});
        let told = last_prices(&beside);
        let price = |symbol: &str, last: &str| (symbol.to_owned(), last.parse::<Decimal>().unwrap());
        assert_eq!(told.value, [price("NSE:A-EQ", "801.5"), price("NSE:C-EQ", "9.05")]);
        assert_eq!(told.drift, ["orderBook[3].lp"]);
        let row = json!([1_795_392_000, 800, 803, 799.5, 801, 12_345]);
        let told = |body: Value| (candles(&body).value, candles(&body).drift);
        assert_eq!(told(json!({"s": "ok", "candles": [row, row]})), (2, vec![]));
        assert_eq!(told(json!({"s": "ok", "candles": [row, [1, 2], 7]})), (1, vec!["candles[]".to_owned()]));
        assert_eq!(told(json!({"s": "ok"})), (0, vec!["candles".to_owned()]));
        assert_eq!(told(json!({"s": "no_data", "candles": []})), (0, vec![]));
        let chain = json!({"data": {"optionsChain": [{"symbol": "NSE:X", "ltp": 2}]}});
        assert_eq!(last_prices(&chain).value.len(), 1);
    }
}
