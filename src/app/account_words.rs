//! The account for a phone: where it is first, then a line each, then the sum.

use chrono::{DateTime, NaiveDate};
use fyers_api::ist;
use keeper_domain::text::excerpt;
use serde_json::Value;

use crate::account::{AccountPart, Money, OrderRow, Orders, PositionRow, Positions, Trouble, rupees};

/// Rows of a list on a phone.
const ROWS: usize = 15;

/// What is open, and the day's result.
pub(super) fn positions(read: Result<AccountPart<Positions>, Trouble>) -> String {
    let account = match read {
        Ok(account) => account,
        Err(trouble) => return unread("positions", &trouble, NOT_NONE),
    };
    let open: Vec<&PositionRow> = account.part.open().collect();
    let closed = account.part.positions.len() - open.len();
    let line = |row: &&PositionRow| {
        let (quantity, result) = (row.quantity_words(), rupees(row.pnl));
        format!("{} {quantity} at {}, last {}: {result}", row.symbol, rupees(row.average), rupees(row.last))
    };
    let title = match open.len() {
        0 => format!("📊 No open positions {}", account.place()),
        1 => format!("📊 1 open position {}", account.place()),
        many => format!("📊 {many} open positions {}", account.place()),
    };
    let closed = (closed > 0).then(|| format!("{closed} closed today."));
    let sum = (!account.part.positions.is_empty()).then(|| day(&account.part));
    list(title, open.iter().map(line).collect(), [closed, sum, account.open_at_fyers.clone()])
}

/// Profit and loss by symbol.
pub(super) fn pnl(read: Result<AccountPart<Positions>, Trouble>) -> String {
    let account = match read {
        Ok(account) => account,
        Err(trouble) => return unread("profit and loss", &trouble, ""),
    };
    let line = |row: &PositionRow| format!("{} {}: {}", row.symbol, row.quantity_words(), rupees(row.pnl));
    let title = format!("💰 Profit and loss of the day {}", account.place());
    let none = account.part.positions.is_empty().then(|| "Nothing was traded today.".to_owned());
    let rows = account.part.positions.iter().map(line).collect();
    list(title, rows, [none, Some(day(&account.part)), account.open_at_fyers.clone()])
}

/// The money.
pub(super) fn funds(read: Result<AccountPart<Money>, Trouble>) -> String {
    let account = match read {
        Ok(account) => account,
        Err(trouble) => return unread("funds", &trouble, ""),
    };
    let Money { total, used, available } = account.part;
    let rows = [("Free for new orders", available), ("Used", used), ("Total", total)];
    let rows = rows.map(|(name, value)| format!("{name}: {}", rupees(value))).to_vec();
    list(format!("🏦 Funds {}", account.place()), rows, [None, None, account.open_at_fyers])
}

/// The newest orders; below them those that FYERS rejected outright, `None` where that is not known.
pub(super) fn orders(read: Result<AccountPart<Orders>, Trouble>, rejected: Option<&[String]>) -> String {
    [book(read)].into_iter().chain(rejected_list(rejected)).collect::<Vec<_>>().join("\n")
}

fn rejected_list(rejected: Option<&[String]>) -> Option<String> {
    let title = "Rejected by FYERS outright, and so not in its order book:".to_owned();
    let Some(rejected) = rejected else {
        return Some(format!("{title} the keeper cannot read its own list now; /status tells of the disk."));
    };
    (!rejected.is_empty()).then(|| list(title, rejected.to_vec(), [None, None, None]))
}

/// What FYERS rejected on this date (IST) without an order of its own, newest first: the keeper's journal alone has it.
pub(super) fn rejected_outright(entries: &[Value], date: NaiveDate) -> Vec<String> {
    let row = |entry: &Value| {
        let at = DateTime::parse_from_rfc3339(entry["at"].as_str()?).ok()?.to_utc();
        let is_rejected = entry["code"].as_i64()? < 0 || entry["status"].as_i64()? >= 400;
        // An order of several legs is not read as one that is placed, and its legs are.
        let is_order = entry["what"] == "place" || (entry["what"] == "other" && entry["symbol"].is_string());
        let is_outright =
            is_order && entry["id"].as_str().is_none_or(str::is_empty) && entry["unanswered"].is_null();
        let quantity = entry["quantity"].as_i64().unwrap_or_default();
        let side = if quantity < 0 { "sell" } else { "buy" };
        let symbol = excerpt(entry["symbol"].as_str().unwrap_or("an order"), 40);
        let why = excerpt(entry["message"].as_str().unwrap_or_default(), 120);
        let time = ist::ist(at).format("%H:%M:%S");
        let is_told = entry["venue"] == "fyers" && is_rejected && is_outright && ist::date(at) == date;
        let what = format!("{side} {} {symbol}: rejected ({why})", quantity.unsigned_abs());
        is_told.then(|| (time.to_string(), what, true))
    };
    together(entries.iter().filter_map(row))
}

