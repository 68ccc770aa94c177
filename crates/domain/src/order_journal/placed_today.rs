//! How many orders FYERS has taken today, for whoever looks in the evening: the MockExchange's are counted by its book.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{order_journal::OrderEntry, routing::Venue};

/// Orders of one day (IST) that FYERS has taken and has not rejected since. Changes and cancels are none, nor are GTT orders:
/// they wait beside the order book.
#[derive(Debug, Clone, Default)]
pub struct PlacedToday {
    day: Option<NaiveDate>,
    orders: BTreeSet<String>,
}

impl PlacedToday {
    /// What the order journal knows at a start, in whatever order.
    pub fn recall(entries: &[OrderEntry], today: NaiveDate) -> Self {
        let mut all = Self { day: Some(today), orders: BTreeSet::new() };
        entries.iter().for_each(|entry| all.learn(entry));
        all
    }

    /// What was written down of an order, or anew of one that is known: each counts once.
    pub fn learn(&mut self, entry: &OrderEntry) {
        let day = Some(entry.sent_on());
        if day > self.day {
            (self.day, self.orders) = (day, BTreeSet::new());
        }
        if day < self.day {
            return;
        }
        let without_id = by_moment(entry);
        let key = entry.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| without_id.clone());
        if is_placed(entry) {
            self.orders.insert(key);
        } else if entry.rejected.is_some() {
            self.orders.remove(&key);
            self.orders.remove(&without_id);
        }
    }

    /// How many there are.
    pub fn count(&self, today: NaiveDate) -> u64 {
        if self.day == Some(today) { self.orders.len() as u64 } else { 0 }
    }
}

fn is_placed(entry: &OrderEntry) -> bool {
    let is_new = entry.what == "place" || (entry.what == "other" && entry.quantity.is_some());
    let is_taken = (200..300).contains(&entry.status) && entry.code >= 0;
    let is_found = entry.unanswered.is_some() && !entry.is_unknown();
    entry.venue == Venue::Fyers
        && is_new
        && (is_found || (is_taken && !entry.is_unknown()))
        && entry.rejected.is_none()
}

/// Which one it is where FYERS has told no id.
fn by_moment(entry: &OrderEntry) -> String {
    let place = entry.unanswered.as_ref().map(|lost| lost.place);
    format!("{} {:?} {:?} {place:?}", entry.at, entry.symbol, entry.quantity)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        mode::Mode,
        order_journal::{LookedUp, Rejection, Unanswered},
    };

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc()
    }

    fn entry(id: &str, when: &str) -> OrderEntry {
        OrderEntry {
            bot: None,
            at: at(when),
            mode: Mode::Live,
            venue: Venue::Fyers,
            what: "place".to_owned(),
            symbol: Some("NSE:SBIN-EQ".to_owned()),
            quantity: Some(10),
            price: None,
            tag: None,
            id: Some(id.to_owned()).filter(|id| !id.is_empty()),
            status: 200,
            code: 1101,
            message: String::new(),
            unanswered: None,
            rejected: None,
            by_time: None,
        }
    }

    fn lost(known: LookedUp, id: &str) -> OrderEntry {
        let (product, sent, rows) = ("CNC".to_owned(), None, vec![]);
        let lost = Unanswered { intent: 7, place: 0, product, known, sent, is_told: false, rows };
        OrderEntry { status: 0, code: 0, unanswered: Some(lost), ..entry(id, "2026-11-23T09:30:00") }
    }

    #[test]
    fn only_orders_that_fyers_has_taken_count_each_once_and_by_the_indian_day() {
        let first = entry("1", "2026-11-23T09:20:00");
        let none = [
            OrderEntry { code: -99, ..entry("2", "2026-11-23T09:21:00") },
            OrderEntry { venue: Venue::Mock, ..entry("3", "2026-11-23T09:21:00") },
            OrderEntry { venue: Venue::None, status: 400, ..entry("4", "2026-11-23T09:21:00") },
            OrderEntry { what: "modify".to_owned(), ..first.clone() },
            OrderEntry { what: "cancel".to_owned(), quantity: None, ..first.clone() },
            OrderEntry { what: "gtt".to_owned(), ..entry("5", "2026-11-23T09:21:00") },
            lost(LookedUp::LookedFor, ""),
            entry("6", "2026-11-22T23:59:59"),
        ];
        let today: NaiveDate = "2026-11-23".parse().unwrap();
        let mut all = PlacedToday::recall(&none, today);
        assert_eq!(all.count(today), 0);
        for known in
            [first.clone(), first.clone(), entry("", "2026-11-23T09:22:00"), entry("", "2026-11-23T09:23:00")]
        {
            all.learn(&known);
        }
        assert_eq!(all.count(today), 3);
        all.learn(&lost(LookedUp::Found, "7"));
        assert_eq!(all.count(today), 4, "its answer was lost, and the book has it");
        let rejected =
            Rejection { at: at("2026-11-23T09:31:00"), id: "1".to_owned(), message: "margin".to_owned() };
        all.learn(&OrderEntry { rejected: Some(rejected), ..first });
        assert_eq!(all.count(today), 3, "FYERS has rejected it since");
        let listed_later = lost(LookedUp::LookYourself, "");
        let of_before = |lost| Unanswered { sent: Some(at("2026-11-22T15:00:00")), ..lost };
        let listed_later =
            OrderEntry { unanswered: listed_later.unanswered.map(of_before), status: 200, ..listed_later };
        assert_eq!(listed_later.sent_on(), "2026-11-22".parse().unwrap());
        all.learn(&entry("8", "2026-11-24T00:00:01"));
        assert_eq!((all.count(today), all.count("2026-11-24".parse().unwrap())), (0, 1));
    }
}
