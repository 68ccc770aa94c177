//! `calendar`: trading days and holidays.

use chrono::{NaiveDate, Utc};
use clap::Subcommand;
use fyers_api::ist;
use keeper_domain::clock::calendar::{Calendar, DayKind};
use serde::Serialize;
use serde_json::json;

use crate::cli::{
    exit::Exit,
    failure::Failure,
    output::{json as print_json, say},
    setup::{CliConfig, load},
};

/// What to tell of the calendar.
#[derive(Debug, Subcommand)]
pub enum CalendarVerb {
    /// The next trading day and its tick
    Next {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// All holidays and special sessions on file
    List {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Whether the market trades on a day: exit 0 if it does, 1 if not
    Check {
        /// The day, as 2026-11-24
        #[arg(value_parser = date)]
        date: chrono::NaiveDate,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

fn date(text: &str) -> Result<NaiveDate, &'static str> {
    text.parse().map_err(|_| "a day is written as 2026-11-24")
}

impl CalendarVerb {
    pub(super) fn is_json(&self) -> bool {
        match self {
            Self::Next { json } | Self::List { json } | Self::Check { json, .. } => *json,
        }
    }
}

pub(super) fn tell(verb: &CalendarVerb) -> Result<Exit, Failure> {
    let config = load()?;
    let calendar = config.calendar()?;
    match *verb {
        CalendarVerb::Next { json } => next(&config, &calendar, json),
        CalendarVerb::List { json } => list(&calendar, json),
        CalendarVerb::Check { date, json } => return Ok(check(&calendar, date, json)),
    }
    Ok(Exit::Good)
}

#[derive(Serialize)]
struct Day {
    date: NaiveDate,
    trading_day: bool,
    kind: &'static str,
    name: Option<String>,
    covered: bool,
}

fn day(calendar: &Calendar, date: NaiveDate) -> Day {
    let (kind, name) = match calendar.day_kind(date) {
        DayKind::Trading { .. } => ("trading", None),
        DayKind::SpecialSession { name, .. } => ("special_session", Some(name)),
        DayKind::Holiday { name } => ("holiday", Some(name)),
        DayKind::Weekend => ("weekend", None),
    };
    let covered = calendar.covers(date);
    Day { date, trading_day: calendar.is_trading_day(date), kind, name, covered }
}

fn words(day: &Day) -> String {
    let what = match (day.trading_day, &day.name) {
        (true, Some(name)) => format!("trading day, special session: {name}"),
        (true, None) => "trading day".to_owned(),
        (false, Some(name)) => format!("holiday: {name}"),
        (false, None) => "weekend".to_owned(),
    };
    let doubt =
        if day.covered { "" } else { " (the calendar does not cover this year: holidays are not known)" };
    format!("{}  {what}{doubt}", day.date.format("%a %d %b %Y"))
}

/// For `if fyers-keeper calendar check …; then`: a weekday of a year that the calendar does not cover counts as one.
fn check(calendar: &Calendar, date: NaiveDate, json: bool) -> Exit {
    let day = day(calendar, date);
    if json {
        print_json(&day);
    } else {
        say(&words(&day));
    }
    if day.trading_day { Exit::Good } else { Exit::Error }
}

/// The next tick that has not passed yet by the clock.
fn next(config: &CliConfig, calendar: &Calendar, json: bool) {
    let now = Utc::now();
    let today = ist::date(now);
    let tick_time = config.settings.tick_time;
    let still_today = calendar.is_trading_day(today) && ist::ist(now).time() < tick_time;
    let date = if still_today { today } else { calendar.next_trading_day(today) };
    let tick = ist::ist(ist::instant(date, tick_time));
    let day = day(calendar, date);
    if json {
        print_json(&json!({"next_tick": tick, "day": day}));
    } else {
        say(&words(&day));
        say(&format!("daily check at {}", tick.format("%H:%M IST")));
    }
}

fn list(calendar: &Calendar, json: bool) {
    let days: Vec<Day> = calendar.listed_dates().into_iter().map(|date| day(calendar, date)).collect();
    if json {
        print_json(&json!({"covered_until": calendar.covered_until(), "days": days}));
        return;
    }
    days.iter().for_each(|day| say(&words(day)));
    if let Some(end) = calendar.covered_until() {
        say(&format!("Covered until {end}."));
    }
}
