//! The one table of sessions by segment: when which market trades, from the [`Calendar`]. Everything that depends on
//! market hours (fills, expiry of DAY orders, square-off, `marketStatus`, the hours in which a token matters) reads it here.
//!
//! Times of day are IST; instants are UTC. All functions are pure.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use fyers_api::ist;

use crate::calendar::{Calendar, CalendarMarket, DayKind, Group, is_weekend};

pub use fyers_api::model::Segment;

/// How long before the end of its last session a segment's INTRADAY positions are closed.
const SQUARE_OFF_BEFORE_CLOSE: TimeDelta = TimeDelta::minutes(15);
/// INTRADAY in NSE and BSE shares and derivatives is closed at this time on regular days, although derivatives trade
/// longer.
const SQUARE_OFF: NaiveTime = ist::at(15, 15);
/// How long a closing auction takes no orders at its beginning.
const AUCTION_FREEZE: TimeDelta = TimeDelta::minutes(5);
const MCX_OPEN: NaiveTime = ist::at(9, 0);
const MCX_EVENING: NaiveTime = ist::at(17, 0);
const MCX_CLOSE: NaiveTime = ist::at(23, 30);
/// While New York is on winter time.
const MCX_CLOSE_WINTER: NaiveTime = ist::at(23, 55);
/// How many days ahead a next session is looked for.
const HORIZON: u64 = 60;

/// What kind of session it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    /// Orders for the opening auction; nothing trades continuously.
    PreOpen,
    /// The regular session.
    Normal,
    /// A session outside regular days or hours, as Muhurat trading.
    Special,
    /// MCX's evening on a holiday of the other exchanges.
    Evening,
}

/// One session of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What kind.
    pub kind: SessionKind,
    /// Its occasion, for special ones; else empty.
    pub name: String,
    /// First instant that belongs to it.
    pub open: DateTime<Utc>,
    /// First instant that does not.
    pub close: DateTime<Utc>,
}

impl Session {
    fn new(kind: SessionKind, date: NaiveDate, open: NaiveTime, close: NaiveTime) -> Self {
        let name = String::new();
        Self { kind, name, open: ist::instant(date, open), close: ist::instant(date, close) }
    }

    /// Whether the instant lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.open..self.close).contains(&at)
    }

    /// Whether orders trade in it as they come.
    pub fn is_continuous(&self) -> bool {
        self.kind != SessionKind::PreOpen
    }
}

/// The sessions of one date, worked out once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SessionsOfDay {
    date: Option<NaiveDate>,
    by_segment: [Vec<Session>; Segment::ALL.len()],
}

impl SessionsOfDay {
    pub(crate) fn of(calendar: &Calendar, date: NaiveDate) -> Self {
        let by_segment = Segment::ALL.map(|segment| sessions(calendar, segment, date));
        Self { date: Some(date), by_segment }
    }

    /// The same as [`sessions`]; `None` on another date.
    pub(crate) fn get(&self, segment: Segment, date: NaiveDate) -> Option<&[Session]> {
        let place = Segment::ALL.iter().position(|one| *one == segment)?;
        (self.date == Some(date)).then(|| self.by_segment[place].as_slice())
    }
}

/// All sessions of a segment on a date, in order.
pub fn sessions(calendar: &Calendar, segment: Segment, date: NaiveDate) -> Vec<Session> {
    let market = match segment {
        Segment::Cash => CalendarMarket::Cash,
        Segment::Fno => CalendarMarket::Fno,
        Segment::Mcx => CalendarMarket::Mcx,
        Segment::Currency => return vec![],
    };
    let special = calendar.special_hours(market, date);
    let mut all = match segment {
        Segment::Mcx => mcx(calendar, date, !special.is_empty()),
        _ if !special.is_empty() => vec![],
        _ => regular(calendar, segment, date),
    };
    all.extend(special.iter().map(|hours| Session {
        name: hours.name.clone(),
        ..Session::new(SessionKind::Special, date, hours.open, hours.close)
    }));
    all.sort_by_key(|session| session.open);
    all
}

fn regular(calendar: &Calendar, segment: Segment, date: NaiveDate) -> Vec<Session> {
    if !matches!(calendar.day_kind(date), DayKind::Trading { .. }) {
        return vec![];
    }
    let group = if segment == Segment::Fno { Group::Derivatives } else { Group::Other };
    let hours = calendar.hours(group, date);
    let pre_open = hours.pre_open.zip(hours.pre_open_end);
    let pre_open = pre_open.map(|(open, end)| Session::new(SessionKind::PreOpen, date, open, end));
    let normal = Session::new(SessionKind::Normal, date, hours.open, hours.close);
    pre_open.into_iter().chain([normal]).collect()
}

