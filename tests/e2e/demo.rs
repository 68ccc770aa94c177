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
