//! When the person is reminded of a login that has not come.

use chrono::{DateTime, TimeDelta, Utc};

/// How much noise a reminder makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It is there, and makes no sound.
    Silent,
    /// It makes a sound.
    Loud,
    /// It makes a sound even when alerts are muted.
    Critical,
}

/// Minutes from the market's opening, and the tone.
const BEFORE: [(i64, Tone); 3] = [(-15, Tone::Silent), (-5, Tone::Loud), (-1, Tone::Critical)];
/// From the opening to the close, one each.
const AFTER: TimeDelta = TimeDelta::minutes(30);

/// The reminder that is due: the newest one whose time has come and that has not been given. Times that were
/// slept through, snoozed or spent in an outage are not made up for one by one. The end of a snooze is such a
/// time too.
pub fn due(
    (open, close): (DateTime<Utc>, DateTime<Utc>),
    given: DateTime<Utc>,
    quiet_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, Tone)> {
    if now >= close || quiet_until.is_some_and(|until| now < until) {
        return None;
    }
    let before = BEFORE.map(|(minutes, tone)| (open + TimeDelta::minutes(minutes), tone));
    let after = (1..).map(|nth| (open + AFTER * nth, Tone::Loud)).take_while(|(at, _)| *at < close);
    let snoozed = quiet_until.map(|until| (until, Tone::Loud));
    let all = before.into_iter().chain(after).chain(snoozed);
    all.filter(|(at, _)| given < *at && *at <= now).max_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fyers_api::ist;

    fn at(hour: u32, minute: u32) -> DateTime<Utc> {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap();
        ist::instant(day, ist::at(hour, minute))
    }

    fn day() -> (DateTime<Utc>, DateTime<Utc>) {
        (at(9, 15), at(15, 30))
    }

    /// Looks every minute of the day, as the actor does.
    fn given(quiet: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>) -> Vec<(String, Tone)> {
        let (mut last, mut all) = (at(8, 45), vec![]);
        for minute in 0..600 {
            let now = at(8, 45) + TimeDelta::minutes(minute);
            if let Some((when, tone)) = due(day(), last, quiet(now), now) {
                all.push((ist::ist(when).format("%H:%M").to_string(), tone));
                last = when;
            }
        }
        all
    }

    #[test]
    fn three_before_the_market_opens_then_every_half_hour_until_it_closes() {
        let all = given(|_| None);
        let times: Vec<&str> = all.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(times[..5], ["09:00", "09:10", "09:14", "09:45", "10:15"]);
        assert_eq!((times.len(), *times.last().unwrap()), (15, "15:15"));
        assert_eq!(all[0].1, Tone::Silent);
        assert_eq!(all[2].1, Tone::Critical);
        assert!(all[3..].iter().all(|(_, tone)| *tone == Tone::Loud));
    }

    #[test]
    fn a_snooze_swallows_what_falls_into_it_and_rings_at_its_end() {
        let all = given(|now| (now >= at(8, 58)).then_some(at(9, 13)));
        let times: Vec<&str> = all.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(times[..3], ["09:13", "09:14", "09:45"]);
    }

    #[test]
    fn an_outage_costs_reminders_and_does_not_pile_them_up() {
        assert_eq!(due(day(), at(8, 45), None, at(11, 0)), Some((at(10, 45), Tone::Loud)));
        assert_eq!(due(day(), at(10, 45), None, at(11, 0)), None);
        assert_eq!(due(day(), at(8, 45), None, at(15, 30)), None);
        assert_eq!(due(day(), at(8, 45), None, at(8, 59)), None);
    }
}
