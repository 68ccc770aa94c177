//! The trading days of a simulated year, as the judge knows them: by a list of its own, not by the keeper's rules. The
//! keeper gets the same list as a calendar file.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use fyers_api::ist;
use rand::{Rng, rngs::StdRng};

/// Holidays in a year.
const HOLIDAYS: usize = 15;
/// Special sessions in a year.
const SPECIAL: usize = 3;
/// Regular hours, derivatives included.
const OPENS: NaiveTime = ist::at(9, 15);
const CLOSES: NaiveTime = ist::at(15, 40);
/// No tick is caught up later on a regular day.
const LATEST: NaiveTime = ist::at(15, 30);
pub(crate) const TICK: NaiveTime = ist::at(8, 45);

/// A stretch of time.
pub(crate) type Span = (DateTime<Utc>, DateTime<Utc>);

pub(crate) struct Table {
    holidays: BTreeSet<NaiveDate>,
    special: BTreeMap<NaiveDate, (NaiveTime, NaiveTime)>,
}

impl Table {
    /// The days from this date on.
    pub(crate) fn random(first: NaiveDate, days: u64, dice: &mut StdRng) -> Self {
        let some = |dice: &mut StdRng| first + Days::new(dice.random_range(0..days.max(366)));
        let mut table = Self { holidays: BTreeSet::new(), special: BTreeMap::new() };
        while table.holidays.len() < HOLIDAYS {
            let date = some(dice);
            if !is_weekend(date) {
                table.holidays.insert(date);
            }
        }
        while table.special.len() < SPECIAL {
            let date = some(dice);
            if is_weekend(date) || table.holidays.contains(&date) {
                let opens = ist::at(dice.random_range(9..19), 15);
                table.special.insert(date, (opens, opens + TimeDelta::minutes(dice.random_range(60..150))));
            }
        }
        table
    }

    /// The keeper's calendar file.
    pub(crate) fn file(&self) -> String {
        let holidays = self.holidays.iter();
        let holidays = holidays.map(|date| format!("[[holiday]]\ndate = \"{date}\"\nname = \"A holiday\"\n"));
        let special = self.special.iter().map(|(date, (opens, closes))| {
            let time = |time: &NaiveTime| time.format("%H:%M").to_string();
            let (opens, closes) = (time(opens), time(closes));
            format!("[[special_session]]\ndate = \"{date}\"\nname = \"Special\"\nopen = \"{opens}\"\nclose = \"{closes}\"\n")
        });
        holidays.chain(special).collect()
    }

    /// When the market is open on the date.
    pub(crate) fn hours(&self, date: NaiveDate) -> Option<Span> {
        let at = |time| ist::instant(date, time);
        if let Some((opens, closes)) = self.special.get(&date) {
            return Some((at(*opens), at(*closes)));
        }
        let is_open = !is_weekend(date) && !self.holidays.contains(&date);
        is_open.then(|| (at(OPENS), at(CLOSES)))
    }

    /// In which the tick of the date is due, or is caught up.
    pub(crate) fn tick(&self, date: NaiveDate) -> Option<Span> {
        let (_, closes) = self.hours(date)?;
        let latest = ist::instant(date, LATEST);
        let latest = if self.special.contains_key(&date) { closes.max(latest) } else { latest };
        Some((ist::instant(date, TICK), latest))
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}
