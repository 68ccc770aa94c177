//! Small words for people: times in IST, spans, safe excerpts, lines that fit a phone.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use crate::text::unbroken;
pub use crate::text::{and_more, clip, excerpt};

/// Characters that count as one row of an alert: about three on a phone.
pub const WIDTH: usize = 116;

/// Rows of an alert's text at most; one more comes with the id when it is sent.
pub const ROWS: usize = 5;

/// The wall clock in India. IST is UTC+05:30 all year, so no time zone data is needed.
pub fn ist(at: DateTime<Utc>) -> NaiveDateTime {
    let utc = at.naive_utc();
    utc.checked_add_signed(TimeDelta::minutes(330)).unwrap_or(utc)
}

/// "Tue 24 Nov, 06:00": absolute, because an alert may be read a day late.
pub fn moment(at: DateTime<Utc>) -> String {
    ist(at).format("%a %-d %b, %H:%M").to_string()
}

/// "06:00" in IST.
pub fn clock(at: DateTime<Utc>) -> String {
    ist(at).format("%H:%M").to_string()
}

/// "Tue 24 Nov".
pub fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}

/// "Mon 23 Nov, 10:02–10:09", with the second day only where it differs.
pub fn span(first: DateTime<Utc>, last: DateTime<Utc>) -> String {
    if moment(first) == moment(last) {
        moment(first)
    } else if ist(first).date() == ist(last).date() {
        format!("{}–{}", moment(first), clock(last))
    } else {
        format!("{} – {}", moment(first), moment(last))
    }
}

/// "45 s", "12 min" or "2 h 5 min" for a number of seconds, without its sign.
pub fn length(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let minutes = (seconds + 30) / 60;
    match (seconds, minutes) {
        (0..=99, _) => format!("{seconds} s"),
        (_, 0..=90) => format!("{minutes} min"),
        _ if minutes.is_multiple_of(60) => format!("{} h", minutes / 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// `1 order was`, `3 orders were`.
pub fn orders_were(orders: u64) -> String {
    if orders == 1 { "1 order was".to_owned() } else { format!("{orders} orders were") }
}

/// `1 order`, `3 orders`: for words that take an s.
pub fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// When something ends that has so many days left.
pub fn in_days(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

/// "buy 75 NSE:SBIN-EQ" for a signed quantity. A request that names no symbol buys nothing: it is told as what it may be.
pub fn order(symbol: &str, quantity: i64) -> String {
    if symbol.is_empty() {
        return "a request to exit, change or cancel".to_owned();
    }
    let side = if quantity < 0 { "sell" } else { "buy" };
    format!("{side} {} {}", quantity.unsigned_abs(), excerpt(symbol, 40))
}

/// The rows that a line takes, broken at spaces, but not between a quantity and its symbol. A longer word (a link) stays whole.
fn wrap(line: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in unbroken(line) {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= WIDTH => {
                row.push(' ');
                row.push_str(&word);
            }
            _ => rows.push(word),
        }
    }
    rows
}

/// One line for each of these, in which whatever shows it breaks it where it has to: a phone is narrower than any row. Together
/// they are as long as [`ROWS`] rows at most. The last says what to do next: when room is short, those before it are cut to
/// one row each.
pub fn lay_out(lines: &[String]) -> String {
    let rows = |line: &String| wrap(line).len();
    if lines.iter().map(rows).sum::<usize>() <= ROWS {
        return lines.join("\n");
    }
    let Some((last, before)) = lines.split_last() else { return String::new() };
    let mut shown: Vec<String> = before.iter().take(ROWS - 1).map(|line| clip(line, WIDTH)).collect();
    let room = ROWS - shown.len();
    shown.push(wrap(last).into_iter().take(room).collect::<Vec<_>>().join(" "));
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_is_told_with_its_side_and_what_is_none_is_no_buy() {
        assert_eq!(order("NSE:SBIN-EQ", -75), "sell 75 NSE:SBIN-EQ");
        assert_eq!(order("", 0), "a request to exit, change or cancel");
    }

    #[test]
    fn times_are_indian_and_absolute() {
        assert_eq!(moment(at("2026-11-24T00:30:00Z")), "Tue 24 Nov, 06:00");
        assert_eq!(moment(at("2026-11-23T19:00:00Z")), "Tue 24 Nov, 00:30");
        assert_eq!(span(at("2026-11-23T04:32:00Z"), at("2026-11-23T04:39:59Z")), "Mon 23 Nov, 10:02–10:09");
        assert_eq!(span(at("2026-11-23T04:32:00Z"), at("2026-11-23T04:32:59Z")), "Mon 23 Nov, 10:02");
        assert_eq!(
            span(at("2026-11-23T18:00:00Z"), at("2026-11-23T19:00:00Z")),
            "Mon 23 Nov, 23:30 – Tue 24 Nov, 00:30"
        );
        assert_eq!(ist(DateTime::<Utc>::MAX_UTC), DateTime::<Utc>::MAX_UTC.naive_utc());
    }

    #[test]
    fn lengths_read_well() {
        let shown = [0, -45, 99, 100, 3600, 5400, 7200, -7500, i64::MIN].map(length);
        assert_eq!(shown[..8], ["0 s", "45 s", "99 s", "2 min", "60 min", "90 min", "2 h", "2 h 5 min"]);
    }

    #[test]
    fn excerpts_are_one_harmless_line() {
        assert_eq!(excerpt("a\n\u{202e}b\t\u{7}c  d", 40), "a b c d");
        assert_eq!(excerpt("abcdef", 4), "abc…");
        assert_eq!(order("NSE:SBIN-EQ", -75), "sell 75 NSE:SBIN-EQ");
        assert_eq!(order("X", i64::MIN), "sell 9223372036854775808 X");
    }

    #[test]
    fn the_last_line_survives_a_crowd() {
        let long = "word ".repeat(60);
        let lines: Vec<String> =
            [&long, &long, &long, "Next: do it"].iter().map(|line| line.trim().to_owned()).collect();
        let text = lay_out(&lines);
        assert_eq!(text.lines().count(), 4);
        assert!(text.ends_with("\nNext: do it"), "{text}");
        assert!(text.lines().all(|row| row.chars().count() <= WIDTH));
    }

    #[test]
    fn a_sentence_is_one_line_however_long_it_is() {
        let sentence = "Next: ".to_owned() + &"word ".repeat(60);
        let text = lay_out(&["What".to_owned(), sentence.trim().to_owned()]);
        assert_eq!(text, format!("What\n{}", sentence.trim()));
        let crowd = [sentence.trim(); 4].map(str::to_owned);
        let text = lay_out(&crowd);
        assert_eq!(text.lines().count(), 4);
        assert!(text.lines().map(|line| wrap(line).len()).sum::<usize>() <= ROWS, "{text}");
    }

    #[test]
    fn a_quantity_stays_with_its_symbol() {
        let begin = "x".repeat(WIDTH - 3);
        assert_eq!(wrap(&format!("{begin} 10 NSE:SBIN-EQ")), [begin.as_str(), "10 NSE:SBIN-EQ"]);
        assert_eq!(wrap(&format!("{begin} 10 more")), [format!("{begin} 10").as_str(), "more"]);
    }

    #[test]
    fn a_link_is_never_broken() {
        let link = format!("https://keeper.example/{}", "x".repeat(200));
        assert_eq!(wrap(&format!("log in at {link} now")), ["log in at", link.as_str(), "now"]);
    }
}
