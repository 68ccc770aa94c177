//! The table of sessions on days that everyone gets wrong.

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    ist::instant(local.date(), local.time())
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn open(segment: Segment, text: &str) -> bool {
    is_open(&Calendar::embedded(), segment, at(text))
}

use Segment::{Cash, Currency, Fno, Mcx};

#[test]
fn a_regular_day() {
    for (segment, from, to) in [(Cash, "09:15", "15:29"), (Fno, "09:15", "15:39"), (Mcx, "09:00", "23:54")] {
        assert!(open(segment, &format!("2026-11-25 {from}")), "{segment:?}");
        assert!(open(segment, &format!("2026-11-25 {to}")), "{segment:?}");
    }
    for (segment, time) in [
        (Cash, "09:14"),
        (Cash, "15:30"),
        (Fno, "15:40"),
        (Mcx, "08:59"),
        (Mcx, "23:55"),
        (Currency, "12:00"),
    ] {
        assert!(!open(segment, &format!("2026-11-25 {time}")), "{segment:?} {time}");
    }
    assert!(!open(Fno, "2026-07-31 15:35"), "derivatives closed at 15:30 until August 2026");
}

#[test]
fn holidays_weekends_and_muhurat() {
    for time in ["03:00", "11:00"] {
        assert!(!open(Cash, &format!("2026-11-24 {time}")) && !open(Fno, &format!("2026-11-24 {time}")));
    }
    assert!(!open(Mcx, "2026-11-24 11:00") && open(Mcx, "2026-11-24 17:00"), "an evening session");
    assert!(!open(Mcx, "2026-12-25 18:00"), "closed all day");
    assert!(!open(Cash, "2026-11-22 11:00") && !open(Mcx, "2026-11-22 18:00"), "Sunday");
    assert!(open(Cash, "2026-11-08 14:30") && open(Fno, "2026-11-08 14:30"), "Muhurat on a Sunday");
    assert!(!open(Cash, "2026-11-08 11:00") && !open(Mcx, "2026-11-08 14:30"));
    assert!(open(Mcx, "2025-10-21 14:00") && !open(Mcx, "2025-10-21 15:00") && open(Mcx, "2025-10-21 18:00"));
}

#[test]
fn mcx_follows_new_york() {
    for (day, last) in [
        ("2026-03-06", "23:54"),
        ("2026-03-09", "23:29"),
        ("2026-10-30", "23:29"),
        ("2026-11-02", "23:54"),
        ("2027-03-12", "23:54"),
        ("2027-03-15", "23:29"),
    ] {
        let close = day_close(&Calendar::embedded(), Mcx, date(day)).unwrap();
        assert_eq!(close - TimeDelta::minutes(1), at(&format!("{day} {last}")));
    }
}

#[test]
fn intraday_is_squared_off_by_segment() {
    let calendar = Calendar::embedded();
    for (segment, day, time) in [
        (Cash, "2026-11-25", "15:15"),
        (Fno, "2026-11-25", "15:15"),
        (Mcx, "2026-11-25", "23:40"),
        (Mcx, "2026-07-01", "23:15"),
        (Cash, "2026-11-08", "15:15"),
        (Mcx, "2026-11-24", "23:40"),
    ] {
        assert_eq!(
            square_off(&calendar, segment, date(day)),
            Some(at(&format!("{day} {time}"))),
            "{segment:?} {day}"
        );
    }
    assert_eq!(square_off(&calendar, Cash, date("2026-11-24")), None);
}

#[test]
fn the_next_session() {
    let calendar = Calendar::embedded();
    let next = |segments: &[Segment], text: &str| {
        next_open(&calendar, segments, at(text)).map(|(segment, session)| (segment, session.open))
    };
    assert_eq!(next(&[Cash, Fno], "2026-11-23 16:00"), Some((Cash, at("2026-11-25 09:15"))));
    assert_eq!(next(&[Cash, Mcx], "2026-11-24 09:00"), Some((Mcx, at("2026-11-24 17:00"))));
    assert_eq!(next(&[Currency], "2026-11-24 09:00"), None);
}

#[test]
fn words_of_market_status() {
    let word = |segment, text: &str| status_word(&Calendar::embedded(), segment, at(text));
    assert_eq!(word(Cash, "2026-11-24 11:00"), "CLOSED");
    assert_eq!((word(Cash, "2026-11-25 15:35"), word(Fno, "2026-11-25 15:35")), ("CLOSED", "OPEN"));
    assert_eq!(
        (word(Cash, "2026-11-25 09:05"), word(Cash, "2026-11-25 09:12")),
        ("PREOPEN", "PREOPEN_CLOSED")
    );
    assert_eq!(word(Mcx, "2026-11-25 20:00"), "OPEN");
}

#[test]
fn the_closing_auction_takes_no_orders_at_its_beginning() {
    let frozen = |text: &str| closing_auction_freeze(&Calendar::embedded(), at(text));
    assert!(frozen("2026-11-25 15:15") && frozen("2026-11-25 15:19") && !frozen("2026-11-25 15:20"));
    assert!(!frozen("2026-07-31 15:16"), "before August 2026");
    assert!(!frozen("2026-11-24 15:16"), "a holiday");
}
