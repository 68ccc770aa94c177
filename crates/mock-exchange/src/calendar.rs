//! Trading days of the Indian exchanges: holidays, special sessions and regular hours. All dates and times IST.
//!
//! A list is built in; a user's file written like it ([`Calendar::with_file`]) adds to it and corrects it, date by date.

mod file;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use file::List;
pub use file::{CalendarError, CalendarMarket, Group, Hours, SpecialHours};

/// The list that is built in. Its head tells sources and doubts.
const EMBEDDED: &str = include_str!("calendar/nse-calendar.toml");
/// What a date is to the market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayKind {
    /// A regular trading day.
    Trading {
        /// Regular session of the cash market begins.
        open: NaiveTime,
        /// Regular session of the cash market ends.
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    list: List,
}

impl Calendar {
    /// The calendar that is built in; a test proves that it can be read.
    pub fn embedded() -> Self {
        Self::parse(EMBEDDED).unwrap_or_else(|error| unreachable!("the calendar built in: {error}"))
    }

    /// Reads a calendar text by itself, without the list built in.
    ///
    /// # Errors
    /// What is wrong with the text, in one line: it is no TOML, has an unknown key, or an impossible date or time.
    pub fn parse(text: &str) -> Result<Self, CalendarError> {
        file::parse(text).map(|list| Self { list })
    }

    /// The list built in, with a user's file over it: an entry of the file replaces the one of its date.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn with_file(text: &str) -> Result<Self, CalendarError> {
        let (mut merged, file) = (Self::embedded(), Self::parse(text)?);
        for (date, mut holiday) in file.list.holidays {
            // A name corrected by the user does not close an evening session that the list knows of.
            holiday.mcx_evening |= merged.list.holidays.get(&date).is_some_and(|known| known.mcx_evening);
            merged.list.holidays.insert(date, holiday);
        }
        merged.list.special.extend(file.list.special);
        merged.list.hours.extend(file.list.hours);
        Ok(merged)
    }

    /// What the date is to the cash market. A special session beats a holiday and a weekend; a year that is not
    /// covered has no holidays, so all its weekdays count.
    pub fn day_kind(&self, date: NaiveDate) -> DayKind {
        // Of several the whole stretch: what is open in it is for `sessions`.
        if let [first, .., last] | [first @ last] = self.special_hours(CalendarMarket::Cash, date) {
            return DayKind::SpecialSession { name: first.name.clone(), open: first.open, close: last.close };
        }
        if is_weekend(date) {
            return DayKind::Weekend;
        }
        if let Some(holiday) = self.list.holidays.get(&date) {
            return DayKind::Holiday { name: holiday.name.clone() };
        }
        let Hours { open, close, .. } = self.hours(Group::Other, date);
        DayKind::Trading { open, close }
    }

    /// Special hours of a market on a date, in order: an exchange that tries out its second site has had two on one day.
    pub fn special_hours(&self, market: CalendarMarket, date: NaiveDate) -> &[SpecialHours] {
        let of_date = self.list.special.get(&date).and_then(|markets| markets.get(&market));
        of_date.map_or(&[], Vec::as_slice)
    }

    /// Regular hours of a group, as they are in force on a date (whatever kind of day it is).
    pub fn hours(&self, group: Group, date: NaiveDate) -> Hours {
        let in_force = self.list.hours.range((group, NaiveDate::MIN)..=(group, date)).next_back();
        in_force.map_or(Hours::DEFAULT, |(_, hours)| *hours)
    }

    /// Whether the date is on the list of holidays.
    pub fn is_listed_holiday(&self, date: NaiveDate) -> bool {
        self.list.holidays.contains_key(&date)
    }

    /// Whether MCX trades from 17:00 on although the date is a holiday.
    pub fn mcx_evening(&self, date: NaiveDate) -> bool {
        self.list.holidays.get(&date).is_some_and(|holiday| holiday.mcx_evening)
    }

    /// Whether there is a session of the cash market on the date.
    pub fn is_trading_day(&self, date: NaiveDate) -> bool {
        matches!(self.day_kind(date), DayKind::Trading { .. } | DayKind::SpecialSession { .. })
    }

    /// The last trading day before the date.
    pub fn previous_trading_day(&self, before: NaiveDate) -> NaiveDate {
        let previous = |date: &NaiveDate| date.checked_sub_days(Days::new(1));
        let mut days = std::iter::successors(previous(&before), previous);
        days.find(|date| self.is_trading_day(*date)).unwrap_or(before)
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
        let mut holidays = self.list.holidays.range(from..);
        holidays.find(|(date, _)| closed(date)).map(|(date, holiday)| (*date, holiday.name.clone()))
    }

    /// Whether the holidays of the date's year are on file.
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.coverage().contains_key(&date.year())
    }

    /// How many holidays of which year are on file: one holiday does not vouch for a year.
    pub fn coverage(&self) -> BTreeMap<i32, usize> {
        let mut years = BTreeMap::new();
        self.list.holidays.keys().for_each(|date| *years.entry(date.year()).or_default() += 1);
        years
    }

    /// [`Self::coverage`] in words, as `14 holidays of 2025, 16 holidays of 2026`.
    pub fn coverage_words(&self) -> String {
        let words = |(year, count): (i32, usize)| match count {
            1 => format!("1 holiday of {year}"),
            _ => format!("{count} holidays of {year}"),
        };
        self.coverage().into_iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// The last day of the last year on file.
    pub fn covered_until(&self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(*self.coverage().last_key_value()?.0, 12, 31)
    }

    /// The year to warn about: this one if it is not covered, or the next one from 1 December on.
    pub fn uncovered_year(&self, today: NaiveDate) -> Option<i32> {
        let missing = |year: i32| !self.coverage().contains_key(&year);
        if missing(today.year()) {
            return Some(today.year());
        }
        (today.month() == 12 && missing(today.year() + 1)).then_some(today.year() + 1)
    }

    /// All holidays and special sessions, in order.
    pub fn listed_dates(&self) -> BTreeSet<NaiveDate> {
        self.list.holidays.keys().chain(self.list.special.keys()).copied().collect()
    }
}

/// Saturday or Sunday.
pub(crate) fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

#[cfg(test)]
mod tests;
