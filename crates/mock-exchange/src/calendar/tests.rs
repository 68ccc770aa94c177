//! What the built-in list says, and what a user's file may say.

use chrono::NaiveTime;
use fyers_api::ist;

use super::*;
use crate::sessions::{Segment, sessions};

const OPEN: NaiveTime = ist::at(9, 15);
const CLOSE: NaiveTime = ist::at(15, 30);

fn kind(text: &str) -> DayKind {
    Calendar::embedded().day_kind(text.parse().unwrap())
}

fn is_trading(text: &str) -> bool {
    Calendar::embedded().is_trading_day(text.parse().unwrap())
}

#[test]
fn the_days_everyone_gets_wrong() {
    assert_eq!(kind("2026-11-24"), DayKind::Holiday { name: "Prakash Gurpurb Sri Guru Nanak Dev".into() });
    assert!(matches!(kind("2026-11-08"), DayKind::SpecialSession { .. }), "Muhurat on a Sunday");
    assert!(matches!(kind("2025-10-21"), DayKind::SpecialSession { .. }), "Muhurat on a holiday");
    assert!(is_trading("2025-02-01"), "Budget on a Saturday");
    assert!(is_trading("2026-11-23"));
    assert_eq!(kind("2026-11-22"), DayKind::Weekend);
    assert!(!is_trading("2026-12-25"));
}

#[test]
fn a_year_has_as_many_trading_days_as_the_exchange_had() {
    let calendar = Calendar::embedded();
    for (year, days) in [(2025, 249), (2026, 247)] {
        let start = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        let dates = start.iter_days().take_while(|date| date.year() == year);
        assert_eq!(dates.filter(|date| calendar.is_trading_day(*date)).count(), days, "{year}");
    }
}

#[test]
fn hours_change_with_their_date() {
    assert_eq!(kind("2026-08-04"), DayKind::Trading { open: OPEN, close: CLOSE });
    let text =
        "[[regular_hours]]\nfrom = \"2026-01-01\"\ngroup = \"other\"\nopen = \"10:00\"\nclose = \"11:00\"\n";
    let calendar = Calendar::parse(text).unwrap();
    let hours = |day: &str| calendar.day_kind(day.parse().unwrap());
    let at = ist::at;
    assert_eq!(hours("2025-12-31"), DayKind::Trading { open: OPEN, close: CLOSE });
    assert_eq!(hours("2026-01-01"), DayKind::Trading { open: at(10, 0), close: at(11, 0) });
}

#[test]
fn a_year_without_a_list_counts_its_weekdays_and_is_warned_of_from_december() {
    assert!(is_trading("2027-01-26"));
    let warned = |day: &str| Calendar::embedded().uncovered_year(day.parse().unwrap());
    assert_eq!(warned("2026-11-30"), None);
    assert_eq!(warned("2026-12-01"), Some(2027));
    assert_eq!(warned("2027-03-01"), Some(2027));
}

#[test]
fn a_wrong_file_is_told_in_one_line() {
    let day = |body: &str| Calendar::parse(&format!("[[special_session]]\nname = \"x\"\n{body}"));
    let cases = [
        day("date = \"2026-13-01\"\nopen = \"09:15\"\nclose = \"10:00\""),
        day("date = \"2026-12-01\"\nopen = \"9 o'clock\"\nclose = \"10:00\""),
        day("date = \"2026-12-01\"\nopen = \"11:15\"\nclose = \"10:00\""),
        Calendar::parse("holiday = 7"),
        Calendar::parse("[[holiday"),
    ];
    for case in cases {
        let text = case.unwrap_err().to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn a_file_of_a_user_adds_to_the_list_and_corrects_it() {
    let text = "[[holiday]]\ndate = \"2026-12-01\"\nname = \"Election\"\n\n\
                [[holiday]]\ndate = \"2026-11-24\"\nname = \"Guru Nanak\"\n\n\
                [[special_session]]\ndate = \"2026-11-08\"\nname = \"Muhurat\"\nopen = \"18:15\"\nclose = \"19:15\"\n";
    let calendar = Calendar::with_file(text).unwrap();
    let day = |text: &str| calendar.day_kind(text.parse().unwrap());
    assert_eq!(day("2026-12-01"), DayKind::Holiday { name: "Election".into() });
    assert_eq!(day("2026-12-25"), DayKind::Holiday { name: "Christmas".into() }, "the list is still there");
    assert_eq!(day("2026-11-24"), DayKind::Holiday { name: "Guru Nanak".into() });
    assert!(calendar.mcx_evening("2026-11-24".parse().unwrap()), "only what the file says is replaced");
    let DayKind::SpecialSession { open, .. } = day("2026-11-08") else { panic!("Muhurat") };
    assert_eq!(open, ist::at(18, 15));
}

#[test]
fn a_day_may_have_two_special_sessions_that_do_not_run_into_each_other() {
    let session = |open: &str, close: &str, segments: &str| {
        format!(
            "[[special_session]]\ndate = \"2026-11-28\"\nname = \"second site\"\nopen = \"{open}\"\nclose = \"{close}\"\nsegments = [{segments}]\n"
        )
    };
    let date = "2026-11-28".parse().unwrap();
    let both = session("11:30", "12:30", "\"cash\"") + &session("09:15", "10:00", "\"cash\", \"fno\"");
    let calendar = Calendar::with_file(&both).unwrap();
    let opens = |segment| -> Vec<String> {
        let all = sessions(&calendar, segment, date);
        all.iter().map(|one| ist::ist(one.open).format("%H:%M").to_string()).collect()
    };
    assert_eq!(opens(Segment::Cash), ["09:15", "11:30"]);
    assert_eq!(opens(Segment::Fno), ["09:15"]);
    let day =
        DayKind::SpecialSession { name: "second site".into(), open: ist::at(9, 15), close: ist::at(12, 30) };
    assert_eq!(calendar.day_kind(date), day);
    let again = both.clone() + &session("12:00", "13:00", "\"cash\"");
    let error = Calendar::with_file(&again).unwrap_err().to_string();
    assert_eq!(error, "special session of 2026-11-28: runs into another one of that day");
}

#[test]
fn unknown_keys_and_tables_are_errors() {
    let holiday = "date = \"2026-12-01\"\nname = \"x\"\n";
    for text in [
        format!("[[holidays]]\n{holiday}"),
        format!("[[holiday]]\n{holiday}segment = \"mcx\"\n"),
        format!("[[holiday]]\n{holiday}mcx = \"morning\"\n"),
        format!("[[special_session]]\n{holiday}open = \"10:00\"\nclose = \"11:00\"\nsegments = [\"nse\"]\n"),
        "[[regular_hours]]\nfrom = \"2026-01-01\"\ngroup = \"all\"\nopen = \"10:00\"\nclose = \"11:00\"\n"
            .into(),
    ] {
        assert!(matches!(Calendar::with_file(&text), Err(CalendarError::Form(_))), "{text}");
    }
}

#[test]
fn what_is_covered_is_counted() {
    let calendar = Calendar::embedded();
    assert_eq!(calendar.coverage_words(), "14 holidays of 2025, 16 holidays of 2026");
    let one = Calendar::parse("[[holiday]]\ndate = \"2027-12-01\"\nname = \"x\"\n").unwrap();
    assert_eq!(one.coverage_words(), "1 holiday of 2027");
}
