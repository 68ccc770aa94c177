//! Rows that the order book has shown and leaves out now. FYERS keeps a day's orders in its book, so that one which is absent
//! has not ended: it counts as it was last seen, until the readings of two minutes agree that it is not there.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use fyers_api::ist;
use rust_decimal::Decimal;

use super::{
    live_positions::{BookRow, LivePositions},
    request::Leg,
    shown_fills::LONGEST_LAG,
};

/// So many readings agree that a row is not there, at least: between two that FYERS got wrong none may have been had.
const AGREE: u32 = 3;

/// The order book, with what a reading has left out of it.
#[derive(Debug, Clone, Default)]
pub struct KnownRows {
    day: Option<NaiveDate>,
    rows: BTreeMap<String, KnownRow>,
}

#[derive(Debug, Clone)]
struct KnownRow {
    row: BookRow,
    /// The reading that did not have it first began then, and so many have not had it since.
    absent: Option<(DateTime<Utc>, u32)>,
}

impl KnownRows {
    /// What waited or had filled when the book was last read, as that is on disk.
    pub fn recall(live: &LivePositions, today: NaiveDate) -> Self {
        let is_of_today = live.read_at.is_some_and(|at| ist::date(at) == today);
        let waiting = live.waiting_ids.iter().zip(&live.waiting).map(|(id, leg)| waiting(id, leg));
        // One that has filled in part is whole in the second.
        let rows = waiting.chain(live.filled.iter().cloned()).filter(|_| is_of_today);
        let rows = rows.map(|row| (row.id.clone(), KnownRow { row, absent: None }));
        Self { day: Some(today), rows: rows.collect() }
    }

    /// What another life needs of it beside what waits. Those too on which both books agree: a fill that is forgotten hides
    /// as large a one that the positions do not show.
    pub fn filled(&self) -> Vec<BookRow> {
        self.rows.values().map(|known| &known.row).filter(|row| row.filled != 0).cloned().collect()
    }

    /// A reading that began then, with the rows that it should have.
    pub fn complete(&mut self, book: Vec<BookRow>, began: DateTime<Utc>) -> Vec<BookRow> {
        self.forget_ended_before(ist::date(began));
        let mut known = std::mem::take(&mut self.rows);
        for row in &book {
            known.remove(&row.id);
        }
        let absent: BTreeMap<_, _> =
            known.into_iter().filter_map(|(id, known)| Some((id, known.missed(began)?))).collect();
        let seen = book.iter().map(|row| (row.id.clone(), KnownRow { row: row.clone(), absent: None }));
        self.rows = seen.chain(absent.clone()).collect();
        book.into_iter().chain(absent.into_values().map(|known| known.row)).collect()
    }

    /// The book of another day has none of what ended before it.
    fn forget_ended_before(&mut self, day: NaiveDate) {
        if self.day.replace(day).is_some_and(|before| before != day) {
            self.rows.retain(|_, known| known.row.waits);
        }
    }
}

impl KnownRow {
    /// The same after a reading that does not have it; `None`: it is not there.
    fn missed(self, began: DateTime<Utc>) -> Option<Self> {
        let (since, readings) = self.absent.unwrap_or((began, 0));
        let is_gone = readings + 1 >= AGREE && (began - since).abs() >= LONGEST_LAG;
        (!is_gone).then_some(Self { absent: Some((since, readings + 1)), ..self })
    }
}

