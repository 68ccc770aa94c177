//! The final message: an alert's text, its time, and its id.

use crate::alert::Outgoing;
use crate::alerts::words::{ist, span};

/// Telegram's limit for a message, in UTF-16 units after markup is taken out.
pub const TELEGRAM_UNITS: usize = 4096;

/// Room kept for the last line.
const STAMP_UNITS: usize = 120;

/// What is sent in place of a critical alert that the receiver refuses as it is.
pub const SAFE_TEXT: &str = "🚨 The keeper has a critical alert that could not be delivered as it is\n\
    Trading may be affected.\n\
    Next: read the keeper's log or status page.";

/// The text of an alert that a newer and more urgent one has overtaken.
pub fn overtaken(text: &str) -> String {
    format!("{text}\n(A newer, more urgent alert was sent before this one.)")
}

/// The id a person can quote, as `#K-20261123-7`: the IST day and the number in the outbox. Two messages
/// with one id are one alert that was delivered twice.
pub fn id(alert: &Outgoing) -> String {
    format!("#K-{}-{}", ist(alert.at).format("%Y%m%d"), alert.id)
}

/// The last line: how often, when, and the id.
pub fn stamp(alert: &Outgoing) -> String {
    let when = span(alert.at, alert.last_at);
    match alert.count {
        0 | 1 => format!("{when} IST · {}", id(alert)),
        count => format!("×{count}, {when} IST · {}", id(alert)),
    }
}

/// The whole message as plain text, never longer than Telegram takes.
pub fn plain(alert: &Outgoing) -> String {
    format!("{}\n{}", fitting(&whole_text(alert)), stamp(alert))
}

/// The text, and below it what a merged alert stands for, a row each.
pub fn whole_text(alert: &Outgoing) -> String {
    if alert.count < 2 || alert.items.is_empty() {
        return alert.text.clone();
    }
    let mut texts = (0..=alert.items.len()).rev().map(|shown| listed(alert, shown));
    texts.find(|text| fitting(text).len() == text.len()).unwrap_or_else(|| listed(alert, 0))
}

/// With so many of its items, and how many more there are.
fn listed(alert: &Outgoing, shown: usize) -> String {
    let more = (alert.count as usize).saturating_sub(shown);
    let mut rows = vec![alert.text.clone(), format!("All {}:", alert.count)];
    rows.extend(alert.items.iter().take(shown).map(|item| format!("• {item}")));
    if more > 0 {
        rows.push(format!("• and {more} more; the log has each of them"));
    }
    rows.join("\n")
}

/// The text, cut only if it is too long for any message.
pub fn fitting(text: &str) -> &str {
    let mut units = 0;
    for (place, c) in text.char_indices() {
        units += c.len_utf16();
        if units > TELEGRAM_UNITS - STAMP_UNITS {
            return &text[..place];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Severity;

    fn alert(count: u32, last_at: &str) -> Outgoing {
        Outgoing {
            id: 7,
            event_id: 70,
            event: "keeper.started".into(),
            at: "2026-11-22T20:00:00Z".parse().unwrap(),
            last_at: last_at.parse().unwrap(),
            count,
            severity: Severity::Info,
            key: String::new(),
            text: "ℹ️ one\ntwo".into(),
            items: vec![],
            attempts: 0,
        }
    }

    #[test]
    fn the_last_line_is_time_and_id() {
        let once = alert(1, "2026-11-22T20:00:00Z");
        assert_eq!(plain(&once), "ℹ️ one\ntwo\nMon 23 Nov, 01:30 IST · #K-20261123-7");
        let often = alert(14, "2026-11-22T20:07:00Z");
        assert_eq!(stamp(&often), "×14, Mon 23 Nov, 01:30–01:37 IST · #K-20261123-7");
    }

    #[test]
    fn a_merged_alert_lists_what_it_stands_for() {
        let items = || vec!["10:02 buy 10 NSE:SBIN-EQ".to_owned(), "10:03 sell 5 NSE:INFY-EQ".to_owned()];
        let of = |count| Outgoing { items: items(), ..alert(count, "2026-11-22T20:07:00Z") };
        assert_eq!(whole_text(&of(1)), "ℹ️ one\ntwo", "a single alert says it in its text");
        let listed = "ℹ️ one\ntwo\nAll 2:\n• 10:02 buy 10 NSE:SBIN-EQ\n• 10:03 sell 5 NSE:INFY-EQ";
        assert_eq!(whole_text(&of(2)), listed);
        assert!(whole_text(&of(9)).ends_with("\n• and 7 more; the log has each of them"));
        assert!(plain(&of(2)).contains("All 2:"));
    }

    #[test]
    fn a_list_that_is_too_long_for_a_message_ends_with_how_many_more_there_are() {
        let items = (0..12).map(|number| format!("{number} {}", "x".repeat(500))).collect();
        let crowded = Outgoing { items, ..alert(20, "2026-11-22T20:07:00Z") };
        let sent = plain(&crowded);
        assert!(
            sent.contains("\n• 6 xxx") && sent.contains("x\n• and 13 more; the log has each of them\n×20"),
            "{sent}"
        );
    }

    #[test]
    fn no_text_is_too_long_for_telegram() {
        for text in ["x".repeat(5000), "🚨".repeat(3000), format!("x{}", "🚨".repeat(3000))] {
            let sent = plain(&Outgoing { text, ..alert(u32::MAX, "2027-11-22T20:00:00Z") });
            assert!(sent.encode_utf16().count() <= TELEGRAM_UNITS);
            assert!(sent.ends_with("#K-20261123-7"));
        }
    }
}