/// A time, what was at it, and whether it was rejected.
type Told = (String, String, bool);

/// Newest first. Of what was rejected equal rows are one, with how often and since when: a bot that sends the same again and
/// again does not fill the list.
fn together(rows: impl Iterator<Item = Told>) -> Vec<String> {
    let mut all: Vec<(String, String, String, usize)> = vec![];
    for (time, what, is_rejected) in rows {
        match all.iter_mut().find(|(_, known, ..)| is_rejected && *known == what) {
            Some((_, _, since, times)) => (*since, *times) = (time, *times + 1),
            None => all.push((time.clone(), what, time, 1)),
        }
    }
    let told = |(time, what, since, times)| match times {
        1 => format!("{time} {what}"),
        _ => format!("{time} {what} ×{times}, since {since}"),
    };
    all.into_iter().map(told).collect()
}

fn book(read: Result<AccountPart<Orders>, Trouble>) -> String {
    let account = match read {
        Ok(account) => account,
        Err(trouble) => return unread("orders", &trouble, NOT_NONE),
    };
    let orders = &account.part.orders;
    let title = match orders.len() {
        0 => format!("🧾 No orders today {}", account.place()),
        1 => format!("🧾 1 order today {}", account.place()),
        many => format!("🧾 {many} orders today {}, newest first", account.place()),
    };
    list(title, together(orders.iter().map(order)), [None, None, account.open_at_fyers.clone()])
}

fn order(row: &OrderRow) -> Told {
    let time = row.at.rsplit(' ').next().unwrap_or_default();
    let quantity = row.quantity.map_or_else(|| "?".to_owned(), |quantity| quantity.to_string());
    let price = match (row.status.as_str(), row.traded_price, row.price) {
        ("filled", Some(price), _) if price != 0.0 => format!(" at {}", rupees(Some(price))),
        (_, _, Some(price)) if price != 0.0 => format!(" at {}", rupees(Some(price))),
        _ => " at market".to_owned(),
    };
    let part = match (row.filled, row.quantity) {
        (Some(filled), Some(all)) if filled > 0 && filled < all => format!(", {filled} of them filled"),
        _ => String::new(),
    };
    let why = if row.status == "rejected" && !row.message.is_empty() {
        format!(" ({})", row.message)
    } else {
        String::new()
    };
    // As on the page and on the command line.
    let status = match row.status.as_str() {
        "open" => "waits",
        other => other,
    };
    let what = format!("{} {quantity} {}{price}: {status}{part}{why}", row.side, row.symbol);
    (time.to_owned(), what, row.status == "rejected")
}

fn day(positions: &Positions) -> String {
    let (all, closed, open) =
        (rupees(positions.pnl), rupees(positions.realized), rupees(positions.unrealized));
    format!("Result of the day: {all} (closed {closed}, open {open}), before charges.")
}

fn list(title: String, mut rows: Vec<String>, last: [Option<String>; 3]) -> String {
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    if more > 0 {
        rows.push(format!("and {more} more: see the status page or the command line"));
    }
    rows.insert(0, title);
    rows.extend(last.into_iter().flatten());
    rows.join("\n")
}

/// What a list that could not be read is not.
const NOT_NONE: &str = "This does not mean that there are none. ";

fn unread(what: &str, trouble: &Trouble, so: &str) -> String {
    format!("The {what} cannot be read now: {trouble}.\n{so}Try again in a moment.")
}

#[cfg(test)]
mod tests {
    use keeper_domain::{mode::ShownMode, routing::Venue};
    use serde_json::json;

    use super::*;

    fn account<T>(venue: Venue, part: T) -> Result<AccountPart<T>, Trouble> {
        Ok(AccountPart { mode: ShownMode::Live, venue, open_at_fyers: None, part })
    }

