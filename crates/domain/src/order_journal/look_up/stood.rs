//! What FYERS' order book had before an order was made is not that order, whatever the clocks say.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{order_journal::OrderIntent, routing::live_positions::BookRow};

/// The rows that have been seen today, each with the newest intent there was then.
#[derive(Debug, Clone, Default)]
pub(in crate::order_journal) struct Stood {
    day: Option<NaiveDate>,
    rows: BTreeMap<String, i64>,
}

impl Stood {
    /// Learns an order book of this day, read before any intent after `newest` was made.
    pub(in crate::order_journal) fn saw(&mut self, book: &[BookRow], newest: i64, day: NaiveDate) {
        if self.day != Some(day) {
            *self = Self { day: Some(day), rows: BTreeMap::new() };
        }
        for row in book {
            if !self.rows.contains_key(&row.id) {
                self.rows.insert(row.id.clone(), newest);
            }
        }
    }

    /// Whether the row was in the book before this intent was made.
    pub(super) fn was_before(&self, row: &BookRow, intent: &OrderIntent) -> bool {
        self.rows.get(&row.id).is_some_and(|newest| *newest < intent.id)
    }
}
