//! Today's orders as rows of the page. Values in, values out.

use chrono::{DateTime, NaiveDate};
use fyers_api::ist;
use keeper_domain::{order_journal::OrderProgress, text::excerpt};
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value;

use crate::account::{own_words, rupees};

/// How many entries of the order journal are looked at.
pub(super) const LOOKED_AT: usize = 200;

/// One order, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderRow {
    pub(super) at: String,
    /// FYERS, or the MockExchange.
    pub(super) venue: &'static str,
    /// Whose it is; empty for the first key, which most keepers have alone.
    pub(super) bot: String,
    pub(super) what: String,
    /// Empty for an order at the market.
    pub(super) price: String,
    pub(super) outcome: String,
    /// To be shown as trouble.
    pub(super) is_refused: bool,
    /// The keeper itself refused it; what FYERS or the MockExchange does not take is rejected.
    pub(super) is_refused_here: bool,
    /// The MockExchange has rejected it.
    pub(super) is_rejected_by_mock: bool,
    /// FYERS has.
    is_rejected_by_fyers: bool,
    /// How many equal ones this is.
    pub(super) times: usize,
    /// When the oldest of them was.
    pub(super) since: String,
}

/// The orders of a date (IST) among these entries of the order journal, newest first. Of equal ones that were refused the
/// newest one is there, with how many there were.
pub(super) fn of_date(entries: &[Value], date: NaiveDate) -> Vec<OrderRow> {
    let row = |entry: &Value| {
        let at = DateTime::parse_from_rfc3339(entry["at"].as_str()?).ok()?.to_utc();
        (ist::date(at) == date).then(|| OrderRow::of(entry, &ist::ist(at).format("%H:%M:%S").to_string()))
    };
    let mut all: Vec<OrderRow> = vec![];
    for row in entries.iter().filter_map(row) {
        match all.iter_mut().find(|known| known.is_repeated_by(&row)) {
            Some(known) => (known.since, known.times) = (row.since, known.times + 1),
            None => all.push(row),
        }
    }
    all
}

/// How many orders these rows stand for.
pub(super) fn count<'a>(rows: impl IntoIterator<Item = &'a OrderRow>) -> usize {
    rows.into_iter().map(|row| row.times).sum()
}

impl OrderRow {
    /// What was refused once more, word for word. An order that nobody knows the end of is one by itself.
    fn is_repeated_by(&self, older: &Self) -> bool {
        let is_over = |row: &Self| row.is_refused_here || row.is_rejected_by_mock || row.is_rejected_by_fyers;
        is_over(self)
            && is_over(older)
            && (self.venue, &self.bot, &self.what, &self.outcome)
                == (older.venue, &older.bot, &older.what, &older.outcome)
    }

    fn of(entry: &Value, at: &str) -> Self {
        let venue = match entry["venue"].as_str() {
            Some("fyers") => "FYERS",
            Some("mock") => "simulated",
            _ => "not sent",
        };
        let is_unanswered = entry["unanswered"].is_object();
        let is_unknown = match entry["status"].as_i64() {
            _ if is_unanswered => entry["unanswered"]["known"] != "found",
            status => status.is_none_or(|status| status == 0),
        };
        let is_refused = entry["code"].as_i64().is_none_or(|code| code < 0)
            || entry["status"].as_i64().is_none_or(|status| status >= 400)
            || entry["rejected"].is_object();
        let was_sent = matches!(entry["venue"].as_str(), Some("fyers" | "mock"));
        let progress = OrderProgress::of_entry(entry);
        let words = excerpt(own_words(entry["message"].as_str().unwrap_or_default()), 400);
        let later = &entry["rejected"]["message"];
        let outcome = match (is_refused, entry["status"].as_i64()) {
            _ if later.is_string() => {
                format!("rejected: {}", excerpt(later.as_str().unwrap_or_default(), 400))
            }
            _ if is_unanswered => words,
            (_, None | Some(0)) => format!("outcome not known {words}"),
            (true, _) if was_sent => format!("rejected: {words}"),
            (true, _) => format!("refused: {words}"),
            (false, _) => progress.map_or_else(|| "accepted".to_owned(), |progress| progress.words()),
        };
        Self {
            at: at.to_owned(),
            venue,
            bot: text(entry, "bot").filter(|bot| bot != "default").unwrap_or_default(),
            what: what(entry),
            price: price(entry, progress),
            outcome: outcome.trim().to_owned(),
            is_refused: is_refused || is_unknown,
            is_refused_here: is_refused && !is_unknown && !was_sent,
            is_rejected_by_mock: is_refused && !is_unknown && entry["venue"] == "mock",
            is_rejected_by_fyers: is_refused && !is_unknown && entry["venue"] == "fyers",
            times: 1,
            since: at.to_owned(),
        }
    }
}

/// What the MockExchange has taken, and what it has rejected besides.
pub(super) fn simulated(taken: u64, orders: Option<&[OrderRow]>) -> String {
    match orders.map(|orders| at_least(orders, |order| order.is_rejected_by_mock)) {
        Some((1.., rejected)) => format!("{taken} taken, {rejected} rejected"),
        _ => taken.to_string(),
    }
}

/// How many of today's orders are such, as a number and in words: of many orders only the newest are looked at.
pub(super) fn at_least(orders: &[OrderRow], fits: impl Fn(&OrderRow) -> bool) -> (usize, String) {
    let fitting = count(orders.iter().filter(|order| fits(order)));
    match count(orders) {
        LOOKED_AT => (fitting, format!("at least {fitting}")),
        _ => (fitting, fitting.to_string()),
    }
}

