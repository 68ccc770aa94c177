//! When a token matters: the one place that says so, from the table of sessions and the segments that the account
//! uses. Tick, card, reminders, alerts, status and the session's own rules ask here.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::clock::{
    calendar::{Calendar, CalendarMarket},
    closings::Closings,
    sessions::{self, Segment, Session},
};
use fyers_api::ist;
use mock_exchange::symbol::segment_of;

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
#[derive(Debug)]
pub struct TokenHours {
    calendar: Arc<Calendar>,
    /// As configured.
    segments: Vec<Segment>,
    /// Whether the account was seen to trade commodities.
    mcx: AtomicBool,
}

impl TokenHours {
    /// For these segments.
    pub fn new(calendar: Arc<Calendar>, segments: Vec<Segment>) -> Self {
        let mcx = AtomicBool::new(segments.contains(&Segment::Mcx));
        Self { calendar, segments, mcx }
    }

    /// For shares and their derivatives, on these days.
    pub fn usual(calendar: Arc<Calendar>) -> Self {
        Self::new(calendar, vec![Segment::Cash, Segment::Fno])
    }

    /// Commodities join by themselves: the first symbol of these that trades at MCX, if their sessions did not count
    /// before. They do from now on.
    pub fn join_mcx<'a>(&self, symbols: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.mcx.load(Ordering::Relaxed) {
            return None;
        }
        let first = symbols.into_iter().find(|symbol| segment_of(symbol) == Segment::Mcx)?;
        (!self.mcx.swap(true, Ordering::Relaxed)).then(|| first.to_owned())
    }

    /// Segments that joined in an earlier run of the program.
    pub fn recall(&self, joined: &[Segment]) {
        self.mcx.fetch_or(joined.contains(&Segment::Mcx), Ordering::Relaxed);
    }

    fn segments(&self) -> Vec<Segment> {
        let joined = self.mcx.load(Ordering::Relaxed) && !self.segments.contains(&Segment::Mcx);
        self.segments.iter().copied().chain(joined.then_some(Segment::Mcx)).collect()
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
        let segments = self.segments();
        let all = segments.iter().flat_map(|segment| sessions::sessions(&self.calendar, *segment, date));
        let left: Vec<Session> =
            all.filter(|session| session.is_continuous() && after < session.close).collect();
        let opens = left.iter().map(|session| session.open).min()?;
        let closes = left.iter().map(|session| session.close).max()?;
        Some(MarketSession { opens, closes })
    }

    /// When the last session of each segment ends on the date; those without a session are left out.
    pub fn closings(&self, date: NaiveDate) -> Closings {
        let close =
            |segment: &Segment| Some((*segment, sessions::day_close(&self.calendar, *segment, date)?));
        Closings(self.segments().iter().filter_map(close).collect())
    }

    /// Whether one of the segments has a session on the date: such a day has a tick.
    pub fn is_day(&self, date: NaiveDate) -> bool {
        // The list of trading days answers for shares; MCX and special sessions have days of their own.
        let special = |market| !self.calendar.special_hours(market, date).is_empty();
        let segments = self.segments();
        let own_days =
            segments.contains(&Segment::Mcx) || special(CalendarMarket::Cash) || special(CalendarMarket::Fno);
        let shares = segments.iter().any(|segment| *segment != Segment::Mcx);
        (shares && self.calendar.is_trading_day(date))
            || (own_days && sessions::is_session_day(&self.calendar, &segments, date))
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
        needed_on(Calendar::embedded(), segments, text)
    }

    fn needed_on(calendar: Calendar, segments: &[Segment], text: &str) -> Option<(String, String)> {
        let hours = TokenHours::new(Arc::new(calendar), segments.to_vec());
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
        let cash = |text: &str| needed(&[Segment::Cash], text);
        assert_eq!(cash("2026-11-25T15:29"), hours("09:15", "15:30"), "open");
        assert_eq!(cash("2026-11-25T15:30"), None, "over, while derivatives go on");
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
        let both = [Segment::Cash, Segment::Mcx];
        assert_eq!(needed(&both, "2026-11-24T08:45"), hours("17:00", "23:55"), "MCX has an evening");
    }

    #[test]
    fn an_evenings_special_session_counts_until_it_ends() {
        let evening = "[[special_session]]\ndate = \"2026-11-22\"\nname = \"Muhurat\"\nopen = \"18:15\"\nclose = \"19:15\"\n";
        let special = || Calendar::with_file(evening).unwrap();
        for segments in [&[Segment::Cash][..], &[Segment::Cash, Segment::Fno]] {
            let needed = |text: &str| needed_on(special(), segments, text);
            for before_its_end in ["08:45", "15:40", "18:14", "18:20", "19:14"] {
                assert_eq!(
                    needed(&format!("2026-11-22T{before_its_end}")),
                    hours("18:15", "19:15"),
                    "{before_its_end}"
                );
            }
            assert_eq!(needed("2026-11-22T19:15"), None, "over");
        }
        let hours = TokenHours::usual(Arc::new(special()));
        let sunday = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert!(hours.is_day(sunday), "such a day has a tick");
        assert_eq!(hours.next_day(sunday.pred_opt().unwrap()), sunday);
        let close = hours.unusual_close(sunday).map(|at| ist::ist(at).format("%H:%M").to_string());
        assert_eq!(close.as_deref(), Some("19:15"), "until then a tick is caught up");
    }

    #[test]
    fn commodities_join_once_they_are_traded() {
        let hours = TokenHours::usual(Arc::new(Calendar::embedded()));
        let evening = DateTime::parse_from_rfc3339("2026-11-24T18:00:00+05:30").unwrap().to_utc();
        let holiday = ist::date(evening);
        assert_eq!(hours.join_mcx(["NSE:SBIN-EQ", "NSE:NIFTY26NOVFUT"]), None);
        assert_eq!((hours.needed(evening), hours.is_day(holiday)), (None, false));
        let seen = ["NSE:SBIN-EQ", "MCX:GOLDM26DECFUT", "MCX:CRUDEOIL26DECFUT"];
        assert_eq!(hours.join_mcx(seen).as_deref(), Some("MCX:GOLDM26DECFUT"));
        assert_eq!(hours.join_mcx(seen), None, "it is said once");
        assert!(hours.needed(evening).is_some() && hours.is_day(holiday), "the evening session counts");

        let next_run = TokenHours::usual(Arc::new(Calendar::embedded()));
        next_run.recall(&[Segment::Mcx]);
        assert_eq!((next_run.needed(evening), next_run.join_mcx(seen)), (hours.needed(evening), None));
        let configured = TokenHours::new(Arc::new(Calendar::embedded()), vec![Segment::Mcx]);
        assert_eq!(configured.join_mcx(seen), None, "nothing joins that was there");
    }
}
