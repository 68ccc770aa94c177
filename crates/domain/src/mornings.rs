//! The mornings of the last weeks, read back from the journal: how each trading day got its token, when, by whom, and how
//! long after the tick orders could go out.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;

use crate::{
    clock::token_hours::TokenHours,
    event::{Event, Recorded},
    login_origin::LoginOrigin,
    mode::Mode,
    reason::Reason,
};

/// Trading days that are told.
pub const SHOWN: usize = 30;
/// How far back the journal keeps what mornings are made from, whatever else is in it: thirty trading days with the
/// longest row of holidays, and some.
pub const KEPT: TimeDelta = TimeDelta::days(70);
/// The names of the events that mornings are made from ([`Event::name`]).
pub const NAMES: [&str; 8] = [
    "clock.tick",
    "clock.caught_up",
    "token.check",
    "token.refresh.succeeded",
    "login.completed",
    "login.required",
    "token.day_given_up",
    "exchange.switched",
];
/// A switch of the mode this long after the token is the token's doing.
const SWITCH: TimeDelta = TimeDelta::seconds(60);

/// How a token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was there already, and worked.
    Found,
    /// By a refresh call.
    Refresh,
    /// By a person's login.
    Login(Option<LoginOrigin>),
}

/// What came of a morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was a token, in use from this moment on.
    Good {
        /// How it came.
        way: Arrival,
        /// Since when requests went where they should.
        at: DateTime<Utc>,
        /// From the tick to that moment.
        after: TimeDelta,
    },
    /// The tick was taken on, and there is no token yet.
    Waiting(Option<Reason>),
    /// The day ended without one.
    Missed(Option<Reason>),
    /// The keeper did not run at the tick, nor later that day.
    Absent,
    /// Its tick has not come.
    Ahead,
}

/// One trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Morning {
    /// The day (IST).
    pub date: NaiveDate,
    /// Whether the tick was caught up after its time.
    pub is_late: bool,
    /// When its first session begins.
    pub opens: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Morning {
    /// When there was a token, if that was after the market had opened: until then no order could go out.
    pub fn after_open(&self) -> Option<DateTime<Utc>> {
        match self.outcome {
            Outcome::Good { at, .. } => Some(at).filter(|at| self.opens.is_some_and(|opens| *at > opens)),
            _ => None,
        }
    }
}

/// The last trading days up to today, oldest first, from the first tick on that is known. `events` come oldest first.
pub fn mornings(hours: &TokenHours, now: DateTime<Utc>, events: &[Recorded]) -> Vec<Morning> {
    let today = ist::date(now);
    let Some(first) = events.iter().find_map(tick).map(|(date, _, _)| date) else { return vec![] };
    let mut days: Vec<NaiveDate> =
        today.iter_days().rev().take_while(|day| *day >= first).filter(|day| hours.is_day(*day)).collect();
    days.truncate(SHOWN);
    let opens = |date| hours.on(date).map(|day| day.opens);
    days.into_iter()
        .rev()
        .map(|date| Morning { opens: opens(date), ..morning(date, today, events) })
        .collect()
}

fn tick(entry: &Recorded) -> Option<(NaiveDate, bool, DateTime<Utc>)> {
    match entry.event {
        Event::Ticked { trade_date, late } => Some((trade_date, late, entry.at)),
        _ => None,
    }
}

fn morning(date: NaiveDate, today: NaiveDate, events: &[Recorded]) -> Morning {
    let Some((_, is_late, began)) = events.iter().filter_map(tick).find(|(of, _, _)| *of == date) else {
        let outcome = if date == today { Outcome::Ahead } else { Outcome::Absent };
        return Morning { date, is_late: false, opens: None, outcome };
    };
    let later = || events.iter().filter(|entry| entry.at >= began && ist::date(entry.at) == date);
    let Some((at, way)) = later().find_map(|entry| Some((entry.at, way(&entry.event)?))) else {
        let reason = later().filter_map(|entry| trouble(&entry.event)).next_back();
        let outcome = if date == today && !later().any(|entry| is_the_end(&entry.event)) {
            Outcome::Waiting(reason)
        } else {
            Outcome::Missed(reason)
        };
        return Morning { date, is_late, opens: None, outcome };
    };
    let switched = later().find(|entry| entry.at >= at && entry.at <= at + SWITCH && is_switch(&entry.event));
    let at = switched.map_or(at, |entry| entry.at);
    Morning { date, is_late, opens: None, outcome: Outcome::Good { way, at, after: at - began } }
}

fn way(event: &Event) -> Option<Arrival> {
    match event {
        Event::TokenGood { .. } => Some(Arrival::Found),
        Event::RefreshSucceeded { .. } => Some(Arrival::Refresh),
        Event::LoginSucceeded { by, .. } => Some(Arrival::Login(*by)),
        _ => None,
    }
}

fn trouble(event: &Event) -> Option<Reason> {
    match event {
        Event::LoginRequired { reason, .. } | Event::DayGivenUp { reason, .. } => Some(*reason),
        _ => None,
    }
}

fn is_the_end(event: &Event) -> bool {
    matches!(event, Event::DayGivenUp { .. })
}

fn is_switch(event: &Event) -> bool {
    matches!(event, Event::ModeChanged { to: Mode::Live | Mode::Sandbox, .. })
}

#[cfg(test)]
mod tests;
