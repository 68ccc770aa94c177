//! The hours in which a missing token matters. All times IST.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use crate::clock::token_hours::MarketSession;
use fyers_api::ist;

/// From here on a person may be asked to log in: a token taken now lasts until tomorrow 06:00.
const MORNING: NaiveTime = ist::at(6, 0);
/// The friendly notices begin with the usual tick.
const DAYTIME: NaiveTime = ist::at(8, 45);
/// First reminder of a token that is still missing, before the session opens.
const REMIND: TimeDelta = TimeDelta::minutes(15);
/// No "your refresh token ends soon" later than this: it can wait for the morning.
const EVENING: NaiveTime = ist::at(20, 0);
/// Trouble that heals within this time is nobody's business.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);
/// The same while a session is open or about to open.
const PRESSING_PATIENCE: TimeDelta = TimeDelta::seconds(20);

/// How loudly trouble has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Not at all.
    Silent,
    /// Two minutes in.
    First,
    /// A quarter of an hour before the session opens.
    Reminder,
    /// The session opens in five minutes or is open.
    Urgent,
}

/// Until when a token must last to be as good as any: the end of today's session; in the small hours 06:00, when
/// one taken now ends, too; now, when no session comes any more today.
pub fn long_enough(session: Option<MarketSession>, now: DateTime<Utc>) -> DateTime<Utc> {
    let local = ist::ist(now);
    let morning = ist::instant(local.date_naive(), MORNING);
    if now < morning { morning } else { session.map_or(now, |session| session.closes) }
}

/// Whether a person may be asked for a login at this hour: not in the small hours, when a token would end at 06:00.
pub fn may_ask(now: DateTime<Utc>) -> bool {
    ist::ist(now).time() >= MORNING
}

/// Whether a friendly notice fits the hour.
pub fn is_daytime(now: DateTime<Utc>) -> bool {
    (DAYTIME..EVENING).contains(&ist::ist(now).time())
}

/// How loudly trouble that began at `since` should have been told by now.
pub fn stage(since: DateTime<Utc>, session: Option<MarketSession>, now: DateTime<Utc>) -> Stage {
    let pressing = session.is_some_and(|session| session.is_pressing(now));
    let patience = if pressing { PRESSING_PATIENCE } else { PATIENCE };
    match session {
        _ if now - since < patience => Stage::Silent,
        Some(_) if pressing => Stage::Urgent,
        Some(session) if now >= session.opens - REMIND => Stage::Reminder,
        _ => Stage::First,
    }
}
