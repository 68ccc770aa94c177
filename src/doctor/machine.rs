//! This machine: its clock, its idea of Indian time, its calendar.

use chrono::{DateTime, Offset, TimeDelta, Utc};
use chrono_tz::Asia::Kolkata;
use fyers_api::ist;

use crate::config::{self, Settings};
use crate::doctor::finding::{Finding, span};

/// Beyond this a login's token is not trusted.
const BOUND: TimeDelta = TimeDelta::seconds(30);
/// Beyond this a person may want to look before it grows.
const NOTABLE: TimeDelta = TimeDelta::seconds(5);

/// `skew`: how far FYERS' clock is ahead of ours; `None` when it did not tell.
pub(super) fn clock(skew: Option<TimeDelta>) -> Finding {
    let Some(skew) = skew else {
        let what = "cannot be compared with FYERS' now";
        return Finding::warn("clock", what, "Ask again when FYERS is reachable, or see `timedatectl`.");
    };
    let side = if skew < TimeDelta::zero() { "ahead of" } else { "behind" };
    let what = format!("{} {side} FYERS' clock", span(skew));
    let advice =
        "Set this machine's clock by NTP: a login is refused when the clocks differ by more than 30 s.";
    match skew.abs() {
        skew if skew > BOUND => Finding::fail("clock", what, advice),
        skew if skew > NOTABLE => Finding::warn("clock", what, advice),
        _ => Finding::pass("clock", "within 5 s of FYERS' clock"),
    }
}

/// The keeper computes Indian time by itself; this compares it with the tables of the time zone database.
pub(super) fn time_zone(now: DateTime<Utc>) -> Finding {
    let own = ist::ist(now);
    let theirs = now.with_timezone(&Kolkata).offset().fix();
    let time = own.format("%a %d %b %Y, %H:%M IST");
    if *own.offset() == theirs {
        return Finding::pass("time zone", format!("{time}; the zone of this machine does not matter"));
    }
    let what = format!("{time}, but the time zone database has {theirs} for India");
    Finding::fail("time zone", what, "India has changed its time: use a newer fyers-keeper.")
}

pub(super) fn calendar(settings: &Settings, now: DateTime<Utc>) -> Finding {
    let today = ist::date(now);
    let calendar = match config::calendar(settings.calendar_file.as_deref()) {
        Ok(calendar) => calendar,
        Err(problem) => {
            let what = format!("KEEPER_CALENDAR_FILE cannot be used: {problem}");
            return Finding::fail("calendar", what, "Correct the file, or leave the setting out.");
        }
    };
    if let Some(year) = calendar.uncovered_year(today) {
        let what = format!("no holidays of {year} on file: every weekday of it counts as a trading day");
        return Finding::warn("calendar", what, "Use a newer fyers-keeper, or set KEEPER_CALENDAR_FILE.");
    }
    let next = calendar.next_trading_day(today).format("next trading day after today %a %d %b");
    Finding::pass("calendar", format!("{}; {next}", calendar.coverage_words()))
}
