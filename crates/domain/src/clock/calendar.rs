//! Trading days of the NSE and BSE equity segment. All dates and times IST.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};
use serde::Deserialize;

/// The list that is built in. Its head tells sources and doubts.
const EMBEDDED: &str = include_str!("nse-calendar.toml");
/// Regular hours where the list has none for a date.
const OPEN: NaiveTime = fyers_api::ist::at(9, 15);
const CLOSE: NaiveTime = fyers_api::ist::at(15, 30);
/// Cash securities without derivatives; their close is the later one.
const GROUP: &str = "other";

/// What a date is to the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayKind {
    /// A regular trading day.
    Trading {
        /// Regular session begins.
        open: NaiveTime,
        /// Regular session ends.
        close: NaiveTime,
    },
    /// A session on a weekend or holiday, as Muhurat trading.
    SpecialSession {
        /// Its occasion.
        name: String,
        /// It begins.
        open: NaiveTime,
        /// It ends.
        close: NaiveTime,
    },
    /// A weekday on which the market is closed.
    Holiday {
        /// Its name.
        name: String,
    },
    /// Saturday or Sunday.
    Weekend,
}

/// Holidays, special sessions and hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    holidays: BTreeMap<NaiveDate, String>,
    sessions: BTreeMap<NaiveDate, (String, NaiveTime, NaiveTime)>,
    hours: BTreeMap<NaiveDate, (NaiveTime, NaiveTime)>,
    years: BTreeSet<i32>,
}

/// A calendar file is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It is no TOML of the right form.
    #[error("{0}")]
    Form(String),
    /// An entry is wrong.
    #[error("{entry} of {date}: {problem}")]
    Entry {
        /// Which kind of entry.
        entry: &'static str,
        /// Its date as written.
        date: String,
        /// What is wrong.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    holiday: Vec<HolidayRow>,
    #[serde(default)]
    special_session: Vec<SessionRow>,
    #[serde(default)]
    regular_hours: Vec<HoursRow>,
}

#[derive(Deserialize)]
struct HolidayRow {
    date: String,
    name: String,
}

#[derive(Deserialize)]
struct SessionRow {
    date: String,
    name: String,
    open: String,
    close: String,
}

#[derive(Deserialize)]
struct HoursRow {
    from: String,
    group: String,
    open: String,
    close: String,
}

