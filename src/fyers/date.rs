//! Dates as FYERS and HTTP write them.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// No wait is taken for longer than this: beyond it the broker is mistaken, or somebody else is talking.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The three forms RFC 9110 asks a client to read.
const HTTP_FORMS: [&str; 3] =
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// India has had one offset and no summer time since 1945.
const IST_OFFSET_SECONDS: i32 = 19_800;

/// An HTTP date.
pub(super) fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    HTTP_FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| at.and_utc())
}

/// When the server says it answered.
pub(super) fn server_time(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get(DATE)?.to_str().ok().and_then(http_date)
}

/// How long the server asks to wait: `Retry-After` in seconds or as a date, else FYERS' own
/// `X-Retry-After-Ms` (docs/fyers-api.md, "Rate limits"). A date is compared with the server's own clock when
/// it sent one, so that a wrong clock here does not matter. A date in the past is no wait.
pub(super) fn retry_after(headers: &HeaderMap, local: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let now = server_time(headers).unwrap_or(local);
    let standard = text(RETRY_AFTER.as_str()).and_then(|wait| seconds(wait).or_else(|| until(wait, now)));
    let own = || text("x-retry-after-ms")?.parse().ok().map(Duration::from_millis);
    standard.or_else(own).map(|wait| wait.min(LONGEST_WAIT))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
}

fn until(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    http_date(text).map(|at| (at - now).to_std().unwrap_or_default())
}

/// How far the server's clock is ahead of ours; negative when it is behind. Good to about a second.
pub(crate) fn skew(headers: &HeaderMap, local: DateTime<Utc>) -> Option<TimeDelta> {
    server_time(headers).map(|there| there - local)
}

/// The order book's times, as `23-Nov-2026 09:15:01`, in IST (docs/fyers-api.md, "Order book").
pub(super) fn order_time(text: &str) -> Option<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S").ok()?;
    let ist = FixedOffset::east_opt(IST_OFFSET_SECONDS)?;
    ist.from_local_datetime(&naive).single().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn wait(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        retry_after(&headers(pairs), at("2026-11-23T03:15:00Z"))
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn all_three_http_forms_are_the_same_moment() {
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
        let ahead = skew(&headers(&pairs), at("2026-11-23T04:59:00Z"));
        assert_eq!(ahead, Some(TimeDelta::seconds(60)));
    }

    #[test]
    fn order_times_are_indian() {
        assert_eq!(order_time("23-Nov-2026 09:15:01"), Some(at("2026-11-23T03:45:01Z")));
        assert_eq!(order_time("2026-11-23"), None);
    }
}
