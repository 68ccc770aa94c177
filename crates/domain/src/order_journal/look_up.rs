//! Orders without an answer, looked up in FYERS' order book.
//!
//! A row is one order's only, and only rows that are nobody's yet are looked at. Rows and orders that could be each other's
//! are one group. Its orders must be the same in everything, or it is not known whose a row is; and every row must have its
//! order, or somebody else has placed an equal one. What the book had before an order was made is not that order. Whatever
//! cannot be told is for a person, with the rows that may be it.
//!
//! A bot's own mark (`orderTag`) tells its order. Without one only the time does. FYERS stamps whole seconds by its own
//! clock, which is known from its answers to some part of a second (`BrokerClock`): a row of the second in which the order
//! left, or of the next one, is taken for it, when no other is equal. A person's equal order of these same seconds cannot be
//! told from it; so what was found by its time is not closed either, and an equal row that turns up later is told. Whatever
//! came later may be it, and nothing is certain.

mod candidates;
mod group;
mod late;
mod stood;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    order_journal::{OrderIntent, unanswered::MAY_ARRIVE},
    routing::{
        live_positions::BookRow,
        request::{Leg, Reserved},
    },
};

use candidates::named;
use group::groups;
pub(super) use stood::Stood;

/// An order with a bot's own mark may be stamped so much earlier than the intent: nobody puts it on an order in the FYERS app.
const STAMPED_EARLIER: TimeDelta = TimeDelta::seconds(2);
/// FYERS' stamp is the beginning of its second.
const WHOLE_SECOND: TimeDelta = TimeDelta::seconds(1);
/// An order is there so soon after it left, unless FYERS is slow: then without a mark it is not known which it is.
const STAMPED_WITHIN: TimeDelta = TimeDelta::seconds(1);
/// When the clocks are apart, an equal order that was stamped so much earlier may be it, or one that a person placed.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(60);

/// One order that is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) intent: &'a OrderIntent,
    pub(super) leg: &'a Leg,
    /// When it left by FYERS' clock: not before the first, not after the second. Where that is not known, when the intent was
    /// made.
    pub(super) left: (DateTime<Utc>, DateTime<Utc>),
    /// It has a row already, which a person's equal order may be: so its own may still come, and is no other bot's.
    pub(super) is_found: bool,
    /// What the book had before.
    pub(super) stood: &'a Stood,
}

/// What the order book says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sighting {
    /// It has this id.
    Found(String),
    /// No row is like it.
    NotThere,
    /// These rows are equal, and may be its own or somebody else's. Of orders that are the same in everything one names them.
    MayBe(Vec<String>),
    /// It may be one of these, if somebody has changed it since.
    MayBeChanged(Vec<String>),
    /// No book can tell.
    CannotTell,
}

