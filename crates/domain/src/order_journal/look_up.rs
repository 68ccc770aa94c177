//! Orders without an answer, looked up in FYERS' order book.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    order_journal::{OrderIntent, Search},
    routing::{
        live_positions::BookRow,
        request::{Leg, Reserved},
    },
};

/// FYERS' stamp has whole seconds: its order may seem so much earlier than the intent.
const STAMPED_EARLIER: TimeDelta = TimeDelta::seconds(2);
/// When the clocks are apart, an equal order that was stamped so much earlier may be it, or one that a person placed.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(60);

/// What an order book of the same day says of orders without an answer, each with the rows that are its own.
///
/// A row is one order's only. `is_known` tells the ids that already are somebody's: those FYERS answered with, and those
/// that were found before. Of equal orders the later one takes the first row after it, so none takes another's.
pub fn look_up(
    lost: &[OrderIntent],
    book: &[BookRow],
    is_known: impl Fn(&str) -> bool,
    now: DateTime<Utc>,
) -> Vec<(Search, Vec<BookRow>)> {
    let mut free: Vec<&BookRow> = book.iter().filter(|row| !is_known(&row.id)).collect();
    let mut own = vec![vec![]; lost.len()];
    let mut latest_first: Vec<usize> = (0..lost.len()).collect();
    latest_first.sort_by_key(|place| Reverse(lost.get(*place).map(|intent| (intent.at, intent.id))));
    for place in latest_first {
        if let (Some(intent), Some(own)) = (lost.get(place), own.get_mut(place)) {
            *own = intent.take(&mut free, now);
        }
    }
    lost.iter().zip(own).map(|(intent, own)| (intent.judge(&own, &free, now), own)).collect()
}

impl OrderIntent {
    /// Whether it places orders, which a book can show.
    pub fn is_order(&self) -> bool {
        self.what == "place" && !self.legs.is_empty()
    }

    /// Whether one of these orders is equal to one of its own.
    pub fn is_like(&self, sent: &Reserved) -> bool {
        let equal = |leg: &Leg| {
            sent.legs.iter().any(|other| other.symbol == leg.symbol && other.quantity == leg.quantity)
        };
        self.legs.iter().any(equal)
    }

    /// Whether a book that is read now can show its orders.
    fn can_be_seen(&self, now: DateTime<Utc>) -> bool {
        let same_day = fyers_api::ist::date(self.at) == fyers_api::ist::date(now);
        self.is_order() && same_day
    }

    /// Takes the rows of its orders out of those that are nobody's yet.
    fn take(&self, free: &mut Vec<&BookRow>, now: DateTime<Utc>) -> Vec<BookRow> {
        if !self.can_be_seen(now) {
            return vec![];
        }
        let mut first = |leg: &Leg| {
            let mine = free
                .iter()
                .enumerate()
                .filter(|(_, row)| is_same(leg, row) && self.is_after(row, STAMPED_EARLIER));
            let (place, _) = mine.min_by_key(|(_, row)| row.at)?;
            Some(free.remove(place).clone())
        };
        self.legs.iter().filter_map(&mut first).collect()
    }

    fn judge(&self, own: &[BookRow], free: &[&BookRow], now: DateTime<Utc>) -> Search {
        let may_be = |leg: &Leg| free.iter().any(|row| is_same(leg, row) && self.is_after(row, CLOCKS_APART));
        if !own.is_empty() {
            return Search::Found { ids: own.iter().map(|row| row.id.clone()).collect() };
        }
        match !self.can_be_seen(now) || self.legs.iter().any(may_be) {
            true => Search::LookYourself,
            false => Search::NotFound,
        }
    }

    /// The id of each of its orders among the rows that are its own.
    pub(super) fn ids_in(&self, own: &[BookRow]) -> Vec<Option<String>> {
        let mut free: Vec<&BookRow> = own.iter().collect();
        let id = |leg| {
            let place = free.iter().position(|row| is_same(leg, row))?;
            Some(free.remove(place).id.clone())
        };
        self.legs.iter().map(id).collect()
    }

    fn is_after(&self, row: &BookRow, earlier: TimeDelta) -> bool {
        row.at.is_none_or(|at| at >= self.at - earlier)
    }
}

