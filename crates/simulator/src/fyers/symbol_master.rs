//! The symbol master in both of its forms (section 3.25): every listed symbol, in the file of its market.

use serde_json::{Value, json};

use crate::broker::{fy_token, is_index};
use crate::http::Response;
use crate::state::World;

/// What ends the name of the JSON form.
const JSON: &str = "_sym_master.json";
/// The end of contracts that do not name a day: 29 December 2026, 15:30 in India.
const EXPIRY: i64 = 1_798_538_400;

/// The file of this name; `None` when there is none.
pub(super) fn file(world: &World, name: &str) -> Option<Response> {
    if let Some(market) = name.strip_suffix(JSON) {
        let rows = rows(world, market)?;
        let map: serde_json::Map<String, Value> =
            rows.map(|symbol| (symbol.to_owned(), entry(world, symbol))).collect();
        return Some(Response::ok(&Value::Object(map)));
    }
    let rows = rows(world, name.strip_suffix(".csv")?)?;
    let text: String = rows.map(row).collect();
    Some(Response::text(200, "text/csv; charset=utf-8", &text))
}

/// The symbols of a market: one that does not trade here at least, for no real file is empty.
fn rows<'a>(world: &'a World, market: &str) -> Option<impl Iterator<Item = &'a str>> {
    let (start, always) = match market {
        "NSE_CM" => ("1010", "NSE:ZEEL-EQ"),
        "NSE_FO" => ("1011", "NSE:ZEEL26DECFUT"),
        "BSE_CM" => ("1210", "BSE:ACC-A"),
        "BSE_FO" => ("1211", "BSE:SENSEX26DECFUT"),
        "MCX_COM" => ("1120", "MCX:GOLD26DECFUT"),
        _ => return None,
    };
    let listed = world.market.symbols().filter(move |symbol| fy_token(symbol).starts_with(start));
    Some(listed.chain([always]))
}

struct Terms {
    segment: &'static str,
    tick: f64,
    lot: i64,
    expiry: Option<i64>,
}

fn terms(symbol: &str) -> Terms {
    let token = fy_token(symbol);
    let contract = ["1011", "1211", "1120"].iter().any(|start| token.starts_with(start));
    let option = symbol.ends_with("CE") || symbol.ends_with("PE");
    Terms {
        segment: match token.get(2..4) {
            Some("11") => "11",
            Some("20") => "20",
            _ => "10",
        },
        tick: if option { 0.05 } else { 0.1 },
        lot: match (is_index(symbol), contract) {
            (true, _) => 0,
            (false, true) => 75,
            (false, false) => 1,
        },
        expiry: contract.then_some(EXPIRY),
    }
}

fn entry(world: &World, symbol: &str) -> Value {
    let Terms { segment, tick, lot, expiry } = terms(symbol);
    let close = world.market.ticker(symbol).map_or(0.0, |ticker| ticker.prev_close);
    let band = if segment == "10" && lot > 0 { (close * 0.8, close * 1.2) } else { (0.0, 0.0) };
    json!({"fyToken": fy_token(symbol), "symTicker": symbol, "segment": segment.parse::<i64>().unwrap_or_default(),
        "tickSize": tick, "minLotSize": lot, "expiryDate": expiry.map_or(String::new(), |at| at.to_string()),
        "lowerPrice": band.0.round(), "upperPrice": band.1.round(), "qtyFreeze": "", "previousClose": close})
}

fn row(symbol: &str) -> String {
    let Terms { segment, tick, lot, expiry } = terms(symbol);
    let (token, expiry) = (fy_token(symbol), expiry.map_or(String::new(), |at| at.to_string()));
    let exchange = token.get(..2).unwrap_or("10");
    format!(
        "{token},{symbol},0,{lot},{tick},,0915-1530|1815-1915:,2026-11-25,{expiry},{symbol},{exchange},{segment},1,U,1,-1.0,XX,{token},None,0,0.0\n"
    )
}
