//! `orders`: what bots have ordered, as the running keeper remembers it: one row an order, 80 columns wide.

use chrono::DateTime;
use fyers_api::ist::ist;
use keeper_domain::text::excerpt;
use serde_json::Value;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, say},
    probe::{self, Remote},
    setup::load,
};

pub(super) fn orders(json: bool, limit: u32) -> Result<Exit, Failure> {
    let config = load()?;
    let answer = probe::block_on(async { Remote::new(&config)?.orders(limit).await });
    let Some(answer) = answer.flatten() else { return Err(probe::nobody(&config)) };
    let orders = answer.get("orders").and_then(Value::as_array).cloned().unwrap_or_default();
    if json {
        print_json(&answer);
    } else if orders.is_empty() {
        say("No orders so far.");
    } else {
        say(&table(&orders));
    }
    Ok(Exit::Good)
}

fn table(orders: &[Value]) -> String {
    let head = row(["TIME (IST)", "WHAT", "QTY", "SYMBOL", "PRICE", "STATUS", "VENUE"].map(str::to_owned));
    let rows = orders.iter().flat_map(rows_of);
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

/// The columns of one row: 15, 6, 7, 24, 9, 8 and 5 wide, with a space between them.
fn row([time, what, quantity, symbol, price, status, venue]: [String; 7]) -> String {
    let [time, what, quantity] = [excerpt(&time, 15), excerpt(&what, 6), excerpt(&quantity, 7)];
    let [symbol, price] = [excerpt(&symbol, 24), excerpt(&price, 9)];
    let [status, venue] = [excerpt(&status, 8), excerpt(&venue, 5)];
    let row = format!("{time:<15} {what:<6} {quantity:>7} {symbol:<24} {price:>9} {status:<8} {venue}");
    row.trim_end().to_owned()
}

/// The order, and below it why it was refused.
fn rows_of(order: &Value) -> Vec<String> {
    let text = |name: &str| match &order[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let quantity = order["quantity"].as_i64();
    let what = match (text("what").as_str(), quantity) {
        ("place", Some(..0)) => "SELL".to_owned(),
        ("place", Some(_)) => "BUY".to_owned(),
        (what, _) => what.to_owned(),
    };
    let known = order["unanswered"]["known"].as_str();
    let refused = !(200..300).contains(&order["status"].as_i64().unwrap_or_default())
        || order["code"].as_i64().is_some_and(|code| code < 0);
    let cells = [
        time(&text("at")),
        what,
        quantity.map(|quantity| quantity.unsigned_abs().to_string()).unwrap_or_default(),
        text("symbol"),
        price(&order["price"]),
        match (known, refused) {
            (Some("found"), _) => "found",
            (Some(_), _) => "unknown",
            (None, true) => "refused",
            (None, false) => "accepted",
        }
        .to_owned(),
        text("venue"),
    ];
    let mut rows = vec![row(cells)];
    if !matches!(text("bot").as_str(), "" | "default") {
        rows.push(format!("{:16}bot {}", "", excerpt(&text("bot"), 24)));
    }
    let because = refused || known.is_some();
    if because && !text("message").is_empty() {
        rows.push(format!("{:16}{}", "", excerpt(&text("message"), 64)));
    }
    rows
}

/// A market order has none, and an old entry does not know.
fn price(price: &Value) -> String {
    let number = price.as_f64().or_else(|| price.as_str()?.parse().ok());
    match number {
        Some(0.0) => "market".to_owned(),
        Some(price) => format!("{price:.2}"),
        None => "-".to_owned(),
    }
}

fn time(at: &str) -> String {
    DateTime::parse_from_rfc3339(at)
        .map_or_else(|_| at.to_owned(), |at| ist(at.to_utc()).format("%d %b %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_what_a_trader_looks_for_in_80_columns() {
        let orders = [
            json!({"at": "2026-11-26T03:45:01.123456Z", "mode": "mock", "venue": "mock", "what": "place", "status": 200,
                "symbol": "NSE:SBIN-EQ", "quantity": -10, "code": 1101, "price": "840.05", "message": "placed"}),
            json!({"at": "2026-11-26T03:45:02Z", "venue": "fyers", "what": "place", "status": 400, "code": -50,
                "symbol": "NSE:\u{1b}[31mNIFTY26NOV25000CE\u{202e}AAAAAAAAAAAAAAAAAAAAA", "quantity": 12_345_678, "bot": "scalper",
                "message": format!("no \u{1b}]0;x\u{7}{}", "because ".repeat(40))}),
            json!({"at": "not a time", "what": "cancel", "venue": "none"}),
            json!({"at": "2026-11-26T03:45:03Z", "venue": "fyers", "what": "place", "status": 0, "code": 0, "quantity": 1,
                "message": "unknown: look in the FYERS app", "unanswered": {"known": "look_yourself"}}),
            json!({"at": "2026-11-26T03:45:03Z", "venue": "fyers", "what": "place", "status": 200, "code": 0, "quantity": 1,
                "message": "found in FYERS' order book", "unanswered": {"known": "found"}}),
        ];
        let text = table(&orders);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[1],
            "26 Nov 09:15:01 SELL        10 NSE:SBIN-EQ                 840.05 accepted mock"
        );
        assert!(lines[2].contains("refused") && lines[4].trim_start().starts_with("no"), "{text}");
        assert_eq!(lines[3].trim(), "bot scalper");
        assert!(
            lines[6].contains("unknown  fyers") && lines[7].trim() == "unknown: look in the FYERS app",
            "{text}"
        );
        assert!(
            lines[8].contains("found    fyers") && lines[9].trim() == "found in FYERS' order book",
            "{text}"
        );
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
    }
}