fn text(entry: &Value, name: &str) -> Option<String> {
    entry[name].as_str().map(|text| excerpt(text, 40))
}

/// What it was filled at, once that is known; before that its limit.
fn price(entry: &Value, progress: Option<OrderProgress>) -> String {
    let limit = || entry["price"].as_f64().filter(|price| *price > 0.0);
    let filled = progress.and_then(|progress| progress.price()?.to_f64());
    let price = filled.or_else(limit);
    price.map_or_else(String::new, |price| format!("at {}", rupees(Some(price))))
}

/// `buy 10 NSE:SBIN-EQ`, with what was asked where that is not a new order.
fn what(entry: &Value) -> String {
    let verb = text(entry, "what").filter(|verb| verb != "place");
    let quantity = entry["quantity"]
        .as_i64()
        .map(|quantity| format!("{} {}", if quantity < 0 { "sell" } else { "buy" }, quantity.unsigned_abs()));
    let parts = [verb, quantity, text(entry, "symbol").or_else(|| text(entry, "id"))];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    if words.is_empty() { "order".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_told_with_its_venue_and_what_came_of_it() {
        let entry = |changes: Value| {
            let mut entry = json!({
                "at": "2026-11-23T05:00:00Z", "venue": "fyers", "what": "place", "symbol": "NSE:SBIN-EQ",
                "quantity": -10, "status": 200, "code": 1101, "message": "ok", "price": 800.5,
            });
            entry.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            entry
        };
        let told = |changes: Value| {
            let rows = of_date(&[entry(changes)], "2026-11-23".parse().unwrap());
            rows.first().map(|row| {
                format!(
                    "{} | {} | {} | {} | {}{}",
                    row.at, row.venue, row.what, row.price, row.outcome, row.bot
                )
            })
        };
        for (changes, words) in [
            (json!({}), "10:30:00 | FYERS | sell 10 NSE:SBIN-EQ | at ₹800.50 | accepted"),
            (
                json!({"bot": "scalper"}),
                "10:30:00 | FYERS | sell 10 NSE:SBIN-EQ | at ₹800.50 | acceptedscalper",
            ),
            (
                json!({"venue": "mock", "price": 0}),
                "10:30:00 | simulated | sell 10 NSE:SBIN-EQ |  | accepted",
            ),
            (
                json!({"code": -50, "message": "no\u{202e} margin"}),
                "10:30:00 | FYERS | sell 10 NSE:SBIN-EQ | at ₹800.50 | rejected: no margin",
            ),
            (
                json!({"venue": "none", "code": -50, "message": "fyers-keeper: halted"}),
                "10:30:00 | not sent | sell 10 NSE:SBIN-EQ | at ₹800.50 | refused: halted",
            ),
            (
                json!({"what": "cancel", "symbol": null, "quantity": null, "price": null, "id": "26"}),
                "10:30:00 | FYERS | cancel 26 |  | accepted",
            ),
            (
                json!({"status": 0, "code": 0, "message": "unknown: look in the FYERS app",
                    "unanswered": {"known": "not_found"}}),
                "10:30:00 | FYERS | sell 10 NSE:SBIN-EQ | at ₹800.50 | unknown: look in the FYERS app",
            ),
            (
                json!({"price": 0, "progress": {"filled": 10, "quantity": 10, "average": 801.5, "waits": false}}),
                "10:30:00 | FYERS | sell 10 NSE:SBIN-EQ | at ₹801.50 | filled",
            ),
            (
                json!({"progress": {"filled": 4, "quantity": 10, "average": 801.5, "waits": true}}),
                "10:30:00 | FYERS | sell 10 NSE:SBIN-EQ | at ₹801.50 | 4 of 10 filled, the rest waits",
            ),
            (
                json!({"venue": "none", "status": null, "message": ""}),
                "10:30:00 | not sent | sell 10 NSE:SBIN-EQ | at ₹800.50 | outcome not known",
            ),
        ] {
            assert_eq!(told(changes).as_deref(), Some(words));
        }
        assert_eq!(told(json!({"at": "2026-11-22T05:00:00Z"})), None, "yesterday's");
    }

    #[test]
    fn what_is_refused_again_and_again_is_one_row_and_counts_as_many() {
        let entry = |second: u32, changes: Value| {
            let mut entry = json!({
                "at": format!("2026-11-23T05:00:{second:02}Z"), "venue": "none", "what": "place", "symbol": "NSE:SBIN-EQ",
                "quantity": 10, "status": 400, "code": -50, "message": "halted", "price": f64::from(second),
            });
            entry.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            entry
        };
        let taken = || json!({"venue": "fyers", "status": 200, "code": 1101});
        let entries: Vec<Value> = (0..50)
            .rev()
            .map(|second| match second {
                7 | 8 => entry(second, taken()),
                9 => entry(second, json!({"bot": "scalper"})),
                30 => entry(second, json!({"symbol": "NSE:INFY-EQ"})),
                _ => entry(second, json!({})),
            })
            .collect();
        let rows = of_date(&entries, "2026-11-23".parse().unwrap());
        let shown: Vec<_> = rows.iter().map(|row| (row.at.as_str(), row.times, row.since.as_str())).collect();
        let wanted = [
            ("10:30:49", 46, "10:30:00"),
            ("10:30:30", 1, "10:30:30"),
            ("10:30:09", 1, "10:30:09"),
            ("10:30:08", 1, "10:30:08"),
            ("10:30:07", 1, "10:30:07"),
        ];
        assert_eq!(shown, wanted, "what FYERS has taken is each its own");
        assert_eq!(at_least(&rows, |row| row.is_refused_here), (48, "48".to_owned()));
        assert_eq!(count(&rows), 50);
    }
}