/// What is on disk of an order that waits.
fn waiting(id: &str, leg: &Leg) -> BookRow {
    BookRow {
        id: id.to_owned(),
        leg: leg.clone(),
        whole: leg.quantity,
        waits: true,
        filled: 0,
        average: Decimal::ZERO,
        stop: Decimal::ZERO,
        is_unfilled: false,
        at: None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::routing::{
        exposure::tests::leg,
        shown_fills::tests::{at, row},
    };

    fn waits(id: &str, quantity: i64) -> BookRow {
        waiting(id, &leg("A", quantity))
    }

    fn ids(rows: &[BookRow]) -> Vec<&str> {
        rows.iter().map(|row| row.id.as_str()).collect()
    }

    #[test]
    fn a_row_that_a_reading_leaves_out_is_as_it_was_last_seen() {
        let mut known = KnownRows::default();
        let all = vec![waits("1", -10), row("2", -4, -4), waits("3", 5)];
        assert_eq!(known.complete(all.clone(), at(0)), all);
        assert_eq!(known.complete(vec![], at(1)), all, "none at all");
        let partly = BookRow { leg: leg("A", -6), filled: -4, whole: -10, ..waits("1", -10) };
        assert_eq!(known.complete(vec![partly.clone()], at(2))[0], partly, "what is there is as it is now");
        let completed = known.complete(vec![row("3", 5, 5)], at(3));
        assert_eq!(ids(&completed), ["3", "1", "2"]);
        assert_eq!(completed[1], partly, "as last seen");
        assert!(!completed[0].waits, "one that is seen ended has ended");
        assert_eq!(ids(&known.complete(vec![], at(100))), ["1", "2", "3"]);
    }

    #[test]
    fn what_the_readings_of_two_minutes_do_not_have_is_not_there() {
        let has = |readings: &[i64]| {
            let mut known = KnownRows::default();
            known.complete(vec![waits("1", -10)], at(0));
            let all: Vec<bool> =
                readings.iter().map(|seconds| !known.complete(vec![], at(*seconds)).is_empty()).collect();
            all
        };
        assert_eq!(has(&[10, 40, 129, 130, 131]), [true, true, true, false, false]);
        assert_eq!(has(&[10, 130, 131]), [true, true, false], "three of them agree");
        assert_eq!(has(&[10; 50]), [true; 50], "however many, not in a moment");
        let mut known = KnownRows::default();
        known.complete(vec![waits("1", -10)], at(0));
        for seconds in [10, 60, 100] {
            known.complete(vec![], at(seconds));
        }
        known.complete(vec![waits("1", -10)], at(110));
        assert_eq!(ids(&known.complete(vec![], at(140))), ["1"], "it was there between");
    }

    #[test]
    fn of_another_day_only_what_waits_is_left() {
        let mut known = KnownRows::default();
        known.complete(vec![waits("1", -10), row("2", -4, -4)], at(0));
        assert_eq!(ids(&known.complete(vec![], at(0) + TimeDelta::days(1))), ["1"]);
    }

    #[test]
    fn what_waited_on_disk_is_known_to_the_next_life_on_that_day() {
        let live = LivePositions {
            waiting: vec![leg("A", -4), leg("B", 3)],
            waiting_ids: vec!["1".into(), "2".into()],
            read_at: Some(at(0)),
            ..LivePositions::default()
        };
        let recalled = |day| KnownRows::recall(&live, day).complete(vec![waits("2", 3)], at(1));
        let today = ist::date(at(0));
        assert_eq!(recalled(today), [waits("2", 3), waits("1", -4)]);
        assert_eq!(recalled(today.succ_opt().unwrap()), [waits("2", 3)]);
    }

    #[test]
    fn what_had_filled_is_known_to_the_next_life_on_that_day() {
        let partly = BookRow { leg: leg("A", -6), filled: -4, whole: -10, ..waits("1", -10) };
        let (sold, none) = (BookRow { at: Some(at(7)), ..row("2", -4, -4) }, row("3", -4, 0));
        let mut known = KnownRows::default();
        known.complete(vec![partly.clone(), sold.clone(), none], at(0));
        let live = LivePositions {
            waiting: vec![partly.leg.clone()],
            waiting_ids: vec!["1".into()],
            filled: known.filled(),
            read_at: Some(at(0)),
            ..LivePositions::default()
        };
        let text = serde_json::to_string(&live).unwrap();
        let live: LivePositions = serde_json::from_str(&text).unwrap();
        let recalled = |day| KnownRows::recall(&live, day).complete(vec![], at(1));
        let today = ist::date(at(0));
        assert_eq!(recalled(today), [partly, sold], "as last seen");
        assert_eq!(recalled(today.succ_opt().unwrap()), []);
        let mut before: serde_json::Value = serde_json::from_str(&text).unwrap();
        before.as_object_mut().unwrap().remove("filled");
        let before = serde_json::from_value(before).unwrap();
        let ids: Vec<String> = KnownRows::recall(&before, today).rows.into_keys().collect();
        assert_eq!(ids, ["1"], "of what was written before there was this field");
    }
}
