//! When a token matters: the one place that says so, from the table of sessions and the segments that the account
//! uses. Tick, card, reminders, alerts, status and the session's own rules ask here.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::clock::{
    calendar::{Calendar, Market},
    sessions::{self, Segment, Session},
};
use fyers_api::ist;

/// How many days ahead a next day is looked for.
const HORIZON: u64 = 60;

/// The stretch of a day in which a token is needed: from the first session that has not ended to the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketSession {
    /// Trading begins, or has begun.
    pub opens: DateTime<Utc>,
    /// Trading ends: from here on it is over.
    pub closes: DateTime<Utc>,
}

impl MarketSession {
    /// Whether it is open, or so near that a missing token cannot wait: five minutes before it opens.
    pub fn is_pressing(&self, now: DateTime<Utc>) -> bool {
        self.opens - TimeDelta::minutes(5) <= now && now < self.closes
    }
}

/// The sessions for which this account needs a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHours {
    calendar: Arc<Calendar>,
    segments: Vec<Segment>,
}

impl TokenHours {
    /// For these segments.
    pub fn new(calendar: Arc<Calendar>, segments: Vec<Segment>) -> Self {
        Self { calendar, segments }
    }

    /// For shares and their derivatives, on these days.
    pub fn usual(calendar: Arc<Calendar>) -> Self {
        Self::new(calendar, vec![Segment::Cash, Segment::Fno])
    }

    /// What is open or comes later on the same Indian day; `None` when nothing does.
    pub fn needed(&self, now: DateTime<Utc>) -> Option<MarketSession> {
        self.stretch(ist::date(now), now)
    }

    /// The whole of a day, from its first session to its last; `None` when there is none.
    pub fn on(&self, date: NaiveDate) -> Option<MarketSession> {
        self.stretch(date, DateTime::<Utc>::MIN_UTC)
    }

    fn stretch(&self, date: NaiveDate, after: DateTime<Utc>) -> Option<MarketSession> {
        let all = self.segments.iter().flat_map(|segment| sessions::sessions(&self.calendar, *segment, date));
        let left: Vec<Session> =
            all.filter(|session| session.is_continuous() && after < session.close).collect();
        let opens = left.iter().map(|session| session.open).min()?;
        let closes = left.iter().map(|session| session.close).max()?;
        Some(MarketSession { opens, closes })
    }

    /// Whether one of the segments has a session on the date: such a day has a tick.
    pub fn is_day(&self, date: NaiveDate) -> bool {
        // The list of trading days answers for shares; MCX and special sessions have days of their own.
        let special = |market| self.calendar.special_hours(market, date).is_some();
        let own_days = self.segments.contains(&Segment::Mcx) || special(Market::Cash) || special(Market::Fno);
        let shares = self.segments.iter().any(|segment| *segment != Segment::Mcx);
        (shares && self.calendar.is_trading_day(date))
            || (own_days && sessions::is_session_day(&self.calendar, &self.segments, date))
    }

    /// The first such day after the date.
    pub fn next_day(&self, after: NaiveDate) -> NaiveDate {
        let mut days = (1..HORIZON).filter_map(|ahead| after.checked_add_days(Days::new(ahead)));
        days.find(|date| self.is_day(*date)).unwrap_or_else(|| self.calendar.next_trading_day(after))
    }

    /// When the date's last session ends, if it lies outside the hours of a regular day of the exchanges for shares:
    /// a special session, or MCX.
    pub fn unusual_close(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let closes = self.on(date)?.closes;
        let usual = sessions::day_close(&self.calendar, Segment::Fno, date);
        let special = sessions::sessions(&self.calendar, Segment::Cash, date)
            .iter()
            .any(|session| session.kind == sessions::SessionKind::Special);
        (special || usual.is_none_or(|usual| closes > usual)).then_some(closes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(segments: &[Segment], text: &str) -> Option<(String, String)> {
        let hours = TokenHours::new(Arc::new(Calendar::embedded()), segments.to_vec());
        let now = DateTime::parse_from_rfc3339(&format!("{text}:00+05:30")).unwrap().to_utc();
        let clock = |at| ist::ist(at).format("%H:%M").to_string();
        hours.needed(now).map(|session| (clock(session.opens), clock(session.closes)))
    }

    fn shares(text: &str) -> Option<(String, String)> {
        needed(&[Segment::Cash, Segment::Fno], text)
    }

    fn hours(open: &str, close: &str) -> Option<(String, String)> {
        Some((open.to_owned(), close.to_owned()))
    }

    #[test]
    fn a_token_matters_until_the_last_session_of_the_day_has_ended() {
        assert_eq!(shares("2026-11-23T00:10"), hours("09:15", "15:40"), "coming");
        assert_eq!(shares("2026-11-23T12:00"), hours("09:15", "15:40"), "open");
        assert_eq!(shares("2026-11-23T15:35"), hours("09:15", "15:40"), "derivatives go on");
        assert_eq!(shares("2026-11-23T15:40"), None, "over");
        assert_eq!(shares("2026-11-24T10:00"), None, "a holiday");
        assert_eq!(shares("2026-11-22T10:00"), None, "a Sunday");
    }

    #[test]
    fn special_sessions_and_mcx_evenings_count() {
        assert_eq!(shares("2025-10-21T14:00"), hours("13:45", "14:45"));
        let mcx = [Segment::Mcx];
        assert_eq!(needed(&mcx, "2026-11-23T18:00"), hours("09:00", "23:55"));
        assert_eq!(needed(&mcx, "2026-11-24T10:00"), hours("17:00", "23:55"), "the evening of a holiday");
        assert_eq!(needed(&mcx, "2026-11-22T10:00"), None);
    }
}
