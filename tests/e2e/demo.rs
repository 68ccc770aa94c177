//! `demo`: a week in under a minute, with crashes, outages and nothing lost.

use simulator::Options;

use crate::support::Home;

#[test]
fn the_week_ends_with_nothing_lost() {
    let home = Home::bare(Options::default());
    let ran = home.run(&["demo", "--json"]).exits(0);
    let report = ran.json();
    let days = report["days"].as_array().unwrap();
    assert_eq!(days.len(), 7);
    for day in days {
        let mut names: Vec<&String> = day.as_object().unwrap().keys().collect();
        names.sort();
        let all = ["alerts", "date", "mode_at_open", "restarts", "tick_at", "token_ok_at", "trading_day"];
        assert_eq!(names, all, "{day}");
        assert_eq!(
            day["trading_day"] == true,
            day["tick_at"].is_string(),
            "a tick on trading days only: {day}"
        );
    }
    assert!(days.iter().any(|day| day["mode_at_open"] == "mock"), "one day the login comes late");
    let number = |name: &str| report[name].as_u64().unwrap_or_else(|| panic!("no {name}: {report:#}"));
    assert!(number("alerts_queued") > 0);
    assert_eq!(number("alerts_queued"), number("alerts_delivered"));
    assert!(number("restarts") >= 4, "{report:#}");
    assert_eq!(number("crashes"), number("restarts"));
    assert_eq!(number("double_ticks"), 0);
    assert_eq!(number("missed_days"), 0);
    assert!(!home.path("state").exists(), "the demo leaves the folder alone");
    assert!(!home.path(".env").exists());
}

/// Columns on a terminal: pictures take two, what only changes the picture before it takes none.
fn columns(row: &str) -> usize {
    let column = |c: char| match c {
        '\u{fe0f}' | '\u{200d}' => 0,
        '\u{231a}'..='\u{231b}'
        | '\u{23e9}'..='\u{23f3}'
        | '\u{26a0}'..='\u{26ff}'
        | '\u{2705}'..='\u{274c}' => 2,
        '\u{1f000}'.. => 2,
        _ => 1,
    };
    row.chars().map(column).sum()
}

#[test]
fn the_story_fits_80_columns_its_clock_goes_forward_and_cards_have_their_buttons() {
    let home = Home::bare(Options::default());
    let text = home.run(&["demo"]).exits(0).out;
    for row in text.lines() {
        assert!(columns(row) <= 80, "{} columns: {row}", columns(row));
    }
    for day in text.split("\n── ") {
        let is_time = |word: &&str| word.len() == 8 && word.bytes().filter(|byte| *byte == b':').count() == 2;
        let times: Vec<&str> = day.lines().filter_map(|row| row.split(' ').next().filter(is_time)).collect();
        assert!(times.is_sorted(), "{times:?}\n{day}");
    }
    let asking = |frame: &&str| frame.contains('🔑');
    let frames: Vec<&str> = text.split('╭').skip(1).map(|rest| rest.split('╰').next().unwrap()).collect();
    let cards: Vec<&str> = frames.into_iter().filter(asking).collect();
    assert!(!cards.is_empty(), "{text}");
    assert!(cards.iter().all(|card| card.contains("[ 🔓 Log in to FYERS ]")), "{cards:#?}");
}
