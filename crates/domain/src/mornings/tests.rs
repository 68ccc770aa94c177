//! Mornings as a journal has them.

use std::sync::Arc;

use super::*;
use crate::{clock::calendar::Calendar, secret::Fingerprint};

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc()
}

fn entry(text: &str, event: Event) -> Recorded {
    Recorded { id: 1, at: at(text), event }
}

fn ticked(text: &str, late: bool) -> Recorded {
    entry(text, Event::Ticked { trade_date: ist::date(at(text)), late })
}

fn token() -> (Fingerprint, DateTime<Utc>) {
    (Fingerprint::of("token"), at("2026-11-25T06:00:00"))
}

fn logged_in(text: &str, by: Option<LoginOrigin>) -> Recorded {
    let (fingerprint, expires_at) = token();
    entry(text, Event::LoginSucceeded { fingerprint, expires_at, by })
}

fn live(text: &str) -> Recorded {
    entry(text, Event::ModeChanged { from: Mode::Mock, to: Mode::Live, why: Reason::LoggedIn, open: None })
}

fn told(now: &str, events: &[Recorded]) -> Vec<Morning> {
    mornings(&TokenHours::usual(Arc::new(Calendar::embedded())), at(now), events)
}

fn last(now: &str, events: &[Recorded]) -> Morning {
    *told(now, events).last().unwrap()
}

#[test]
fn a_morning_says_how_the_token_came_and_how_long_after_the_tick_orders_could_go_out() {
    let reason = Reason::RefreshDisabled;
    let events = [
        ticked("2026-11-23T08:45:00", false),
        entry("2026-11-23T08:45:01", Event::LoginRequired { reason, code: None, wrong_pins: 0 }),
        logged_in("2026-11-23T08:46:10", Some(LoginOrigin::Card)),
        live("2026-11-23T08:46:12"),
        // A token that is lost and found later in the day is another story.
        logged_in("2026-11-23T11:00:00", None),
        live("2026-11-23T11:00:01"),
    ];
    let way = Arrival::Login(Some(LoginOrigin::Card));
    let good = Outcome::Good { way, at: at("2026-11-23T08:46:12"), after: TimeDelta::seconds(72) };
    let monday = last("2026-11-23T12:00:00", &events);
    assert_eq!((monday.outcome, monday.is_late), (good, false));
    assert_eq!((monday.opens, monday.after_open()), (Some(at("2026-11-23T09:15:00")), None));
    assert_eq!(last("2026-11-23T08:45:30", &events[..2]).outcome, Outcome::Waiting(Some(reason)));
    let given_up = entry("2026-11-23T15:30:00", Event::DayGivenUp { trade_date: monday.date, reason });
    let missed = [events[0].clone(), given_up];
    assert_eq!(last("2026-11-23T16:00:00", &missed).outcome, Outcome::Missed(Some(reason)));
}

#[test]
fn a_token_without_a_switch_counts_by_itself_and_a_late_tick_is_told_as_late() {
    let (fingerprint, expires_at) = token();
    let found = entry("2026-11-25T09:10:03", Event::TokenGood { fingerprint, expires_at });
    let events = [ticked("2026-11-25T09:10:00", true), found];
    let morning = last("2026-11-25T10:00:00", &events);
    let (at, after) = (at("2026-11-25T09:10:03"), TimeDelta::seconds(3));
    assert_eq!(morning.outcome, Outcome::Good { way: Arrival::Found, at, after });
    assert!(morning.is_late);
    let first = [ticked("2026-11-25T10:40:00", true), logged_in("2026-11-25T10:42:12", None)];
    let wednesday = last("2026-11-25T12:00:00", &first);
    let from = wednesday.after_open().map(|at| ist::ist(at).format("%H:%M").to_string());
    assert_eq!(from.as_deref(), Some("10:42"), "no order could go out at the open");
}

/// A keeper that was switched off must not look like one that got its token.
#[test]
fn days_without_the_keeper_are_told_and_days_before_it_and_holidays_are_not() {
    let events = [ticked("2026-11-20T08:45:00", false), logged_in("2026-11-20T08:46:00", None)];
    // Saturday, Sunday, and Tuesday the 24th is a holiday.
    let days = told("2026-11-26T07:00:00", &events);
    let dates: Vec<String> = days.iter().map(|day| day.date.to_string()).collect();
    assert_eq!(dates, ["2026-11-20", "2026-11-23", "2026-11-25", "2026-11-26"]);
    assert_eq!(days[1].outcome, Outcome::Absent);
    assert_eq!(days[3].outcome, Outcome::Ahead, "its tick comes at 08:45");
    assert!(told("2026-11-26T07:00:00", &[]).is_empty(), "a keeper of today has no past");
}

#[test]
fn thirty_are_told_and_the_journal_keeps_more_than_that() {
    let days: Vec<Recorded> = (0..120)
        .map(|day| at("2026-07-01T08:45:00") + TimeDelta::days(day))
        .map(|at| Recorded { id: 1, at, event: Event::Ticked { trade_date: ist::date(at), late: false } })
        .collect();
    let shown = told("2026-10-28T12:00:00", &days);
    assert_eq!(shown.len(), SHOWN);
    let age = at("2026-10-28T12:00:00") - ist::instant(shown[0].date, ist::at(8, 45));
    assert!(age < KEPT, "{age}");
}

#[test]
fn the_names_are_those_of_the_events_that_are_read() {
    let (fingerprint, expires_at) = token();
    let trade_date = ist::date(expires_at);
    let reason = Reason::RefreshDisabled;
    let named = [
        Event::Ticked { trade_date, late: false },
        Event::Ticked { trade_date, late: true },
        Event::TokenGood { fingerprint: fingerprint.clone(), expires_at },
        Event::RefreshSucceeded { fingerprint: fingerprint.clone(), expires_at, attempts: 1 },
        Event::LoginSucceeded { fingerprint, expires_at, by: None },
        Event::LoginRequired { reason, code: None, wrong_pins: 0 },
        Event::DayGivenUp { trade_date, reason },
        Event::ModeChanged { from: Mode::Mock, to: Mode::Live, why: reason, open: None },
    ];
    assert_eq!(named.map(|event| event.name()), NAMES);
}
