//! The summary of a trading day: when it is due, and what is in it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use fyers_api::ist;

use crate::{
    clock::token_hours::TokenHours,
    event::{Event, Recorded},
    mode::Mode,
    order_journal::OrderEntry,
    ports::TickRecord,
    routing::Venue,
    trading_day::DaySummary,
};

/// From the close to the summary: the last fills have been told by then.
const SETTLED: TimeDelta = TimeDelta::minutes(5);
/// Steps of the token's history that are told; a day with more is told by its beginning and its end.
const STEPS: usize = 6;

/// The day whose summary is due: its trading has ended, its tick was taken on, and it has not been told. A keeper that was
/// not there that day, or that comes back on another one, tells nothing.
pub fn due(
    hours: &TokenHours,
    tick: Option<TickRecord>,
    told: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Option<NaiveDate> {
    let today = ist::date(now);
    let over = hours.on(today).is_some_and(|day| day.closes + SETTLED <= now);
    let was_there = tick.is_some_and(|tick| tick.date == today);
    (over && was_there && told != Some(today)).then_some(today)
}

/// Counts a day. `orders` and `events` may have others than this day's in them; `events` come oldest first.
pub fn summarize(date: NaiveDate, orders: &[OrderEntry], events: &[Recorded]) -> DaySummary {
    let of_day = || orders.iter().filter(|order| ist::date(order.at) == date);
    let count = |fits: fn(&OrderEntry) -> bool| of_day().filter(|order| fits(order)).count() as u64;
    let today = events.iter().filter(|entry| ist::date(entry.at) == date);
    DaySummary {
        date,
        at_fyers: count(|order| order.venue == Venue::Fyers && is_taken(order)),
        simulated: count(|order| order.venue == Venue::Mock && is_taken(order)),
        rejected: count(|order| order.venue == Venue::Fyers && is_rejected(order)),
        rejected_by_mock: count(|order| order.venue == Venue::Mock && is_rejected(order)),
        refused: count(|order| order.venue == Venue::None),
        pnl: None,
        venue: Venue::None,
        token: shortened(today.filter_map(step).collect()),
    }
}

fn is_taken(order: &OrderEntry) -> bool {
    let is_answered = (200..300).contains(&order.status) && !order.is_refused();
    is_answered && !order.is_unknown() && order.rejected.is_none()
}

fn is_rejected(order: &OrderEntry) -> bool {
    !is_taken(order) && !order.is_unknown()
}

fn step(entry: &Recorded) -> Option<String> {
    let words = match &entry.event {
        Event::LoginSucceeded { .. } => "logged in".to_owned(),
        Event::RefreshSucceeded { .. } => "refreshed".to_owned(),
        Event::TokenGood { .. } => "found good".to_owned(),
        Event::LoggedOut => "logged out".to_owned(),
        Event::ModeChanged { to: Mode::Mock, why, .. } => format!("lost ({})", why.words()),
        _ => return None,
    };
    Some(format!("{} {words}", crate::alerts::words::clock(entry.at)))
}

fn shortened(mut steps: Vec<String>) -> Vec<String> {
    if steps.len() > STEPS {
        let left_out = steps.len() - STEPS + 1;
        let end = steps.split_off(steps.len() - STEPS / 2);
        steps.truncate(STEPS / 2 - 1);
        steps.push(format!("{left_out} more"));
        steps.extend(end);
    }
    steps
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{clock::calendar::Calendar, reason::Reason};

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}:00+05:30")).unwrap().to_utc()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn tick(date: &str) -> Option<TickRecord> {
        let begun_at = at(&format!("{date}T08:45"));
        Some(TickRecord { date: day(date), begun_at, done_at: Some(begun_at) })
    }

    #[test]
    fn it_is_due_once_after_the_close_of_a_day_on_which_the_keeper_was_there() {
        let hours = TokenHours::usual(Arc::new(Calendar::embedded()));
        let due = |tick, told, now: &str| due(&hours, tick, told, at(now));
        let monday = Some(day("2026-11-23"));
        assert_eq!(due(tick("2026-11-23"), None, "2026-11-23T15:44"), None, "the close has not settled");
        assert_eq!(due(tick("2026-11-23"), None, "2026-11-23T15:45"), monday);
        assert_eq!(due(tick("2026-11-23"), Some(day("2026-11-20")), "2026-11-23T23:59"), monday);
        assert_eq!(due(tick("2026-11-23"), monday, "2026-11-23T16:00"), None, "told already");
        assert_eq!(due(tick("2026-11-20"), None, "2026-11-23T16:00"), None, "the keeper was not there");
        assert_eq!(due(None, None, "2026-11-23T16:00"), None);
        assert_eq!(due(tick("2026-11-23"), None, "2026-11-24T00:05"), None, "the next day is too late");
        assert_eq!(due(tick("2026-11-24"), None, "2026-11-24T18:00"), None, "a holiday has no close");
    }

    fn order(venue: Venue, status: u16, code: i64, when: &str) -> OrderEntry {
        OrderEntry {
            bot: None,
            at: at(when),
            mode: Mode::Live,
            venue,
            what: "place".to_owned(),
            symbol: None,
            quantity: None,
            price: None,
            tag: None,
            id: None,
            status,
            code,
            message: String::new(),
            unanswered: None,
            rejected: None,
            by_time: None,
        }
    }

    #[test]
    fn orders_are_counted_by_venue_and_fate_and_by_the_indian_day() {
        let orders = [
            order(Venue::Fyers, 200, 1101, "2026-11-23T09:20"),
            order(Venue::Fyers, 400, -99, "2026-11-23T09:21"),
            order(Venue::Fyers, 200, -99, "2026-11-23T09:22"),
            order(Venue::Mock, 200, 1101, "2026-11-23T00:01"),
            order(Venue::Mock, 400, -50, "2026-11-23T09:23"),
            order(Venue::None, 400, -50, "2026-11-23T23:59"),
            order(Venue::Fyers, 200, 1101, "2026-11-24T00:00"),
        ];
        let told = |when: &str, event| Recorded { id: 1, at: at(when), event };
        let lost =
            Event::ModeChanged { from: Mode::Live, to: Mode::Mock, why: Reason::TokenRejected, open: None };
        let events = [
            told("2026-11-22T10:00", Event::LoggedOut),
            told("2026-11-23T10:02", lost),
            told("2026-11-23T10:09", Event::LoggedOut),
        ];
        let summary = summarize(day("2026-11-23"), &orders, &events);
        assert_eq!((summary.at_fyers, summary.rejected), (1, 2), "at FYERS");
        assert_eq!((summary.simulated, summary.rejected_by_mock, summary.refused), (1, 1, 1));
        assert_eq!(summary.token.len(), 2);
        assert!(summary.token[0].starts_with("10:02 lost ("), "{:?}", summary.token);
    }

    #[test]
    fn a_wild_day_is_told_by_its_ends() {
        let steps: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        assert_eq!(shortened(steps), ["0", "1", "15 more", "17", "18", "19"]);
        assert_eq!(shortened(vec!["0".to_owned(); 6]).len(), 6);
    }
}
