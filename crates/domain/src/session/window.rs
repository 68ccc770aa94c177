//! The hours in which a missing token matters. All times IST.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use fyers_api::ist;

/// From here on a person may be asked to log in: a token taken now lasts until tomorrow 06:00.
const MORNING: NaiveTime = ist::at(6, 0);
/// The tick.
const TICK: NaiveTime = ist::at(8, 45);
/// First reminder of a token that is still missing.
const REMIND: NaiveTime = ist::at(9, 0);
/// Last reminder before the market opens at 09:15.
const URGENT: NaiveTime = ist::at(9, 10);
/// The market closes; after this no tick is caught up.
const CLOSE: NaiveTime = ist::at(15, 30);
/// No "your refresh token ends soon" later than this: it can wait for the morning.
const EVENING: NaiveTime = ist::at(20, 0);
/// Trouble that heals within this time is nobody's business.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);

/// How loudly trouble has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not at all.
    Silent,
    /// Two minutes in.
    First,
    /// 09:00.
    Reminder,
    /// 09:10 and later: the market opens in five minutes or is open.
    Urgent,
}

/// The end of a trading day's window.
pub fn close(date: NaiveDate) -> DateTime<Utc> {
    ist::instant(date, CLOSE)
}

/// Until when a token must last to be as good as any: today's close; in the small hours 06:00, when one taken now
/// ends, too.
pub fn long_enough(now: DateTime<Utc>) -> DateTime<Utc> {
    let now = ist::ist(now);
    ist::instant(now.date_naive(), if now.time() < MORNING { MORNING } else { CLOSE })
}

/// Whether a person may be asked for a login at this instant of a trading day.
pub fn may_ask(now: DateTime<Utc>) -> bool {
    let time = ist::ist(now).time();
    (MORNING..CLOSE).contains(&time)
}

/// Whether a friendly notice fits the hour.
pub fn is_daytime(now: DateTime<Utc>) -> bool {
    (TICK..EVENING).contains(&ist::ist(now).time())
}

/// How loudly trouble that began at `since` should have been told by now.
pub fn stage(since: DateTime<Utc>, now: DateTime<Utc>) -> Stage {
    if now - since < PATIENCE {
        return Stage::Silent;
    }
    match ist::ist(now).time() {
        time if time >= URGENT => Stage::Urgent,
        time if time >= REMIND => Stage::Reminder,
        _ => Stage::First,
    }
}
