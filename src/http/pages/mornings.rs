//! The last mornings as a strip: a bar each, and the newest ones in words.

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::ist::ist;
use keeper_domain::{
    mornings::{Arrival, Morning, Outcome},
    reason::Reason,
};

/// Mornings that are told in words.
const IN_WORDS: usize = 5;
/// Heights of the shortest and the tallest bar, in percent of the strip.
const LOW: f64 = 12.0;
/// A token that takes this long has the tallest bar.
const TALL: f64 = 3_600.0;

/// One bar.
pub(super) struct Bar {
    /// Where it begins and how wide it is, in percent.
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: String,
    pub(super) height: String,
    /// `good`, `late`, `waiting`, `missed`, `absent` or `ahead`.
    pub(super) kind: &'static str,
    /// What a pointer that rests on it is told.
    pub(super) title: String,
}

/// One morning in words.
pub(super) struct Line {
    pub(super) date: String,
    pub(super) kind: &'static str,
    pub(super) words: String,
}

/// All of them.
pub(super) struct Strip {
    pub(super) bars: Vec<Bar>,
    /// Newest first.
    pub(super) lines: Vec<Line>,
    /// The sum in one sentence.
    pub(super) sum: String,
    pub(super) from: String,
    pub(super) until: String,
}

impl Strip {
    /// `None` for a keeper without a past.
    pub(super) fn of(mornings: &[Morning]) -> Option<Self> {
        let (first, last) = (mornings.first()?, mornings.last()?);
        let width = 100.0 / mornings.len().max(10) as f64;
        let date = |morning: &Morning| morning.date.format("%d %b").to_string();
        Some(Self {
            bars: mornings
                .iter()
                .enumerate()
                .map(|(place, morning)| bar(place as f64, width, morning))
                .collect(),
            lines: mornings.iter().rev().take(IN_WORDS).map(line).collect(),
            sum: sum(mornings),
            from: date(first),
            until: date(last),
        })
    }
}

fn bar(place: f64, width: f64, morning: &Morning) -> Bar {
    let height = height(morning);
    Bar {
        x: format!("{:.2}%", place * width),
        width: format!("{:.2}%", width * 0.78),
        y: format!("{:.2}%", 100.0 - height),
        height: format!("{height:.2}%"),
        kind: kind(morning),
        title: format!("{}: {}", morning.date.format("%a %d %b"), words(morning)),
    }
}

/// The longer it took, the taller: by the logarithm, so that a refresh of a second and a login of a minute differ.
fn height(morning: &Morning) -> f64 {
    match morning.outcome {
        Outcome::Good { after, .. } => {
            let seconds = after.num_seconds().max(1) as f64;
            LOW + (100.0 - LOW) * (seconds.ln() / TALL.ln()).clamp(0.0, 1.0)
        }
        Outcome::Waiting(_) | Outcome::Missed(_) => 100.0,
        Outcome::Absent | Outcome::Ahead => LOW,
    }
}

fn kind(morning: &Morning) -> &'static str {
    match morning.outcome {
        Outcome::Good { .. } if morning.after_open().is_some() => "late",
        Outcome::Good { .. } => "good",
        Outcome::Waiting(_) => "waiting",
        Outcome::Missed(_) => "missed",
        Outcome::Absent => "absent",
        Outcome::Ahead => "ahead",
    }
}

fn line(morning: &Morning) -> Line {
    Line { date: morning.date.format("%a %d %b").to_string(), kind: kind(morning), words: words(morning) }
}

fn words(morning: &Morning) -> String {
    let because =
        |reason: Option<Reason>| reason.map_or_else(String::new, |reason| format!(": {}", reason.words()));
    match morning.outcome {
        Outcome::Good { way, at, after } => {
            let late = if morning.is_late { ", check caught up late" } else { "" };
            let open = if morning.after_open().is_some() { " when the market was open" } else { "" };
            format!(
                "ready at {}{open}, {} after the daily check, {}{late}",
                ist(at).format("%H:%M:%S"),
                lasted(after),
                came(way)
            )
        }
        Outcome::Waiting(reason) => format!("no usable token yet{}", because(reason)),
        Outcome::Missed(reason) => format!("no usable token all day{}", because(reason)),
        Outcome::Absent => "the keeper was not running".to_owned(),
        Outcome::Ahead => "the daily check is still to come".to_owned(),
    }
}

fn came(way: Arrival) -> String {
    match way {
        Arrival::Found => "the token was there already".to_owned(),
        Arrival::Refresh => "by refresh".to_owned(),
        Arrival::Login(Some(origin)) => format!("logged in from {}", origin.words()),
        Arrival::Login(None) => "by a login".to_owned(),
    }
}