    #[test]
    fn each_list_says_whose_it_is_and_what_is_not_known() {
        let row = |symbol: &str, net: serde_json::Value, pl: f64| json!({"symbol": symbol, "netQty": net, "avgPrice": 800.5, "netAvg": 793.5, "ltp": 810.0, "pl": pl});
        let body = json!({"netPositions": [row("NSE:SBIN-EQ", json!(10), 95.0), row("NSE:INFY-EQ", json!(0), -4.5),
            row("NSE:TCS-EQ", json!(null), 0.0)], "overall": {"pl_total": 123_456.5, "pl_realized": -4.5}});
        let read = || account(Venue::Fyers, Positions::of(&body).unwrap());
        assert_eq!(
            positions(read()),
            "📊 2 open positions at FYERS (real money)\n\
             NSE:SBIN-EQ +10 at ₹800.50, last ₹810.00: ₹95.00\n\
             NSE:TCS-EQ not known at ₹800.50, last ₹810.00: ₹0.00\n\
             1 closed today.\n\
             Result of the day: ₹1,23,456.50 (closed -₹4.50, open not known), before charges."
        );
        assert!(pnl(read()).contains("NSE:INFY-EQ closed: -₹4.50"));
        let none =
            Positions { positions: vec![], pnl: Some(0.0), realized: Some(0.0), unrealized: Some(0.0) };
        assert_eq!(
            positions(account(Venue::Mock, none)),
            "📊 No open positions at the MockExchange (simulated)"
        );
        let trouble = Trouble { problem: "FYERS refused the question: no".to_owned() };
        assert!(positions(Err(trouble)).contains("does not mean that there are none"));
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let row = json!({"symbol": "NSE:SBIN-EQ", "side": -1, "qty": 9, "filledQty": 4, "status": 6, "limitPrice": 812.0,
            "orderDateTime": "24-Nov-2026 09:31:02"});
        let body = json!({ "orderBook": vec![row; 40] });
        let text = orders(account(Venue::Mock, Orders::of(&body).unwrap()), Some(&[]));
        assert!(
            text.starts_with("🧾 40 orders today at the MockExchange (simulated), newest first\n"),
            "{text}"
        );
        assert!(text.contains("09:31:02 sell 9 NSE:SBIN-EQ at ₹812.00: waits, 4 of them filled"), "{text}");
        assert!(text.ends_with("and 25 more: see the status page or the command line"), "{text}");
    }

    #[test]
    fn what_a_bot_sends_again_and_again_is_one_row() {
        let entry = |second: u32, symbol: &str| {
            json!({"at": format!("2026-11-23T05:00:{second:02}Z"), "venue": "fyers", "what": "place", "symbol": symbol,
                "quantity": 10, "status": 400, "code": -50, "message": "Invalid lot"})
        };
        let entries: Vec<Value> = (0..40)
            .rev()
            .map(|second| entry(second, if second % 2 == 0 { "NSE:A-EQ" } else { "NSE:B-EQ" }))
            .collect();
        let told = rejected_outright(&entries, "2026-11-23".parse().unwrap());
        let row = |newest, symbol, since| {
            format!("10:30:{newest} buy 10 {symbol}: rejected (Invalid lot) ×20, since 10:30:{since}")
        };
        assert_eq!(told, [row("39", "NSE:B-EQ", "01"), row("38", "NSE:A-EQ", "00")]);
    }

    /// `/status` counts them and sends the person here.
    #[test]
    fn what_fyers_rejected_outright_is_listed_though_no_order_book_has_it() {
        let entry = |venue: &str, id: Value, code: i64| {
            json!({"at": "2026-11-23T05:00:00Z", "venue": venue, "what": "place", "symbol": "NSE:SBIN-EQ", "quantity": -10,
                "status": if code < 0 { 400 } else { 200 }, "code": code, "message": "Invalid lot", "id": id})
        };
        let mut leg = entry("fyers", Value::Null, 400);
        (leg["what"], leg["status"]) = (json!("other"), json!(400));
        let mut request = leg.clone();
        request["symbol"] = Value::Null;
        let entries = [
            entry("fyers", Value::Null, -50),
            leg,
            request,
            entry("fyers", json!("26"), -99),
            entry("fyers", Value::Null, 1101),
            entry("none", Value::Null, -50),
            entry("mock", Value::Null, -50),
        ];
        let rejected = rejected_outright(&entries, "2026-11-23".parse().unwrap());
        let twice = "10:30:00 sell 10 NSE:SBIN-EQ: rejected (Invalid lot) ×2, since 10:30:00";
        assert_eq!(rejected, [twice], "an order, and a leg of several");
        assert_eq!(rejected_outright(&entries, "2026-11-24".parse().unwrap()), [""; 0], "of today alone");
        let text = orders(account(Venue::Fyers, Orders { orders: vec![] }), Some(&rejected));
        assert_eq!(
            text,
            "🧾 No orders today at FYERS (real money)\nRejected by FYERS outright, and so not in its order book:\n\
             10:30:00 sell 10 NSE:SBIN-EQ: rejected (Invalid lot) ×2, since 10:30:00"
        );
        let unread = orders(account(Venue::Fyers, Orders { orders: vec![] }), None);
        assert!(unread.contains("cannot read its own list"), "not known is not none: {unread}");
    }
}