/// Whether a row has the same symbol, side and quantity, and the same tag where the order has one.
fn is_same(leg: &Leg, row: &BookRow) -> bool {
    // The symbol's spelling last: it takes longest, and after many losses there are thousands of orders and rows.
    let same =
        row.whole == leg.quantity && leg.tag.as_ref().is_none_or(|tag| row.leg.tag.as_ref() == Some(tag));
    same && row.leg.is_in(&leg.symbol)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn leg(symbol: &str, quantity: i64, tag: Option<&str>) -> Leg {
        let (product, price) = ("INTRADAY".to_owned(), Decimal::ZERO);
        Leg { symbol: symbol.into(), product, quantity, price, tag: tag.map(str::to_owned) }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_420_000, 0).unwrap()
    }

    fn intent(what: &str, legs: Vec<Leg>) -> OrderIntent {
        let (path, body) = ("/orders/sync".to_owned(), String::new());
        OrderIntent { id: 1, at: now(), bot: None, epoch: 0, what: what.into(), path, body, legs }
    }

    fn row(id: &str, leg: Leg, seconds: i64) -> BookRow {
        let (whole, at) = (leg.quantity, Some(now() + TimeDelta::seconds(seconds)));
        BookRow { id: id.into(), leg, whole, waits: true, filled: 0, average: Decimal::ZERO, at }
    }

    fn found(ids: &[&str]) -> Search {
        Search::Found { ids: ids.iter().map(|id| (*id).to_owned()).collect() }
    }

    fn one(lost: &OrderIntent, book: &[BookRow], now: DateTime<Utc>) -> Search {
        look_up(std::slice::from_ref(lost), book, |_| false, now).remove(0).0
    }

    #[test]
    fn an_order_is_found_by_its_tag_or_by_what_it_is() {
        let book = [
            row("old", leg("A", 5, None), -600),
            row("1", leg("A", 5, Some("x")), 1),
            row("2", leg("A", 5, None), 2),
            row("3", leg("A", 5, None), 3),
        ];
        let search = |legs| one(&intent("place", legs), &book, now());
        assert_eq!(search(vec![leg("A", 5, Some("x"))]), found(&["1"]));
        assert_eq!(search(vec![leg("A", 5, Some("y"))]), Search::NotFound);
        assert_eq!(search(vec![leg("A", -5, None)]), Search::NotFound);
        assert_eq!(
            search(vec![leg("A", 5, Some("x")), leg("A", 5, None), leg("B", 1, None)]),
            found(&["1", "2"])
        );
        assert_eq!(one(&intent("cancel", vec![]), &book, now()), Search::LookYourself);
        let tomorrow = now() + TimeDelta::days(1);
        assert_eq!(one(&intent("place", vec![leg("A", 5, None)]), &book, tomorrow), Search::LookYourself);
    }

    #[test]
    fn what_is_somebodys_already_is_no_other_order() {
        let lost = [intent("place", vec![leg("A", 5, None)])];
        let book = [row("1", leg("A", 5, None), 0), row("2", leg("A", 5, None), 4)];
        let seen = |known: &[&str]| look_up(&lost, &book, |id| known.contains(&id), now())[0].0.clone();
        assert_eq!(seen(&[]), found(&["1"]));
        assert_eq!(seen(&["1"]), found(&["2"]));
        assert_eq!(seen(&["1", "2"]), Search::NotFound);
    }

    #[test]
    fn equal_orders_without_an_answer_are_as_many_as_the_book_has() {
        let later = OrderIntent {
            id: 2,
            at: now() + TimeDelta::seconds(4),
            ..intent("place", vec![leg("A", 5, None)])
        };
        let lost = [intent("place", vec![leg("A", 5, None)]), later];
        let (early, late) = (row("1", leg("A", 5, None), 0), row("2", leg("A", 5, None), 4));
        let seen = |book: &[BookRow]| {
            let searches = look_up(&lost, book, |_| false, now()).into_iter().map(|(search, _)| search);
            searches.collect::<Vec<_>>()
        };
        assert_eq!(seen(&[late.clone(), early.clone()]), [found(&["1"]), found(&["2"])]);
        assert_eq!(seen(&[early]), [found(&["1"]), Search::NotFound]);
        assert_eq!(seen(&[late]), [Search::NotFound, found(&["2"])]);
    }

    #[test]
    fn an_equal_order_of_nobody_known_shortly_before_is_for_a_person_to_look_at() {
        let lost = intent("place", vec![leg("A", 5, None)]);
        for (seconds, says) in [
            (-1, found(&["1"])),
            (-3, Search::LookYourself),
            (-60, Search::LookYourself),
            (-61, Search::NotFound),
        ] {
            assert_eq!(one(&lost, &[row("1", leg("A", 5, None), seconds)], now()), says, "{seconds}");
        }
    }
}
