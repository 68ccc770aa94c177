//! The day as a timeline: from 06:00, when tokens die, to the next 06:00. All times IST.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use fyers_api::ist::{at, instant, ist};
use keeper_domain::clock::calendar::{Calendar, DayKind};

/// FYERS' tokens end at this time.
const DAWN: NaiveTime = at(6, 0);

/// What the market does on that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Market {
    /// It is open between these times.
    Open {
        /// From.
        from: NaiveTime,
        /// Until.
        until: NaiveTime,
        /// The occasion of a special session.
        occasion: Option<String>,
    },
    /// It is closed, with the reason.
    Closed(String),
}

/// The day of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Its date; the hours before 06:00 belong to the day before.
    pub date: NaiveDate,
    /// The moment.
    pub now: DateTime<FixedOffset>,
    /// When the daily tick is due, on a trading day.
    pub tick: Option<NaiveTime>,
    /// What the market does.
    pub market: Market,
}

impl Day {
    /// The day of this moment.
    pub fn of(calendar: &Calendar, tick_time: NaiveTime, now: DateTime<Utc>) -> Self {
        let now = ist(now);
        let date = (now - TimeDelta::hours(6)).date_naive();
        let market = match calendar.day_kind(date) {
            DayKind::Trading { open, close } => Market::Open { from: open, until: close, occasion: None },
            DayKind::SpecialSession { name, open, close } => {
                Market::Open { from: open, until: close, occasion: Some(name) }
            }
            DayKind::Holiday { name } => Market::Closed(name),
            DayKind::Weekend => Market::Closed("weekend".to_owned()),
        };
        let tick = matches!(market, Market::Open { .. }).then_some(tick_time);
        Self { date, now, tick, market }
    }

    /// Where a moment lies between this day's 06:00 and the next, in percent; at the nearer end when it is outside.
    pub fn place(&self, moment: DateTime<FixedOffset>) -> f64 {
        let begin = ist(instant(self.date, DAWN));
        let minutes = (moment - begin).num_seconds() as f64 / 60.0;
        (minutes / 1440.0 * 100.0).clamp(0.0, 100.0)
    }

    /// Where a time of this day lies, in percent.
    pub fn place_of(&self, time: NaiveTime) -> f64 {
        self.place(ist(instant(self.date, time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        let now = DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc();
        Day::of(&Calendar::embedded(), at(8, 45), now)
    }

    #[test]
    fn a_day_begins_and_ends_at_six() {
        assert_eq!(day("2026-11-24T05:59:59").date, NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
        assert_eq!(day("2026-11-23T06:00:00").date, NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
        let monday = day("2026-11-23T12:00:00");
        assert_eq!(monday.place(monday.now), 25.0);
        assert_eq!(monday.place_of(at(6, 0)), 0.0);
        assert_eq!(monday.place(ist(instant(monday.date.succ_opt().unwrap(), at(6, 0)))), 100.0);
        assert_eq!(monday.place(monday.now + TimeDelta::days(3)), 100.0);
    }

    #[test]
    fn the_market_is_open_or_closed_for_a_reason() {
        assert_eq!(
            day("2026-11-23T12:00:00").market,
            Market::Open { from: at(9, 15), until: at(15, 30), occasion: None }
        );
        assert_eq!(day("2026-11-22T12:00:00").market, Market::Closed("weekend".into()));
        assert_eq!(day("2026-11-22T12:00:00").tick, None);
        assert!(
            matches!(day("2026-12-25T12:00:00").market, Market::Closed(name) if name.contains("Christmas"))
        );
        let muhurat = day("2026-11-08T12:00:00");
        assert!(matches!(muhurat.market, Market::Open { occasion: Some(_), .. }));
    }
}