/// A special session of MCX on a regular day is in place of the day; on a holiday the evening goes on after it.
fn mcx(calendar: &Calendar, date: NaiveDate, special: bool) -> Vec<Session> {
    let close = if new_york_summer(date) { MCX_CLOSE } else { MCX_CLOSE_WINTER };
    if is_weekend(date) {
        return vec![];
    }
    match (calendar.is_listed_holiday(date), calendar.mcx_evening(date)) {
        (true, true) => vec![Session::new(SessionKind::Evening, date, MCX_EVENING, close)],
        (true, false) => vec![],
        (false, _) if special => vec![],
        (false, _) => vec![Session::new(SessionKind::Normal, date, MCX_OPEN, close)],
    }
}

/// Second Sunday of March to first Sunday of November, by date.
fn new_york_summer(date: NaiveDate) -> bool {
    let sunday =
        |month, number| NaiveDate::from_weekday_of_month_opt(date.year(), month, Weekday::Sun, number);
    sunday(3, 2).is_some_and(|start| start <= date) && sunday(11, 1).is_some_and(|end| date < end)
}

/// The session in which orders of this segment trade at this instant.
pub fn open_session(calendar: &Calendar, segment: Segment, at: DateTime<Utc>) -> Option<Session> {
    let mut today = sessions(calendar, segment, ist::date(at)).into_iter();
    today.find(|session| session.is_continuous() && session.contains(at))
}

/// Whether orders of this segment trade at this instant.
pub fn is_open(calendar: &Calendar, segment: Segment, at: DateTime<Utc>) -> bool {
    open_session(calendar, segment, at).is_some()
}

/// Whether one of these segments has a session on the date.
pub fn is_session_day(calendar: &Calendar, segments: &[Segment], date: NaiveDate) -> bool {
    segments.iter().any(|segment| !sessions(calendar, *segment, date).is_empty())
}

/// The next session of these segments that begins after this instant, with its segment; `None` when there is none
/// within two months.
pub fn next_open(
    calendar: &Calendar,
    segments: &[Segment],
    after: DateTime<Utc>,
) -> Option<(Segment, Session)> {
    let first = ist::date(after);
    (0..HORIZON).filter_map(|days| first.checked_add_days(Days::new(days))).find_map(|date| {
        let of = |segment: &Segment| {
            let (segment, all) = (*segment, sessions(calendar, *segment, date));
            all.into_iter().map(move |session| (segment, session))
        };
        let coming = segments.iter().flat_map(of);
        let coming = coming.filter(|(_, session)| session.is_continuous() && session.open > after);
        coming.min_by_key(|(_, session)| session.open)
    })
}

/// When the segment's last session of the date ends: DAY orders expire then. `None` without a session.
pub fn day_close(calendar: &Calendar, segment: Segment, date: NaiveDate) -> Option<DateTime<Utc>> {
    sessions(calendar, segment, date).last().map(|session| session.close)
}

/// When the broker closes INTRADAY positions of the segment on the date, and takes no more INTRADAY orders. `None`
/// without a session.
pub fn square_off(calendar: &Calendar, segment: Segment, date: NaiveDate) -> Option<DateTime<Utc>> {
    let last = sessions(calendar, segment, date).pop()?;
    let regular = ist::instant(date, SQUARE_OFF);
    let shares = matches!(segment, Segment::Cash | Segment::Fno) && last.kind == SessionKind::Normal;
    Some(if shares && last.close > regular { regular } else { last.close - SQUARE_OFF_BEFORE_CLOSE })
}

/// Whether a share with a closing auction (`isCasEligible` in the symbol master) takes no new orders, changes or
/// cancels at this instant: the first five minutes of the auction.
pub fn closing_auction_freeze(calendar: &Calendar, at: DateTime<Utc>) -> bool {
    let date = ist::date(at);
    let Some(auction) = calendar.hours(Group::Fno, date).auction_open else { return false };
    let begin = ist::instant(date, auction);
    let regular = matches!(calendar.day_kind(date), DayKind::Trading { .. });
    regular && (begin..begin + AUCTION_FREEZE).contains(&at)
}

/// A word of `GET /data/marketStatus`: `OPEN`, `PREOPEN`, `PREOPEN_CLOSED` or `CLOSED`.
pub fn status_word(calendar: &Calendar, segment: Segment, at: DateTime<Utc>) -> &'static str {
    let today = sessions(calendar, segment, ist::date(at));
    let now = today.iter().find(|session| session.contains(at));
    let between = |pair: &[Session]| !pair[0].is_continuous() && (pair[0].close..pair[1].open).contains(&at);
    match now {
        Some(session) if session.is_continuous() => "OPEN",
        Some(_) => "PREOPEN",
        None if today.windows(2).any(between) => "PREOPEN_CLOSED",
        None => "CLOSED",
    }
}

#[cfg(test)]
mod tests;
