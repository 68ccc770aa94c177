//! The day as a timeline: from 06:00, when tokens die, to the next 06:00. All times IST.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use fyers_api::ist::{at, instant, ist};
use keeper_domain::clock::{
    calendar::{Calendar, DayKind},
    token_hours::TokenHours,
};

/// FYERS' tokens end at this time.
const DAWN: NaiveTime = at(6, 0);

/// What the market does on that day, in the segments that the account uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketDay {
    /// It is open between these times.
    Open {
        /// From.
        from: NaiveTime,
        /// Until.
        until: NaiveTime,
        /// The occasion of a special session.
        occasion: Option<String>,
        /// Until when what is traded, where segments end at different times; else empty.
        closings: String,
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
    pub market: MarketDay,
}

impl Day {
    /// The day of this moment, with the sessions of these hours.
    pub fn of(calendar: &Calendar, hours: &TokenHours, tick_time: NaiveTime, now: DateTime<Utc>) -> Self {
        let now = ist(now);
        let date = (now - TimeDelta::hours(6)).date_naive();
        let market = match (hours.on(date), calendar.day_kind(date)) {
            (Some(session), kind) => {
                let occasion = match kind {
                    DayKind::SpecialSession { name, .. } => Some(name),
                    _ => None,
                };
                MarketDay::Open {
                    from: ist(session.opens).time(),
                    until: ist(session.closes).time(),
                    occasion,
                    closings: hours.closings(date).words(),
                }
            }
            (None, DayKind::Holiday { name }) => MarketDay::Closed(name),
            (None, DayKind::Weekend) => MarketDay::Closed("weekend".to_owned()),
            (None, _) => MarketDay::Closed("no session".to_owned()),
        };
        let tick = hours.is_day(date).then_some(tick_time);
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
    use std::sync::Arc;

    use keeper_domain::clock::sessions::Segment;

    use super::*;

    fn day(text: &str) -> Day {
        let now = DateTime::parse_from_rfc3339(&format!("{text}+05:30")).unwrap().to_utc();
        let calendar = Arc::new(Calendar::embedded());
        Day::of(&calendar, &TokenHours::usual(Arc::clone(&calendar)), at(8, 45), now)
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
            MarketDay::Open {
                from: at(9, 15),
                until: at(15, 40),
                occasion: None,
                closings: "shares until 15:30, derivatives until 15:40".to_owned()
            },
            "derivatives go on after shares"
        );
        assert_eq!(day("2026-11-22T12:00:00").market, MarketDay::Closed("weekend".into()));
        assert_eq!(day("2026-11-22T12:00:00").tick, None);
        assert!(
            matches!(day("2026-12-25T12:00:00").market, MarketDay::Closed(name) if name.contains("Christmas"))
        );
        let muhurat = day("2026-11-08T12:00:00");
        assert!(matches!(muhurat.market, MarketDay::Open { occasion: Some(_), .. }));
    }
    #[test]
    fn the_hours_are_those_of_the_segments_in_use() {
        let calendar = Arc::new(Calendar::embedded());
        let until = |segments: &[Segment]| {
            let hours = TokenHours::new(Arc::clone(&calendar), segments.to_vec());
            let now = DateTime::parse_from_rfc3339("2026-11-23T12:00:00+05:30").unwrap().to_utc();
            match Day::of(&calendar, &hours, at(8, 45), now).market {
                MarketDay::Open { until, .. } => until,
                MarketDay::Closed(why) => panic!("{why}"),
            }
        };
        assert_eq!(until(&[Segment::Cash]), at(15, 30));
        assert!(until(&[Segment::Cash, Segment::Mcx]) > at(23, 0), "commodities go on in the evening");
    }
}
