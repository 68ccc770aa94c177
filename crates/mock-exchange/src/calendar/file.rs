//! The TOML form of a calendar. Unknown keys are errors: a misspelt table would close no market.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use fyers_api::ist;
use serde::Deserialize;

/// Regular hours where the list has none for a date.
const OPEN: NaiveTime = ist::at(9, 15);
const CLOSE: NaiveTime = ist::at(15, 30);

/// Securities with regular hours of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Shares without derivatives; their close is the cash market's.
    Other,
    /// Shares with derivatives, which since August 2026 end in a closing auction.
    Fno,
    /// Futures and options.
    Derivatives,
}

/// Regular hours of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Orders for the opening auction are taken from here to [`Self::pre_open_end`].
    pub pre_open: Option<NaiveTime>,
    /// End of the pre-open orders.
    pub pre_open_end: Option<NaiveTime>,
    /// Continuous trading begins.
    pub open: NaiveTime,
    /// Continuous trading ends.
    pub close: NaiveTime,
    /// The closing auction begins, where there is one.
    pub auction_open: Option<NaiveTime>,
}

impl Hours {
    pub(super) const DEFAULT: Self =
        Self { pre_open: None, pre_open_end: None, open: OPEN, close: CLOSE, auction_open: None };
}

/// A market of which the calendar may say something special.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalendarMarket {
    /// NSE and BSE shares.
    Cash,
    /// NSE and BSE futures and options.
    Fno,
    /// MCX.
    Mcx,
}

/// A session on a weekend or holiday, or instead of a regular one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialHours {
    /// Its occasion.
    pub name: String,
    /// It begins.
    pub open: NaiveTime,
    /// It ends.
    pub close: NaiveTime,
}

/// A weekday without a session of the cash market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holiday {
    pub(super) name: String,
    pub(super) mcx_evening: bool,
}

/// What a calendar text lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct List {
    pub(super) holidays: BTreeMap<NaiveDate, Holiday>,
    pub(super) special: BTreeMap<NaiveDate, BTreeMap<CalendarMarket, Vec<SpecialHours>>>,
    pub(super) hours: BTreeMap<(Group, NaiveDate), Hours>,
}

/// A calendar file is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// It is no TOML with the expected tables and keys.
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
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    holiday: Vec<HolidayRow>,
    #[serde(default)]
    special_session: Vec<SessionRow>,
    #[serde(default)]
    regular_hours: Vec<HoursRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mcx {
    Evening,
    Closed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HolidayRow {
    date: String,
    name: String,
    mcx: Option<Mcx>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum MarketWord {
    Cash,
    Fno,
    Mcx,
}

impl From<MarketWord> for CalendarMarket {
    fn from(word: MarketWord) -> Self {
        match word {
            MarketWord::Cash => Self::Cash,
            MarketWord::Fno => Self::Fno,
            MarketWord::Mcx => Self::Mcx,
        }
    }
}

fn cash_and_fno() -> Vec<MarketWord> {
    vec![MarketWord::Cash, MarketWord::Fno]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionRow {
    date: String,
    name: String,
    open: String,
    close: String,
    #[serde(default = "cash_and_fno")]
    segments: Vec<MarketWord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum GroupWord {
    Other,
    Fno,
    Derivatives,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursRow {
    from: String,
    group: GroupWord,
    open: String,
    close: String,
    pre_open: Option<String>,
    pre_open_orders_end: Option<String>,
    auction_open: Option<String>,
    auction_close: Option<String>,
    post_close_open: Option<String>,
    post_close_end: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<List, CalendarError> {
    let file: File = toml::from_str(text).map_err(|error| CalendarError::Form(one_line(error.message())))?;
    let mut list = List::default();
    for row in file.holiday {
        let date = date("holiday", &row.date)?;
        let mcx_evening = matches!(row.mcx, Some(Mcx::Evening));
        list.holidays.insert(date, Holiday { name: row.name, mcx_evening });
    }
    for row in file.special_session {
        add_special(&mut list, row)?;
    }
    for row in file.regular_hours {
        let (key, hours) = regular(&row)?;
        list.hours.insert(key, hours);
    }
    Ok(list)
}

/// Beside others of the same day, which it must not run into.
fn add_special(list: &mut List, row: SessionRow) -> Result<(), CalendarError> {
    let entry = "special session";
    let date = date(entry, &row.date)?;
    let (open, close) = span(entry, &row.date, &row.open, &row.close)?;
    let hours = SpecialHours { name: row.name, open, close };
    for market in row.segments {
        let of_day = list.special.entry(date).or_default().entry(market.into()).or_default();
        if of_day.iter().any(|other| other.open < close && open < other.close) {
            let problem = "runs into another one of that day";
            return Err(CalendarError::Entry { entry, date: row.date, problem });
        }
        of_day.push(hours.clone());
        of_day.sort_by_key(|one| one.open);
    }
    Ok(())
}

fn regular(row: &HoursRow) -> Result<((Group, NaiveDate), Hours), CalendarError> {
    let entry = "regular hours";
    let from = date(entry, &row.from)?;
    let (open, close) = span(entry, &row.from, &row.open, &row.close)?;
    let optional = |text: &Option<String>| {
        text.as_deref().map(|text| time(text).ok_or_else(|| bad_time(entry, &row.from))).transpose()
    };
    // Nothing here trades after the close, but a time that cannot be read is an error all the same.
    for text in [&row.auction_close, &row.post_close_open, &row.post_close_end] {
        optional(text)?;
    }
    let group = match row.group {
        GroupWord::Other => Group::Other,
        GroupWord::Fno => Group::Fno,
        GroupWord::Derivatives => Group::Derivatives,
    };
    let (pre_open, pre_open_end) = (optional(&row.pre_open)?, optional(&row.pre_open_orders_end)?);
    Ok((
        (group, from),
        Hours { pre_open, pre_open_end, open, close, auction_open: optional(&row.auction_open)? },
    ))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn date(entry: &'static str, text: &str) -> Result<NaiveDate, CalendarError> {
    let problem = "is not a date as 2026-11-24";
    text.parse().map_err(|_| CalendarError::Entry { entry, date: text.to_owned(), problem })
}

fn time(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

fn bad_time(entry: &'static str, date: &str) -> CalendarError {
    CalendarError::Entry { entry, date: date.to_owned(), problem: "has a time that is not as 09:15" }
}

fn span(
    entry: &'static str,
    date: &str,
    open: &str,
    close: &str,
) -> Result<(NaiveTime, NaiveTime), CalendarError> {
    let read = |text: &str| time(text).ok_or_else(|| bad_time(entry, date));
    let (open, close) = (read(open)?, read(close)?);
    let problem = "closes before it opens";
    if open < close {
        Ok((open, close))
    } else {
        Err(CalendarError::Entry { entry, date: date.to_owned(), problem })
    }
}
