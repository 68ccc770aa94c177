//! The tick over days, years and broken clocks.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;

use fyers_api::ist;
use keeper_domain::clock::{
    calendar::Calendar,
    due::{Dates, Due, due},
    token_hours::TokenHours,
};

fn hours() -> TokenHours {
    TokenHours::usual(Calendar::embedded().into())
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at_tick() -> chrono::NaiveTime {
    ist::at(8, 45)
}

fn check(now: &str, done: Option<&str>) -> Due {
    due(at(now), at_tick(), &done.map(day).into_iter().collect(), &hours())
}

fn now(date: &str, late: bool) -> Due {
    Due::Now { trade_date: day(date), late }
}

fn later(next: &str) -> Due {
    Due::NotYet { next: at(next) }
}

#[test]
fn due_from_0845_on_a_trading_day_once() {
    assert_eq!(check("2026-11-23T08:44:59", None), later("2026-11-23T08:45:00"));
    assert_eq!(check("2026-11-23T08:45:00", None), now("2026-11-23", false));
    assert_eq!(check("2026-11-23T08:45:30", Some("2026-11-20")), now("2026-11-23", false));
    assert_eq!(check("2026-11-23T08:45:30", Some("2026-11-23")), later("2026-11-25T08:45:00"));
}

#[test]
fn caught_up_until_the_close_and_not_after() {
    assert_eq!(check("2026-11-23T11:00:00", None), now("2026-11-23", true));
    assert_eq!(check("2026-11-23T15:29:59", None), now("2026-11-23", true));
    assert_eq!(check("2026-11-23T15:30:00", None), later("2026-11-25T08:45:00"));
}

#[test]
fn holidays_and_weekends_have_none_special_sessions_have_one() {
    assert_eq!(check("2026-11-24T09:00:00", None), later("2026-11-25T08:45:00"));
    assert_eq!(check("2026-11-22T09:00:00", None), later("2026-11-23T08:45:00"));
    assert_eq!(check("2026-11-08T08:45:00", None), now("2026-11-08", false));
    assert_eq!(check("2026-11-08T15:00:00", None), now("2026-11-08", true));
}

#[test]
fn a_clock_set_back_does_not_tick_again() {
    let done: Dates = ["2026-11-20", "2026-11-23"].map(day).into();
    for (clock, next) in [("2026-11-20T09:00:00", "2026-11-25"), ("2026-11-23T08:45:00", "2026-11-25")] {
        let due = due(at(clock), at_tick(), &done, &hours());
        assert_eq!(due, later(&format!("{next}T08:45:00")));
    }
}

#[test]
fn a_record_from_the_far_future_does_not_silence_the_keeper_for_years() {
    assert_eq!(check("2026-11-23T09:00:00", Some("2035-01-01")), now("2026-11-23", true));
}

#[test]
fn a_clock_before_the_keepers_time_is_not_believed() {
    assert_eq!(check("1970-01-01T09:00:00", None), Due::ClockWrong);
}

#[test]
fn two_years_of_half_minutes_tick_once_on_each_trading_day() {
    let calendar = Calendar::embedded();
    let (mut now, end) = (at("2025-01-01T00:00:07"), at("2027-01-01T00:00:00"));
    let (mut done, hours) = (Dates::new(), hours());
    while now < end {
        if let Due::Now { trade_date, late } = due(now, at_tick(), &done, &hours) {
            assert!(!late, "{now}");
            assert!(done.insert(trade_date), "{trade_date} twice");
        }
        now += TimeDelta::seconds(30);
    }
    let days = day("2025-01-01").iter_days().take_while(|date| *date < day("2027-01-01"));
    assert_eq!(done.len(), days.filter(|date| calendar.is_trading_day(*date)).count());
}

/// One thing a wall clock does.
#[derive(Debug, Clone)]
enum Life {
    Runs(i64),
    Steps(i64),
    Sleeps(i64),
}

fn life() -> impl Strategy<Value = Life> {
    prop_oneof![
        6 => (30i64..20_000).prop_map(Life::Runs),
        1 => (-172_800i64..172_800).prop_map(Life::Steps),
        1 => (-600i64..600).prop_map(Life::Steps),
        1 => (60i64..300_000).prop_map(Life::Sleeps),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever the clock does: no date twice, and no trading day missed on which the keeper looked at least
    /// once between tick and close.
    #[test]
    fn no_life_of_a_clock_doubles_or_misses_a_tick(lives in proptest::collection::vec(life(), 1..120)) {
        let calendar = Calendar::embedded();
        let mut now = at("2026-02-02T00:00:00");
        let (mut done, hours) = (Dates::new(), hours());
        for life in lives {
            let looks = match life {
                Life::Runs(seconds) => seconds / 30,
                Life::Steps(seconds) => { now += TimeDelta::seconds(seconds); 0 }
                Life::Sleeps(seconds) => { now += TimeDelta::seconds(seconds); 0 }
            };
            for _ in 0..=looks {
                let today = ist::date(now);
                match due(now, at_tick(), &done, &hours) {
                    Due::Now { trade_date, .. } => {
                        prop_assert!(done.insert(trade_date), "{} twice", trade_date);
                        prop_assert!(calendar.is_trading_day(trade_date));
                    }
                    Due::NotYet { next } => {
                        prop_assert!(next > now);
                        let open = ist::instant(today, at_tick())..ist::instant(today, ist::at(15, 30));
                        let settled = done.contains(&today);
                        prop_assert!(!(calendar.is_trading_day(today) && open.contains(&now)) || settled);
                    }
                    Due::ClockWrong => prop_assert!(false, "2026 is no wrong clock"),
                }
                now += TimeDelta::seconds(30);
            }
        }
    }
}
