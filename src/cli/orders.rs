//! `orders`: what bots have ordered, as the running keeper remembers it: one row an order, and below it why it was refused.

use chrono::DateTime;
use fyers_api::ist::ist;
use keeper_domain::{money::grouped, order_journal::OrderProgress, text::excerpt, wrap};
use serde_json::Value;

use crate::account::{amount, own_words};
use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, put, say},
    probe::{self, Remote},
    setup::load,
    table::{Column, Layout, left, right},
    width::table_room,
};

/// More characters than any reason has.
const LONGEST: usize = 1_000;

pub(super) fn orders(json: bool, limit: u32) -> Result<Exit, Failure> {
    let config = load()?;
    let answer = probe::block_on(async { Remote::new(&config)?.orders(limit).await });
    let Some(answer) = answer.flatten() else { return Err(probe::nobody(&config)) };
    let orders = answer.get("orders").and_then(Value::as_array).cloned().unwrap_or_default();
    if json {
        print_json(&answer);
    } else if orders.is_empty() {
        say("No orders through this keeper so far.");
    } else {
        put(&table(&orders, table_room()));
    }
    Ok(Exit::Good)
}

/// A symbol says what it is by its last letters, so it is the column that is broken, and never cut.
const COLUMNS: [Column; 7] = [
    left("TIME (IST)", 15),
    left("WHAT", 6),
    right("QTY", 5),
    left("SYMBOL", 26),
    right("PRICE ₹", 9),
    left("STATUS", 8),
    left("VENUE", 5),
];
const SYMBOL: usize = 3;
/// Where the words below a row begin: below what was ordered.
const BELOW: usize = 16;

pub(super) fn table(orders: &[Value], room: usize) -> String {
    let rows: Vec<Vec<String>> = orders.iter().map(|order| cells(order).to_vec()).collect();
    let layout = Layout::of(&COLUMNS, SYMBOL, &rows, (1, room));
    let lines = orders.iter().zip(&rows).flat_map(|(order, row)| {
        let below = notes(order).into_iter().map(|note| below(&note, room));
        std::iter::once(layout.row(row)).chain(below).collect::<Vec<_>>()
    });
    std::iter::once(layout.head()).chain(lines).collect::<Vec<_>>().join("\n")
}

fn below(note: &str, room: usize) -> String {
    wrap::hung(&format!("{:BELOW$}{note}", ""), room, BELOW)
}

fn text(order: &Value, name: &str) -> String {
    match &order[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn known(order: &Value) -> Option<&str> {
    order["unanswered"]["known"].as_str()
}

fn is_refused(order: &Value) -> bool {
    !(200..300).contains(&order["status"].as_i64().unwrap_or_default())
        || order["code"].as_i64().is_some_and(|code| code < 0)
}

fn cells(order: &Value) -> [String; 7] {
    let quantity = order["quantity"].as_i64();
    let what = match (text(order, "what").as_str(), quantity) {
        ("place" | "other", Some(..0)) => "SELL".to_owned(),
        ("place" | "other", Some(_)) => "BUY".to_owned(),
        (what, _) => what.to_owned(),
    };
    let progress = OrderProgress::of_entry(order);
    let filled = progress.and_then(|progress| progress.price()).map(grouped);
    let status = match (known(order), is_refused(order)) {
        _ if order["rejected"].is_object() => "rejected",
        (Some("found"), _) => "found",
        (Some(_), _) => "unknown",
        (None, true) if matches!(text(order, "venue").as_str(), "fyers" | "mock") => "rejected",
        (None, true) => "refused",
        (None, false) => progress.map_or("accepted", |progress| progress.word()),
    };
    [
        time(&text(order, "at")),
        what,
        quantity.map(|quantity| quantity.unsigned_abs().to_string()).unwrap_or_default(),
        text(order, "symbol"),
        filled.unwrap_or_else(|| price(&order["price"])),
        status.to_owned(),
        text(order, "venue"),
    ]
}

/// What stands below a row: whose order it is, and the whole reason where there is one.
fn notes(order: &Value) -> Vec<String> {
    let bot = Some(text(order, "bot")).filter(|bot| !matches!(bot.as_str(), "" | "default"));
    let later = Some(text(&order["rejected"], "message")).filter(|_| order["rejected"].is_object());
    let is_why = is_refused(order) || known(order).is_some() || later.is_some();
    let message = later.unwrap_or_else(|| text(order, "message"));
    let because = is_why && !message.is_empty();
    let bot = bot.map(|bot| format!("bot {}", excerpt(&bot, 24)));
    let part = OrderProgress::of_entry(order).filter(|progress| progress.word() == "part");
    let part = part.map(|progress| progress.words());
    bot.into_iter().chain(part).chain(because.then(|| excerpt(own_words(&message), LONGEST))).collect()
}

/// A market order has none, and an old entry does not know.
fn price(price: &Value) -> String {
    let number = price.as_f64().or_else(|| price.as_str()?.parse().ok());
    match number {
        Some(0.0) => "market".to_owned(),
        Some(price) => amount(Some(price)),
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
            json!({"at": "2026-11-26T03:45:04Z", "venue": "fyers", "what": "place", "status": 200, "code": 1101, "quantity": 6,
                "symbol": "NSE:TCS-EQ", "price": 0, "progress": {"filled": 6, "quantity": 6, "average": 801.5, "waits": false}}),
            json!({"at": "2026-11-26T03:45:05Z", "venue": "mock", "what": "place", "status": 200, "code": 1101, "quantity": 6,
                "symbol": "NSE:TCS-EQ", "price": 800, "progress": {"filled": 2, "quantity": 6, "average": 799, "waits": true}}),
        ];
        let text = table(&orders, 80);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[1],
            "26 Nov 09:15:01 SELL         10 NSE:SBIN-EQ                840.05 accepted mock"
        );
        let row = |begins: &str| lines.iter().position(|line| line.contains(begins)).unwrap();
        // The symbol goes on in the next line, and the reason is told to its end.
        let refused = row("rejected fyers");
        assert_eq!(lines[refused + 1].trim(), "0CE AAAAAAAAAAAAAAAAAAA");
        assert_eq!(lines[refused + 3].trim(), "bot scalper");
        assert_eq!(text.matches("because").count(), 40, "{text}");
        assert!(lines[row("unknown  fyers") + 1].trim() == "unknown: look in the FYERS app", "{text}");
        assert!(lines[row("filled   fyers")].contains(" 801.50 "), "what it was filled at: {text}");
        assert!(lines[row("part     mock") + 1].trim() == "2 of 6 filled, the rest waits", "{text}");
        assert!(lines[row("found    fyers") + 1].trim() == "found in FYERS' order book", "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
    }
}
