//! Dates and waits as FYERS and HTTP write them.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};

use crate::ist::IST;

/// No wait is taken for longer than this: beyond it FYERS is mistaken, or somebody else is talking.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The three ways to write a date that RFC 9110 asks a client to read.
const HTTP_FORMATS: [&str; 3] =
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// An HTTP date.
pub fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let parse = |format: &&str| NaiveDateTime::parse_from_str(text.trim(), format).ok();
    HTTP_FORMATS.iter().find_map(parse).map(|at| at.and_utc())
}

/// When an answer was written, by its `Date` headers. Two that differ, as a proxy before FYERS may add one, tell nothing, and
/// neither does one that cannot be read.
pub fn written_at<'a>(dates: impl IntoIterator<Item = &'a [u8]>) -> Option<DateTime<Utc>> {
    let read = |date| std::str::from_utf8(date).ok().and_then(http_date);
    let mut dates = dates.into_iter().map(read);
    let first = dates.next()??;
    dates.all(|other| other == Some(first)).then_some(first)
}

/// How long an answer asks to wait: `Retry-After` in seconds or as a date, else FYERS' own `X-Retry-After-Ms`
/// (docs/fyers-api.md, "Rate limits"). `header` looks a header up by its name in lower case.
///
/// A date is compared with the server's own clock when the answer has a `Date`, so that a wrong clock here does not
/// matter; `local` is used otherwise. A date in the past is no wait.
pub fn retry_after<'a>(header: impl Fn(&str) -> Option<&'a str>, local: DateTime<Utc>) -> Option<Duration> {
    let now = header("date").and_then(http_date).unwrap_or(local);
    let standard = || {
        let text = header("retry-after")?.trim();
        text.parse().ok().map(Duration::from_secs).or_else(|| until(text, now))
    };
    let own = || header("x-retry-after-ms")?.trim().parse().ok().map(Duration::from_millis);
    standard().or_else(own).map(|wait| wait.min(LONGEST_WAIT))
}

fn until(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    http_date(text).map(|at| (at - now).to_std().unwrap_or_default())
}

/// How far the server's clock is ahead of `local` by the answer's `Date`; negative when it is behind. Good to about
/// a second.
pub fn skew<'a>(header: impl Fn(&str) -> Option<&'a str>, local: DateTime<Utc>) -> Option<TimeDelta> {
    header("date").and_then(http_date).map(|there| there - local)
}

/// The order book's times, as `23-Nov-2026 09:15:01`, in IST (docs/fyers-api.md, "Order book").
pub fn order_time(text: &str) -> Option<DateTime<Utc>> {
    local(text, "%d-%b-%Y %H:%M:%S")
}

/// The order socket's times of fills, as `23-11-2026 09:15:01`, in IST (docs/fyers-api.md, "Sockets").
pub fn fill_time(text: &str) -> Option<DateTime<Utc>> {
    local(text, "%d-%m-%Y %H:%M:%S")
}

fn local(text: &str, format: &str) -> Option<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(text.trim(), format).ok()?;
    IST.from_local_datetime(&naive).single().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<&'a str> {
        |name| pairs.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    fn wait(pairs: &[(&str, &str)]) -> Option<Duration> {
        retry_after(lookup(pairs), at("2026-11-23T03:15:00Z"))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn all_three_ways_to_write_a_date_are_the_same_moment() {
        for text in
            ["Mon, 23 Nov 2026 03:15:00 GMT", "Monday, 23-Nov-26 03:15:00 GMT", "Mon Nov 23 03:15:00 2026"]
        {
            assert_eq!(http_date(text), Some(at("2026-11-23T03:15:00Z")), "{text}");
        }
        assert_eq!(http_date("soon"), None);
    }

    #[test]
    fn a_wait_is_seconds_or_a_date_or_milliseconds() {
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("retry-after", "Mon, 23 Nov 2026 03:15:09 GMT")]), Some(Duration::from_secs(9)));
        assert_eq!(wait(&[("retry-after", "Mon, 23 Nov 2026 03:14:09 GMT")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("x-retry-after-ms", "1500")]), Some(Duration::from_millis(1500)));
        assert_eq!(wait(&[("retry-after", "99999999999999")]), Some(LONGEST_WAIT));
        assert_eq!(wait(&[("retry-after", "-1")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_date_is_measured_on_the_servers_clock() {
        let pairs =
            [("date", "Mon, 23 Nov 2026 05:00:00 GMT"), ("retry-after", "Mon, 23 Nov 2026 05:00:03 GMT")];
        assert_eq!(wait(&pairs), Some(Duration::from_secs(3)));
        let ahead = skew(lookup(&pairs), at("2026-11-23T04:59:00Z"));
        assert_eq!(ahead, Some(TimeDelta::seconds(60)));
    }

    #[test]
    fn two_dates_that_differ_tell_nothing() {
        let written = |dates: &[&str]| written_at(dates.iter().map(|date| date.as_bytes()));
        let (one, other) = ("Mon, 23 Nov 2026 03:15:00 GMT", "Mon, 23 Nov 2026 03:18:00 GMT");
        let both = format!("{one}, {other}");
        assert_eq!(written(&[one]), Some(at("2026-11-23T03:15:00Z")));
        assert_eq!(written(&[one, "Monday, 23-Nov-26 03:15:00 GMT"]), Some(at("2026-11-23T03:15:00Z")));
        for dates in [&[][..], &["soon"], &[one, other], &[one, "soon"], &["soon", one], &[&both]] {
            assert_eq!(written(dates), None, "{dates:?}");
        }
        assert_eq!(written_at([&b"\xff"[..]]), None);
    }

    #[test]
    fn order_times_are_indian() {
        assert_eq!(order_time("23-Nov-2026 09:15:01"), Some(at("2026-11-23T03:45:01Z")));
        assert_eq!(fill_time("23-11-2026 09:15:01"), Some(at("2026-11-23T03:45:01Z")));
        assert_eq!((order_time("2026-11-23"), fill_time("23-Nov-2026 09:15:01")), (None, None));
    }
}
