//! Two days in a row of the calendar, whatever they are, and the segments of an account.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use fyers_api::ist;
use proptest::{prelude::*, sample};

use crate::clock::{calendar::Calendar, sessions::Segment, token_hours::TokenHours};

/// The hours of a special session of the user's calendar file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Special {
    opens: NaiveTime,
    minutes: i64,
    with_mcx: bool,
}

/// Two days of an account.
#[derive(Debug, Clone)]
pub(super) struct TwoDays {
    pub(super) first: NaiveDate,
    /// On the first of them.
    special: Option<Special>,
    /// As configured.
    segments: Vec<Segment>,
    /// Whether commodities have joined in an earlier run.
    has_joined: bool,
}

impl TwoDays {
    pub(super) fn hours(&self) -> Arc<TokenHours> {
        let hours = TokenHours::new(Arc::new(self.calendar()), self.segments.clone());
        hours.recall(if self.has_joined { &[Segment::Mcx] } else { &[] });
        Arc::new(hours)
    }

    fn calendar(&self) -> Calendar {
        let Some(Special { opens, minutes, with_mcx }) = self.special else { return Calendar::embedded() };
        let closes = opens + TimeDelta::minutes(minutes);
        let segments = if with_mcx { r#"["cash", "fno", "mcx"]"# } else { r#"["cash", "fno"]"# };
        let time = |time: NaiveTime| time.format("%H:%M");
        let file = format!(
            "[[special_session]]\ndate = \"{}\"\nname = \"Muhurat\"\nopen = \"{}\"\nclose = \"{}\"\nsegments = {segments}\n",
            self.first,
            time(opens),
            time(closes)
        );
        Calendar::with_file(&file).unwrap()
    }

    pub(super) fn dates(&self) -> [NaiveDate; 2] {
        [self.first, self.first.succ_opt().unwrap()]
    }
}

/// What kind of day it is for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KindOfDay {
    Without,
    Regular,
    /// It begins after noon: Muhurat, or MCX's evening on a holiday.
    Evening,
    /// Something trades into the night.
    Long,
}

pub(super) fn kind(hours: &TokenHours, date: NaiveDate) -> KindOfDay {
    match hours.on(date) {
        None => KindOfDay::Without,
        Some(session) if session.opens > at(date, 12, 0) => KindOfDay::Evening,
        Some(session) if session.closes > at(date, 16, 0) => KindOfDay::Long,
        Some(_) => KindOfDay::Regular,
    }
}

pub(super) fn at(date: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    ist::instant(date, ist::at(hour, minute))
}

fn date() -> impl Strategy<Value = NaiveDate> {
    let begin = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    let listed: Vec<NaiveDate> = Calendar::embedded().listed_dates().into_iter().collect();
    prop_oneof![
        2 => (0_u64..729).prop_map(move |days| begin + Days::new(days)),
        1 => sample::select(listed),
    ]
}

fn special() -> impl Strategy<Value = Special> {
    let hours = prop_oneof![
        1 => Just((ist::at(18, 15), 60)),
        1 => (9_u32..21, 0_u32..60, 30_i64..150)
            .prop_map(|(hour, minute, long)| (ist::at(hour, minute), long)),
    ];
    (hours, any::<bool>()).prop_map(|((opens, minutes), with_mcx)| Special { opens, minutes, with_mcx })
}

pub(super) fn two_days() -> impl Strategy<Value = TwoDays> {
    use Segment::{Cash, Fno, Mcx};
    let segments = prop_oneof![
        3 => Just(vec![Cash, Fno]),
        1 => sample::subsequence(vec![Cash, Fno, Mcx], 1..=3),
    ];
    let special = prop_oneof![2 => Just(None), 1 => special().prop_map(Some)];
    (date(), special, segments, any::<bool>()).prop_map(|(first, special, segments, has_joined)| TwoDays {
        first,
        special,
        segments,
        has_joined,
    })
}