/// `3 s`, `4 min`, `2 h 5 min`.
fn lasted(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// Only days that are over count, and the day of which the outcome is known.
fn sum(mornings: &[Morning]) -> String {
    let good: Vec<TimeDelta> = mornings
        .iter()
        .filter_map(|morning| match morning.outcome {
            Outcome::Good { after, .. } => Some(after),
            _ => None,
        })
        .collect();
    let known =
        mornings.iter().filter(|morning| !matches!(morning.outcome, Outcome::Ahead | Outcome::Waiting(_)));
    let mut sorted = good.clone();
    sorted.sort_unstable();
    let often = if sorted.len() > 1 { "usually " } else { "" };
    let usual = sorted
        .get(sorted.len() / 2)
        .map_or_else(String::new, |median| format!(", {often}{} after the daily check", lasted(*median)));
    let known = known.count();
    if known == 0 {
        return "No morning is over yet.".to_owned();
    }
    let late: Vec<DateTime<Utc>> = mornings.iter().filter_map(Morning::after_open).collect();
    let from = late.last().map(|at| ist(*at).format("%H:%M").to_string());
    let in_time = good.len() - late.len();
    let days = if known == 1 { "day" } else { "days" };
    match (from, late.len()) {
        (Some(from), 1) if known == 1 => {
            format!("On the one trading day so far the token came after the open, at {from}{usual}.")
        }
        (None, _) => format!("A token on {in_time} of {known} trading {days}{usual}."),
        (Some(from), 1) => {
            format!(
                "A token before the open on {in_time} of {known} trading {days}; after it on 1, at {from}{usual}."
            )
        }
        (Some(from), some) => format!(
            "A token before the open on {in_time} of {known} trading {days}; after it on {some}, the last time at \
             {from}{usual}."
        ),
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use keeper_domain::login_origin::LoginOrigin;

    use super::*;

    fn morning(day: u32, outcome: Outcome) -> Morning {
        let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        Morning { date, is_late: false, opens: None, outcome }
    }

    fn good(day: u32, way: Arrival, seconds: i64) -> Morning {
        let at = DateTime::parse_from_rfc3339("2026-11-23T08:45:00+05:30").unwrap().to_utc();
        let after = TimeDelta::seconds(seconds);
        morning(day, Outcome::Good { way, at: at + after, after })
    }

    #[test]
    fn the_strip_tells_each_morning_and_the_sum_of_them() {
        let mornings = [
            good(18, Arrival::Refresh, 2),
            morning(19, Outcome::Absent),
            morning(20, Outcome::Missed(Some(Reason::RefreshDisabled))),
            Morning { is_late: true, ..good(23, Arrival::Login(Some(LoginOrigin::Card)), 72) },
            good(25, Arrival::Found, 600),
            morning(26, Outcome::Ahead),
        ];
        let strip = Strip::of(&mornings).unwrap();
        assert_eq!(strip.sum, "A token on 3 of 5 trading days, usually 72 s after the daily check.");
        let kinds: Vec<_> = strip.bars.iter().map(|bar| bar.kind).collect();
        assert_eq!(kinds, ["good", "absent", "missed", "good", "good", "ahead"]);
        assert_eq!(
            strip.bars[3].title,
            "Mon 23 Nov: ready at 08:46:12, 72 s after the daily check, logged in from the login card, check caught up late"
        );
        assert_eq!((strip.lines.len(), strip.lines[0].date.as_str()), (IN_WORDS, "Thu 26 Nov"));
        assert!(strip.lines[3].words.starts_with("no usable token all day: "), "{}", strip.lines[3].words);
        assert!(Strip::of(&[]).is_none(), "a keeper of today has no past");
    }

    #[test]
    fn a_token_that_came_after_the_open_is_told_as_such() {
        let opens = DateTime::parse_from_rfc3339("2026-11-23T09:15:00+05:30").unwrap().to_utc();
        let late = |day: u32| Morning { opens: Some(opens), ..good(day, Arrival::Login(None), 7_020) };
        let strip = Strip::of(&[late(23)]).unwrap();
        assert_eq!(
            strip.sum,
            "On the one trading day so far the token came after the open, at 10:42, 117 min after the daily check."
        );
        assert_eq!(strip.bars[0].kind, "late");
        assert!(strip.lines[0].words.starts_with("ready at 10:42:00 when the market was open, "));
        let early = Morning { opens: Some(opens), ..good(20, Arrival::Refresh, 2) };
        let sum = Strip::of(&[early, late(23), late(25)]).unwrap().sum;
        assert!(
            sum.starts_with(
                "A token before the open on 1 of 3 trading days; after it on 2, the last time at 10:42,"
            ),
            "{sum}"
        );
    }

    #[test]
    fn a_bar_is_the_taller_the_longer_it_took() {
        let tall = |seconds| height(&good(18, Arrival::Refresh, seconds));
        assert!(tall(0) >= LOW && tall(1) < tall(30) && tall(30) < tall(600) && tall(100_000) <= 100.0);
    }
}
