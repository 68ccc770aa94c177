//! Dates and waits in the head of an answer, as reqwest has it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fyers_api::date;
use reqwest::header::{DATE, HeaderMap, HeaderValue};

/// How long the answer asks to wait.
pub(super) fn retry_after(headers: &HeaderMap, local: DateTime<Utc>) -> Option<Duration> {
    date::retry_after(|name| value(headers, name), local)
}

/// How far the server's clock is ahead of ours; negative when it is behind. Good to about a second.
pub(crate) fn skew(headers: &HeaderMap, local: DateTime<Utc>) -> Option<TimeDelta> {
    date::skew(|name| value(headers, name), local)
}

/// Of two dates that differ none is FYERS' for certain.
fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let dates = || headers.get_all(DATE).iter().map(HeaderValue::as_bytes);
    let tells = name != DATE.as_str() || date::written_at(dates()).is_some();
    headers.get(name).filter(|_| tells)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_measured_by_the_clock_here_where_two_dates_differ() {
        let headers = |dates: &[&str]| {
            let dates = dates.iter().map(|date| ("date", *date));
            let wait = [("retry-after", "Mon, 23 Nov 2026 03:15:09 GMT")];
            let mut headers = HeaderMap::new();
            for (name, value) in dates.chain(wait) {
                headers.append(name, value.parse().unwrap());
            }
            headers
        };
        let local = "2026-11-23T03:15:00Z".parse().unwrap();
        let (one, other) = ("Mon, 23 Nov 2026 03:15:05 GMT", "Mon, 23 Nov 2026 03:18:00 GMT");
        let told = |dates: &[&str]| (retry_after(&headers(dates), local), skew(&headers(dates), local));
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(told(&[one]), (seconds(4), Some(TimeDelta::seconds(5))));
        assert_eq!(told(&[one, one]), (seconds(4), Some(TimeDelta::seconds(5))));
        assert_eq!(told(&[one, other]), (seconds(9), None));
    }
}