/// What an order book of the same day says of orders without an answer. `is_known` tells the ids that already are
/// somebody's: those FYERS answered with, and those that were found before.
pub(super) fn look_up(
    sought: &[Sought<'_>],
    book: &[BookRow],
    is_known: impl Fn(&str) -> bool,
) -> Vec<Sighting> {
    let free: Vec<&BookRow> = book.iter().filter(|row| !is_known(&row.id)).collect();
    let mut seen = vec![Sighting::NotThere; sought.len()];
    let mut left = vec![true; free.len()];
    let mut is_unclaimed = vec![true; free.len()];
    for group in groups(sought, &free) {
        group.rows.iter().for_each(|row| is_unclaimed[*row] = false);
        let Some(pairs) = group.pairs(sought, &free) else {
            let rows: Vec<&BookRow> = group.rows.iter().map(|row| free[*row]).collect();
            for (order, rows) in named(&group.orders, &rows, sought, Sought::may_be) {
                seen[order] = Sighting::MayBe(rows);
            }
            continue;
        };
        for (order, row) in pairs {
            (seen[order], left[row]) = (Sighting::Found(free[row].id.clone()), false);
        }
    }
    let unclaimed = free.iter().zip(is_unclaimed).filter(|(_, is)| *is);
    let unclaimed: Vec<&BookRow> = unclaimed.map(|(row, _)| *row).collect();
    late::look_up(sought, &unclaimed, &mut seen);
    // Somebody may have changed an order of which the keeper knows nothing yet.
    let left: Vec<&BookRow> = free.iter().zip(left).filter(|(_, left)| *left).map(|(row, _)| *row).collect();
    candidates::changed(sought, &left, &mut seen);
    seen
}

impl Sought<'_> {
    /// Whether the row has all that the order has, and may be as old.
    fn may_be(&self, row: &BookRow) -> bool {
        // The symbol's spelling last: it takes longest, and after many losses there are thousands of orders and rows.
        row.whole == self.leg.quantity
            && self.is_of_its_time(row, CLOCKS_APART, CLOCKS_APART)
            && self.is_same(row)
    }

    /// Whether the row's time is the order's as well, by clocks that agree: without a mark nothing else tells it.
    fn is_on_time(&self, row: &BookRow) -> bool {
        if self.leg.tag.is_some() {
            // As late as a row may be its own: what is later still is looked up beside these (`late`).
            return self.is_of_its_time(row, STAMPED_EARLIER, CLOCKS_APART);
        }
        let (first, last) = self.left;
        let of_its_second = |at: DateTime<Utc>| at + WHOLE_SECOND > first && at <= last + STAMPED_WITHIN;
        row.at.is_some_and(of_its_second) && !self.stood.was_before(row, self.intent)
    }

    /// Whether it may be the order with another quantity or price.
    fn may_be_changed(&self, row: &BookRow) -> bool {
        let tagged = self.leg.tag.is_none() || self.leg.tag == row.leg.tag;
        let side = row.whole.signum() == self.leg.quantity.signum();
        side && tagged && self.is_of_its_time(row, CLOCKS_APART, CLOCKS_APART) && self.is_in_its_product(row)
    }

    fn is_same(&self, row: &BookRow) -> bool {
        // A market order has no price of its own, and the book may show the one that it got.
        (self.leg.price.is_zero() || self.leg.price == row.leg.price)
            && self.leg.tag == row.leg.tag
            && self.is_in_its_product(row)
    }

    fn is_in_its_product(&self, row: &BookRow) -> bool {
        let products = (self.leg.known_product(), row.leg.known_product());
        let apart = matches!(products, (Some(own), Some(other)) if own != other);
        !apart && row.leg.is_in(&self.leg.symbol)
    }

    /// By either clock: the machine's may be wrong by minutes, and FYERS' is known by its answers only.
    fn is_of_its_time(&self, row: &BookRow, earlier: TimeDelta, later: TimeDelta) -> bool {
        let is_between = |at: DateTime<Utc>, (first, last): (DateTime<Utc>, DateTime<Utc>)| {
            at >= first - earlier && at <= last + MAY_ARRIVE + later
        };
        let clocks = [(self.intent.at, self.intent.at), self.left];
        let is_in_time = row.at.is_none_or(|at| clocks.iter().any(|clock| is_between(at, *clock)));
        is_in_time && !self.stood.was_before(row, self.intent)
    }
}

impl OrderIntent {
    /// Whether it places orders, which a book can show.
    pub fn is_order(&self) -> bool {
        self.what == "place" && !self.legs.is_empty()
    }

    /// Whether one of these orders may be equal to one of its own.
    pub fn is_like(&self, sent: &Reserved) -> bool {
        let equal = |leg: &Leg| {
            let is_as_many = |other: &Leg| other.is_any() || other.quantity == leg.quantity;
            sent.legs.iter().any(|other| is_as_many(other) && other.is_in(&leg.symbol))
        };
        sent.is_opaque || self.legs.iter().any(equal)
    }

    /// Whether a book that is read now can show its orders.
    pub(super) fn can_be_seen(&self, now: DateTime<Utc>) -> bool {
        let same_day = fyers_api::ist::date(self.at) == fyers_api::ist::date(now);
        self.is_order() && same_day
    }
}

#[cfg(test)]
pub(super) mod tests;
