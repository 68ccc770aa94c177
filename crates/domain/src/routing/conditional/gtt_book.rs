//! What a reading of FYERS' GTT book means for the orders that are remembered: one that has triggered, or that was cancelled in
//! the FYERS app, protects its symbol no longer.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::{
    http::ApiResponse,
    response::{GttRow, Parsed, gtts},
};

use super::{Conditional, ConditionalKind};

/// How often the book is read while a GTT order is remembered.
pub const EVERY: TimeDelta = TimeDelta::seconds(60);
/// One that is said to be over may show in the order book a moment later than here.
const AFTER_END: TimeDelta = TimeDelta::seconds(3);
/// One that the book does not show at all was perhaps left out once.
const AFTER_ABSENCE: TimeDelta = TimeDelta::seconds(60);
/// One as young as this may not be in the book yet.
const YOUNG: TimeDelta = TimeDelta::seconds(30);

/// Remembered orders that the book has shown as over, or not at all: since when, and how long that must be so.
#[derive(Debug, Clone, Default)]
pub struct NotWaiting(BTreeMap<(String, DateTime<Utc>), (DateTime<Utc>, TimeDelta)>);

impl NotWaiting {
    /// After how long the book is to be read again because of them; `None`: at its usual time.
    pub fn reads_again_in(&self) -> Option<TimeDelta> {
        let soon = self.0.values().any(|(_, settles)| *settles == AFTER_END);
        soon.then_some(AFTER_END + TimeDelta::seconds(1))
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The rows of an answer; `None` when it cannot be read whole.
pub fn read_gtts(answer: &ApiResponse) -> Option<Parsed<Vec<GttRow>>> {
    gtts(answer.status, &answer.body).ok()
}

/// Learns a reading that began then, and was followed by one of the order book and the positions. `last_day`: the trading day
/// it belongs to.
pub fn learn_gtts(
    orders: &mut Vec<Conditional>,
    rows: &[GttRow],
    not_waiting: &mut NotWaiting,
    (began, last_day): (DateTime<Utc>, NaiveDate),
) {
    make_anew(orders, rows, (began, last_day));
    let before = std::mem::take(&mut not_waiting.0);
    orders.retain(|order| {
        let settles = after(order, rows).filter(|_| began - order.at >= YOUNG);
        let Some(settles) = settles else { return true };
        let key = (order.id.clone(), order.at);
        let since = before.get(&key).map_or(began, |(since, _)| *since);
        let is_over = began - since >= settles;
        if !is_over {
            not_waiting.0.insert(key, (since, settles));
        }
        !is_over
    });
}

/// For how long the book must show an order as it does until that one is over; `None`: it waits, or may.
fn after(order: &Conditional, rows: &[GttRow]) -> Option<TimeDelta> {
    if order.kind != ConditionalKind::Gtt {
        return None;
    }
    let is_it = |row: &&GttRow| match order.id.is_empty() {
        true => order.symbols.is_empty() || order.symbols.contains(&row.symbol),
        false => row.ids.contains(&order.id),
    };
    let mut its = rows.iter().filter(is_it).peekable();
    let settles = if its.peek().is_none() || order.id.is_empty() { AFTER_ABSENCE } else { AFTER_END };
    its.all(|row| row.is_over).then_some(settles)
}

/// What could not be read any more is what the book shows, and perhaps smart orders of the day, which it does not show.
fn make_anew(orders: &mut Vec<Conditional>, rows: &[GttRow], (at, last_day): (DateTime<Utc>, NaiveDate)) {
    let all = orders.len();
    orders.retain(|order| order.kind != ConditionalKind::Unreadable);
    if orders.len() == all {
        return;
    }
    let is_known = |row: &&GttRow| orders.iter().any(|order| row.ids.contains(&order.id));
    let new: Vec<_> = rows.iter().filter(|row| !row.is_over && !is_known(row)).collect();
    orders.extend(new.into_iter().map(|row| Conditional {
        id: row.ids.first().cloned().unwrap_or_default(),
        kind: ConditionalKind::Gtt,
        symbols: vec![row.symbol.clone()],
        quantity: row.quantity,
        at,
        last_day: None,
    }));
    orders.push(Conditional {
        kind: ConditionalKind::Smart,
        last_day: Some(last_day),
        ..Conditional::unreadable(at)
    });
}