impl Calendar {
    /// The calendar that is built in; a test proves that it can be read.
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).unwrap_or_else(|error| unreachable!("the calendar built in: {error}"))
    }

    /// Reads a calendar file (the form of the one built in).
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        let file: File =
            toml::from_str(text).map_err(|error| CalendarError::Form(one_line(error.message())))?;
        let mut calendar = Self {
            holidays: BTreeMap::new(),
            sessions: BTreeMap::new(),
            hours: BTreeMap::new(),
            years: BTreeSet::new(),
        };
        for row in file.holiday {
            let date = date("holiday", &row.date)?;
            calendar.years.insert(date.year());
            calendar.holidays.insert(date, row.name);
        }
        for row in file.special_session {
            let date = date("special session", &row.date)?;
            let hours = hours("special session", &row.date, &row.open, &row.close)?;
            calendar.sessions.insert(date, (row.name, hours.0, hours.1));
        }
        for row in file.regular_hours.iter().filter(|row| row.group == GROUP) {
            let from = date("regular hours", &row.from)?;
            calendar.hours.insert(from, hours("regular hours", &row.from, &row.open, &row.close)?);
        }
        Ok(calendar)
    }

    /// What the date is. A special session beats a holiday and a weekend; a year that is not covered has no
    /// holidays, so all its weekdays count.
    pub fn day_kind(&self, date: NaiveDate) -> DayKind {
        if let Some((name, open, close)) = self.sessions.get(&date) {
            return DayKind::SpecialSession { name: name.clone(), open: *open, close: *close };
        }
        if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
            return DayKind::Weekend;
        }
        if let Some(name) = self.holidays.get(&date) {
            return DayKind::Holiday { name: name.clone() };
        }
        let (open, close) = self.hours.range(..=date).next_back().map_or((OPEN, CLOSE), |(_, hours)| *hours);
        DayKind::Trading { open, close }
    }

    /// Whether there is a session on the date.
    pub fn is_trading_day(&self, date: NaiveDate) -> bool {
        matches!(self.day_kind(date), DayKind::Trading { .. } | DayKind::SpecialSession { .. })
    }

    /// The name of the holiday, if the date is a weekday on which the market is closed.
    pub fn holiday(&self, date: NaiveDate) -> Option<String> {
        match self.day_kind(date) {
            DayKind::Holiday { name } => Some(name),
            _ => None,
        }
    }

    /// The first trading day after the date.
    pub fn next_trading_day(&self, after: NaiveDate) -> NaiveDate {
        let next = |date: &NaiveDate| date.checked_add_days(Days::new(1));
        let mut days = std::iter::successors(next(&after), next);
        days.find(|date| self.is_trading_day(*date)).unwrap_or(after)
    }

    /// The first weekday holiday on or after the date, within the list.
    pub fn next_holiday(&self, from: NaiveDate) -> Option<(NaiveDate, String)> {
        let closed = |date: &NaiveDate| matches!(self.day_kind(*date), DayKind::Holiday { .. });
        let mut holidays = self.holidays.range(from..);
        holidays.find(|(date, _)| closed(date)).map(|(date, name)| (*date, name.clone()))
    }

    /// Whether the holidays of the date's year are on file.
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.years.contains(&date.year())
    }

    /// The last day of the last year on file.
    pub fn covered_until(&self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(*self.years.last()?, 12, 31)
    }

    /// The year to warn about: this one if it is not covered, or the next one from 1 December on.
    pub fn uncovered_year(&self, today: NaiveDate) -> Option<i32> {
        let missing = |year: i32| !self.years.contains(&year);
        if missing(today.year()) {
            return Some(today.year());
        }
        (today.month() == 12 && missing(today.year() + 1)).then_some(today.year() + 1)
    }

    /// All holidays and special sessions, in order.
    pub fn listed_dates(&self) -> BTreeSet<NaiveDate> {
        self.holidays.keys().chain(self.sessions.keys()).copied().collect()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn date(entry: &'static str, text: &str) -> Result<NaiveDate, CalendarError> {
    let problem = "is not a date as 2026-11-24";
    text.parse().map_err(|_| CalendarError::Entry { entry, date: text.to_owned(), problem })
}

fn hours(
    entry: &'static str,
    date: &str,
    open: &str,
    close: &str,
) -> Result<(NaiveTime, NaiveTime), CalendarError> {
    let wrong = |problem| CalendarError::Entry { entry, date: date.to_owned(), problem };
    let time = |text: &str| {
        NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| wrong("has a time that is not as 09:15"))
    };
    let (open, close) = (time(open)?, time(close)?);
    if open < close { Ok((open, close)) } else { Err(wrong("closes before it opens")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> DayKind {
        Calendar::embedded().day_kind(text.parse().unwrap())
    }

    fn is_trading(text: &str) -> bool {
        Calendar::embedded().is_trading_day(text.parse().unwrap())
    }

    #[test]
    fn the_days_everyone_gets_wrong() {
        assert_eq!(
            kind("2026-11-24"),
            DayKind::Holiday { name: "Prakash Gurpurb Sri Guru Nanak Dev".into() }
        );
        assert!(matches!(kind("2026-11-08"), DayKind::SpecialSession { .. }), "Muhurat on a Sunday");
        assert!(matches!(kind("2025-10-21"), DayKind::SpecialSession { .. }), "Muhurat on a holiday");
        assert!(is_trading("2025-02-01"), "Budget on a Saturday");
        assert!(is_trading("2026-11-23"));
        assert_eq!(kind("2026-11-22"), DayKind::Weekend);
        assert!(!is_trading("2026-12-25"));
    }

    #[test]
    fn a_year_has_as_many_trading_days_as_the_exchange_had() {
        let calendar = Calendar::embedded();
        for (year, days) in [(2025, 249), (2026, 247)] {
            let start = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let dates = start.iter_days().take_while(|date| date.year() == year);
            assert_eq!(dates.filter(|date| calendar.is_trading_day(*date)).count(), days, "{year}");
        }
    }

    #[test]
    fn hours_change_with_their_date() {
        assert_eq!(kind("2026-08-04"), DayKind::Trading { open: OPEN, close: CLOSE });
        let text = "[[regular_hours]]\nfrom = \"2026-01-01\"\ngroup = \"other\"\nopen = \"10:00\"\nclose = \"11:00\"\n";
        let calendar = Calendar::parse(text).unwrap();
        let hours = |day: &str| calendar.day_kind(day.parse().unwrap());
        let at = fyers_api::ist::at;
        assert_eq!(hours("2025-12-31"), DayKind::Trading { open: OPEN, close: CLOSE });
        assert_eq!(hours("2026-01-01"), DayKind::Trading { open: at(10, 0), close: at(11, 0) });
    }

    #[test]
    fn a_year_without_a_list_counts_its_weekdays_and_is_warned_of_from_december() {
        assert!(is_trading("2027-01-26"));
        let warned = |day: &str| Calendar::embedded().uncovered_year(day.parse().unwrap());
        assert_eq!(warned("2026-11-30"), None);
        assert_eq!(warned("2026-12-01"), Some(2027));
        assert_eq!(warned("2027-03-01"), Some(2027));
    }

    #[test]
    fn a_wrong_file_is_told_in_one_line() {
        let day = |body: &str| Calendar::parse(&format!("[[special_session]]\nname = \"x\"\n{body}"));
        let cases = [
            day("date = \"2026-13-01\"\nopen = \"09:15\"\nclose = \"10:00\""),
            day("date = \"2026-12-01\"\nopen = \"9 o'clock\"\nclose = \"10:00\""),
            day("date = \"2026-12-01\"\nopen = \"11:15\"\nclose = \"10:00\""),
            Calendar::parse("holiday = 7"),
            Calendar::parse("[[holiday"),
        ];
        for case in cases {
            let text = case.unwrap_err().to_string();
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }
}
