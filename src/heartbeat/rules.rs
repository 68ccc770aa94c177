//! What the monitor of the day should have heard by now: a comparison of what is with what was told, so that neither a
//! restart nor an outage of the monitor loses a signal or repeats an old one.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use fyers_api::ist;
use serde::{Deserialize, Serialize};

/// A tick that was caught up late gets at least this long before its day is called a failure.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// What a monitor can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The day's check has begun.
    Start,
    /// There is a good token, or none is needed today.
    Success,
    /// The market is open and there is no token.
    Fail,
}

impl Signal {
    /// What is added to the address.
    pub fn ending(self) -> Option<&'static str> {
        match self {
            Self::Start => Some("start"),
            Self::Success => None,
            Self::Fail => Some("fail"),
        }
    }
}

/// The last thing the monitor was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The day it was about (IST).
    pub date: NaiveDate,
    /// What it was.
    pub signal: Signal,
}

/// What is.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The time.
    pub now: DateTime<Utc>,
    /// When the tick is due (IST).
    pub tick_time: NaiveTime,
    /// Whether there is a session today.
    pub trading_day: bool,
    /// When today's tick was taken on, if it was.
    pub begun_at: Option<DateTime<Utc>>,
    /// Whether the tick's outcome is known.
    pub done: bool,
    /// Whether there is a token that may be used.
    pub usable: bool,
}

/// The next thing to tell, if there is one. A trading day's first signal is always the start, its last one the
/// success; a day that fails at the opening bell can still become one.
pub fn due(look: &Look, told: Option<Told>) -> Option<Signal> {
    let today = ist::date(look.now);
    let told = told.filter(|told| told.date == today).map(|told| told.signal);
    if !look.trading_day {
        let past = ist::ist(look.now).time() >= look.tick_time;
        return (past && told.is_none()).then_some(Signal::Success);
    }
    let begun_at = look.begun_at?;
    match told {
        None => Some(Signal::Start),
        Some(Signal::Success) => None,
        Some(_) if look.usable && look.done => Some(Signal::Success),
        Some(Signal::Fail) => None,
        Some(Signal::Start) => {
            let bell = ist::instant(today, ist::at(9, 15));
            (look.now >= bell.max(begun_at + PATIENCE)).then_some(Signal::Fail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: (u32, u32) = (8, 45);

    fn look(day: &str, time: &str) -> Look {
        let time: NaiveTime = time.parse().unwrap();
        let date: NaiveDate = day.parse().unwrap();
        let tick_time = ist::at(TICK.0, TICK.1);
        let begun = time >= tick_time;
        Look {
            now: ist::instant(date, time),
            tick_time,
            trading_day: true,
            begun_at: begun.then(|| ist::instant(date, tick_time)),
            done: begun,
            usable: false,
        }
    }

    fn told(day: &str, signal: Signal) -> Option<Told> {
        Some(Told { date: day.parse().unwrap(), signal })
    }

    const MON: &str = "2026-11-23";

    #[test]
    fn a_morning_with_one_tap() {
        assert_eq!(due(&look(MON, "08:44:59"), None), None);
        assert_eq!(due(&look(MON, "08:45:03"), None), Some(Signal::Start));
        let waiting = look(MON, "08:46:00");
        assert_eq!(due(&waiting, told(MON, Signal::Start)), None, "a login is waited for");
        let logged_in = Look { usable: true, ..look(MON, "08:47:00") };
        assert_eq!(due(&logged_in, told(MON, Signal::Start)), Some(Signal::Success));
        assert_eq!(due(&logged_in, told(MON, Signal::Success)), None, "once");
    }

    #[test]
    fn a_token_that_was_there_before_is_a_start_and_a_success() {
        let early = Look { usable: true, ..look(MON, "08:45:03") };
        assert_eq!(due(&early, told("2026-11-20", Signal::Success)), Some(Signal::Start));
        assert_eq!(due(&early, told(MON, Signal::Start)), Some(Signal::Success));
        let checking = Look { done: false, ..early };
        assert_eq!(due(&checking, told(MON, Signal::Start)), None, "the check is still under way");
    }

    #[test]
    fn nobody_logs_in_before_the_bell() {
        assert_eq!(due(&look(MON, "09:14:59"), told(MON, Signal::Start)), None);
        assert_eq!(due(&look(MON, "09:15:00"), told(MON, Signal::Start)), Some(Signal::Fail));
        assert_eq!(due(&look(MON, "10:00:00"), told(MON, Signal::Fail)), None, "once");
        let late = Look { usable: true, ..look(MON, "10:20:00") };
        assert_eq!(due(&late, told(MON, Signal::Fail)), Some(Signal::Success), "a late login mends the day");
        assert_eq!(
            due(&look(MON, "11:00:00"), told(MON, Signal::Success)),
            None,
            "told, whatever comes after"
        );
    }

    #[test]
    fn a_keeper_that_was_down_at_the_tick() {
        let down_all_day = Look { begun_at: None, ..look(MON, "16:00:00") };
        assert_eq!(due(&down_all_day, None), None, "no ping is the alarm");
        let back = ist::instant(MON.parse().unwrap(), ist::at(10, 0));
        let caught_up = Look { begun_at: Some(back), ..look(MON, "10:00:10") };
        assert_eq!(due(&caught_up, None), Some(Signal::Start));
        assert_eq!(due(&caught_up, told(MON, Signal::Start)), None, "there is time for a login");
        let in_vain = Look { begun_at: Some(back), ..look(MON, "10:10:00") };
        assert_eq!(due(&in_vain, told(MON, Signal::Start)), Some(Signal::Fail));
    }

    #[test]
    fn a_day_without_a_session_is_a_success_at_the_tick_hour() {
        let holiday =
            |time| Look { trading_day: false, begun_at: None, done: false, ..look("2026-11-24", time) };
        assert_eq!(due(&holiday("08:44:00"), told(MON, Signal::Success)), None);
        assert_eq!(due(&holiday("08:45:00"), told(MON, Signal::Success)), Some(Signal::Success));
        assert_eq!(due(&holiday("08:45:00"), told("2026-11-24", Signal::Success)), None);
        assert_eq!(due(&holiday("23:59:00"), None), Some(Signal::Success), "a restart late in the day");
    }
}
