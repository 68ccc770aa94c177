//! When the daily tick is due: a pure rule over the wall clock and what is on record.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::clock::token_hours::TokenHours;
use fyers_api::ist;

/// No tick is caught up later than this, unless a special session or MCX ends later.
const LATEST: NaiveTime = ist::at(15, 30);
/// A tick that comes later than this after its time is a late one.
const PUNCTUAL: TimeDelta = TimeDelta::seconds(60);
/// No clock that works shows a time before the keeper was written.
const FLOOR: NaiveDate = match NaiveDate::from_ymd_opt(2025, 1, 1) {
    Some(date) => date,
    None => panic!("a date"),
};

/// Dates with a tick on record.
pub type Dates = BTreeSet<NaiveDate>;

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send the tick.
    Now {
        /// For this trading day.
        trade_date: NaiveDate,
        /// Whether it comes late.
        late: bool,
    },
    /// Nothing; the next tick is due then.
    NotYet {
        /// When.
        next: DateTime<Utc>,
    },
    /// The clock cannot be right, so nothing is done on its word.
    ClockWrong,
}

/// Decides. `done` holds every date with a tick on record: a date is never ticked twice, wherever the clock has
/// been meanwhile, and a record from the far future silences nobody.
pub fn due(now: DateTime<Utc>, tick_time: NaiveTime, done: &Dates, hours: &TokenHours) -> Due {
    let today = ist::date(now);
    if today < FLOOR {
        return Due::ClockWrong;
    }
    let tick = ist::instant(today, tick_time);
    let wanted = now >= tick && !done.contains(&today) && hours.is_day(today);
    if wanted && now < latest(today, tick_time, hours) {
        return Due::Now { trade_date: today, late: now - tick > PUNCTUAL };
    }
    Due::NotYet { next: next(now, tick_time, done, hours) }
}

/// When the next tick is due that is not on record yet.
fn next(now: DateTime<Utc>, tick_time: NaiveTime, done: &Dates, hours: &TokenHours) -> DateTime<Utc> {
    let today = ist::date(now);
    let to_come = |date: &NaiveDate| !done.contains(date) && ist::instant(*date, tick_time) > now;
    let following = |date: &NaiveDate| Some(hours.next_day(*date));
    let first = if hours.is_day(today) { today } else { hours.next_day(today) };
    let date = std::iter::successors(Some(first), following).find(to_come);
    ist::instant(date.unwrap_or(first), tick_time)
}

fn latest(date: NaiveDate, tick_time: NaiveTime, hours: &TokenHours) -> DateTime<Utc> {
    let usual = ist::instant(date, LATEST.max(tick_time));
    hours.unusual_close(date).map_or(usual, |close| close.max(usual))
}
