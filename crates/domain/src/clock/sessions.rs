//! When a token matters: the one place that says so. Card, reminders, alerts, status and the session's own rules
//! ask here, so that the segments an account uses can change without any of them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::calendar::{Calendar, DayKind};
use fyers_api::ist;

/// A stretch of a day in which a token is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketSession {
    /// Trading begins.
    pub opens: DateTime<Utc>,
    /// Trading ends: from here on it is over.
    pub closes: DateTime<Utc>,
}

impl MarketSession {
    /// Whether it is open, or so near that a missing token cannot wait: five minutes before it opens.
    pub fn is_pressing(&self, now: DateTime<Utc>) -> bool {
        self.opens - TimeDelta::minutes(5) <= now && now < self.closes
    }
}

/// The session that is open, or the next one that comes on the same Indian day; `None` when there is none any more.
pub fn session_needed(calendar: &Calendar, now: DateTime<Utc>) -> Option<MarketSession> {
    let today = ist::date(now);
    let (open, close) = match calendar.day_kind(today) {
        DayKind::Trading { open, close } | DayKind::SpecialSession { open, close, .. } => (open, close),
        DayKind::Holiday { .. } | DayKind::Weekend => return None,
    };
    let session = MarketSession { opens: ist::instant(today, open), closes: ist::instant(today, close) };
    (now < session.closes).then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(text: &str) -> Option<(String, String)> {
        let now = DateTime::parse_from_rfc3339(&format!("{text}:00+05:30")).unwrap().to_utc();
        let clock = |at| ist::ist(at).format("%H:%M").to_string();
        session_needed(&Calendar::embedded(), now)
            .map(|session| (clock(session.opens), clock(session.closes)))
    }

    #[test]
    fn a_token_matters_until_the_days_session_has_ended() {
        let regular = Some(("09:15".to_owned(), "15:30".to_owned()));
        assert_eq!(needed("2026-11-23T00:10"), regular, "coming");
        assert_eq!(needed("2026-11-23T12:00"), regular, "open");
        assert_eq!(needed("2026-11-23T15:30"), None, "over");
        assert_eq!(needed("2026-11-24T10:00"), None, "a holiday");
        assert_eq!(needed("2026-11-22T10:00"), None, "a Sunday");
    }

    #[test]
    fn a_special_session_in_the_evening_is_a_session() {
        let muhurat = needed("2026-11-08T12:00");
        assert!(muhurat.is_some(), "a Sunday with a session");
        assert_eq!(needed("2025-10-21T14:00"), Some(("13:45".into(), "14:45".into())));
    }
}
