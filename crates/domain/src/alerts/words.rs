//! Small words for people: times in IST, spans, safe excerpts, lines that fit a phone.

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};

pub use crate::text::{clip, excerpt};

/// Characters in a line of an alert: about three rows on a phone.
pub const WIDTH: usize = 116;

/// Rows of an alert's text; one more comes with the id when it is sent.
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

/// "buy 75 NSE:SBIN-EQ" for a signed quantity.
pub fn order(symbol: &str, quantity: i64) -> String {
    let side = if quantity < 0 { "sell" } else { "buy" };
    format!("{side} {} {}", quantity.unsigned_abs(), excerpt(symbol, 40))
}

/// Begins the row of an alert that lists orders.
pub const ORDERS: &str = "Orders: ";

/// Longest row of orders, in characters.
const ORDERS_WIDTH: usize = 2 * WIDTH;

/// The text of a repeat with the orders of the earlier alert before its own, as many as there is room for.
pub fn with_orders_of(earlier: &str, text: &str) -> String {
    let listed = |text: &str| text.lines().find_map(|row| row.strip_prefix(ORDERS).map(str::to_owned));
    let (Some(before), Some(own)) = (listed(earlier), listed(text)) else { return text.to_owned() };
    text.replacen(&format!("{ORDERS}{own}"), &format!("{ORDERS}{}", joined(&before, &own)), 1)
}

/// Orders behind orders: the same one again is counted, and those for which there is no room are counted together.
fn joined(before: &str, own: &str) -> String {
    let (listed, more) = match before.rsplit_once("; and ") {
        Some((listed, more)) => {
            (listed, more.strip_suffix(" more").and_then(|more| more.parse().ok()).unwrap_or(0))
        }
        None => (before, 0u32),
    };
    let mut orders: Vec<String> = listed.split("; ").map(str::to_owned).collect();
    let times = |order: &str| match order.rsplit_once(" ×") {
        Some((order, times)) => (order.to_owned(), times.parse().unwrap_or(1u32)),
        None => (order.to_owned(), 1),
    };
    if let Some(same) = orders.iter_mut().find(|order| times(order).0 == own) {
        *same = format!("{own} ×{}", times(same).1 + 1);
    } else if more > 0 || listed.chars().count() + own.chars().count() > ORDERS_WIDTH {
        return format!("{listed}; and {} more", more + 1);
    } else {
        orders.push(own.to_owned());
    }
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{rest}", orders.join("; "))
}

/// Breaks a line at spaces into rows of at most [`WIDTH`] characters. A longer word (a link) stays whole.
pub fn wrap(line: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= WIDTH => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

/// Lays lines out in at most [`ROWS`] rows. The last line says what to do next: when room is short, the
/// lines before it are cut to one row each.
pub fn lay_out(lines: &[String]) -> String {
    let wrapped: Vec<Vec<String>> = lines.iter().map(|line| wrap(line)).collect();
    if wrapped.iter().map(Vec::len).sum::<usize>() <= ROWS {
        return wrapped.concat().join("\n");
    }
    let Some((last, before)) = wrapped.split_last() else { return String::new() };
    let mut rows: Vec<String> =
        before.iter().take(ROWS - 1).map(|rows| clip(&rows.join(" "), WIDTH)).collect();
    let room = ROWS - rows.len();
    rows.extend(last.iter().take(room).cloned());
    rows.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
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
    fn repeats_list_their_orders() {
        let text = |orders: &str| format!("⚠️ FYERS refused\nOrders: {orders}\nNext: mend it");
        let (mut alert, mut count) = (text("buy 1 NSE:A-EQ at market"), 1);
        let mut again = |orders: &str| {
            count += 1;
            alert = with_orders_of(&alert, &text(orders));
            alert.lines().nth(1).unwrap().to_owned()
        };
        again("sell 2 NSE:B-EQ at 800.5");
        again("sell 2 NSE:B-EQ at 800.5");
        let row = again("buy 1 NSE:A-EQ at market");
        assert_eq!(row, "Orders: buy 1 NSE:A-EQ at market ×2; sell 2 NSE:B-EQ at 800.5 ×2");
        let many: Vec<String> =
            (0..16).map(|number| again(&format!("buy 3 NSE:C{number}-EQ at 10"))).collect();
        let last = many.last().unwrap();
        assert!(last.chars().count() <= ORDERS_WIDTH + 30, "{last}");
        let listed = last.matches("NSE:C").count();
        assert!(listed >= 5 && last.ends_with(&format!("; and {} more", 16 - listed)), "{last}");
        assert!(again("sell 2 NSE:B-EQ at 800.5").contains("NSE:B-EQ at 800.5 ×3; "), "counted still");
        assert_eq!(
            (count, with_orders_of("no list", "none here either")),
            (21, "none here either".to_owned())
        );
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
    fn a_link_is_never_broken() {
        let link = format!("https://keeper.example/{}", "x".repeat(200));
        assert_eq!(wrap(&format!("log in at {link} now")), ["log in at", link.as_str(), "now"]);
    }
}
