//! The small verbs: completions, calendar, usage.

use std::{
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use simulator::{Options, RefreshMode};

use crate::support::{APP, Home, wait_for};

#[test]
fn every_shell_gets_completions() {
    let home = Home::bare(Options::default());
    for shell in ["bash", "zsh", "fish"] {
        let ran = home.run(&["completions", shell]).exits(0);
        for verb in ["healthcheck", "refresh"] {
            assert!(ran.out.contains(verb), "{shell} knows no {verb}");
        }
    }
}

#[test]
fn the_calendar_knows_holidays_and_the_evening_of_diwali() {
    let home = Home::bare(Options::default());
    let day = |date: &str, exit| home.run(&["calendar", "check", date, "--json"]).exits(exit).json();
    let guru_nanak = day("2026-11-24", 1);
    assert_eq!(guru_nanak["kind"], "holiday", "{guru_nanak}");
    assert_eq!(guru_nanak["trading_day"], false);
    assert!(guru_nanak["name"].is_string());
    let muhurat = day("2026-11-08", 0);
    assert_eq!(muhurat["kind"], "special_session", "{muhurat}");
    assert_eq!(day("2026-11-23", 0)["kind"], "trading");
    assert_eq!(day("2026-11-22", 1)["kind"], "weekend");
    // A Friday of a year that nobody has a list for: it counts, and says so.
    assert_eq!(day("2126-11-22", 0)["covered"], false);
    let words = home.run(&["calendar", "check", "2026-11-24"]).exits(1);
    assert!(words.out.contains("holiday"), "{words:?}");
}

#[test]
fn a_calendar_file_adds_to_the_list_and_a_misspelt_table_is_an_error_everywhere() {
    let home = Home::bare(Options::default()).set("KEEPER_CALENDAR_FILE", "calendar.toml");
    let write = |table: &str| {
        let text = format!("[[{table}]]\ndate = \"2026-12-01\"\nname = \"Election\"\n");
        std::fs::write(home.path("calendar.toml"), text).unwrap();
    };
    write("holiday");
    for (date, kind) in
        [("2026-12-01", "holiday"), ("2026-11-24", "holiday"), ("2026-11-08", "special_session")]
    {
        let day = home.run(&["calendar", "check", date, "--json"]).json();
        assert_eq!(day["kind"], kind, "{day}");
    }
    write("holidays");
    for verb in [&["run"][..], &["config", "check"], &["calendar", "check", "2026-12-01"]] {
        let ran = home.run(verb).exits(78);
        assert!(
            ran.err.contains("KEEPER_CALENDAR_FILE") && ran.err.contains("holidays"),
            "{verb:?}: {ran:?}"
        );
    }
    let doctor = home.run(&["doctor"]);
    assert!(
        doctor.code != Some(0) && doctor.text().contains("KEEPER_CALENDAR_FILE cannot be used"),
        "{doctor:?}"
    );
}

#[test]
fn a_folder_in_place_of_the_calendar_file_is_called_so() {
    let home = Home::bare(Options::default()).set("KEEPER_CALENDAR_FILE", ".");
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("KEEPER_CALENDAR_FILE . cannot be used: it is no file"), "{ran:?}");
}

/// Exit code and standard error of a program that must not hang.
fn ended(mut command: Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let code = wait_for("the end of the program", || child.try_wait().unwrap());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    (code.code(), err)
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_symbol_master_that_is_no_regular_file_is_refused_in_one_line_and_nothing_waits_for_it() {
    let home = Home::with_app(RefreshMode::Disabled);
    fifo(&home.path("master"));
    for name in ["master", "."] {
        let mut command = home.command(&["run"]);
        command.env("KEEPER_SYMBOL_MASTER", name);
        let (code, err) = ended(command);
        assert_eq!(code, Some(78), "{err}");
        assert!(err.contains("KEEPER_SYMBOL_MASTER") && err.contains("it is not a regular file"), "{err}");
    }
}

#[test]
fn a_secret_in_what_is_no_regular_file_is_refused_and_nothing_waits_for_it() {
    let home = Home::bare(Options::default());
    home.write_env(APP);
    fifo(&home.path("pin"));
    for name in ["pin", "/dev/zero", "."] {
        let mut command = home.command(&["run"]);
        command.env("FYERS_PIN_FILE", name);
        let (code, err) = ended(command);
        assert_eq!(code, Some(78), "{name}: {err}");
        assert!(err.contains("FYERS_PIN") && err.contains("is not a regular file"), "{name}: {err}");
    }
}

#[test]
fn a_database_that_is_a_fifo_is_refused_by_whoever_reads_it() {
    let home = Home::with_app(RefreshMode::Disabled);
    std::fs::create_dir(home.path("state")).unwrap();
    fifo(&home.path("state/keeper.db"));
    for (args, words) in [(["key", "list"], "keeper.db"), (["backup", "copy"], "there is no state in")] {
        let (code, err) = ended(home.command(&args));
        assert!(!matches!(code, Some(0) | None) && err.contains(words), "{args:?}: {code:?} {err}");
    }
}

#[test]
fn an_address_that_this_machine_does_not_have_is_told_and_nothing_is_begun() {
    let home = Home::bare(Options::default()).set("KEEPER_HTTP_ADDR", "192.0.2.1:8080");
    let ran = home.run(&["run"]).exits(71);
    let what = "cannot listen on 192.0.2.1:8080: this machine has no such address\n  Set KEEPER_HTTP_ADDR to one that it has";
    assert!(ran.err.contains(what) && ran.out.is_empty(), "{ran:?}");
    assert!(!home.path("state/keeper.db").exists());
}

#[test]
fn a_setting_under_its_other_name_is_found_in_the_words_about_it() {
    let home =
        Home::bare(Options::default()).set("FYERS_APP_ID", "abc").set("FYERS_SECRET_KEY", "SIMULATED1");
    let ran = home.run(&["config", "check"]).exits(78);
    assert!(ran.err.contains("FYERS_CLIENT_ID (set as FYERS_APP_ID) is not an app id"), "{ran:?}");
}

#[test]
fn the_next_trading_day_is_told_with_its_tick() {
    let home = Home::bare(Options::default()).set("KEEPER_TICK_TIME", "09:01");
    let next = home.run(&["calendar", "next", "--json"]).exits(0).json();
    assert_eq!(next["day"]["trading_day"], true, "{next}");
    let tick = chrono::DateTime::parse_from_rfc3339(next["next_tick"].as_str().unwrap()).unwrap();
    assert!(tick > chrono::Utc::now(), "{next}");
    assert_eq!(tick.format("%H:%M %:z").to_string(), "09:01 +05:30");
    assert_eq!(tick.date_naive().to_string(), next["day"]["date"].as_str().unwrap());
    let words = home.run(&["calendar", "next"]).exits(0);
    assert!(words.out.contains("09:01 IST"), "{words:?}");
    let list = home.run(&["calendar", "list", "--json"]).exits(0).json();
    assert!(list["days"].as_array().unwrap().len() > 10, "{list}");
}

#[test]
fn wrong_usage_is_2_and_help_names_the_exit_codes() {
    let home = Home::bare(Options::default());
    home.run(&["frobnicate"]).exits(2);
    home.run(&["calendar", "check", "yesterday"]).exits(2);
    let wrong = home.run(&["calendar", "check", "yesterday", "--json"]).exits(2).json();
    assert_eq!(wrong["error"]["exit_code"], 2, "{wrong}");
    assert!(wrong["error"]["problems"][0]["what"].as_str().unwrap().contains("yesterday"), "{wrong}");
    let help = home.run(&["--help"]).exits(0);
    assert!(help.out.contains("77 login required"), "{help:?}");
    home.run(&["--version"]).exits(0);
}

#[test]
fn everybody_names_the_same_version_and_commit() {
    let home = Home::bare(Options::default());
    let shown = home.run(&["--version"]).exits(0).out;
    assert_eq!(shown.trim(), format!("fyers-keeper {}", fyers_keeper::build_info::SHOWN));
    let keeper = home.start_ready();
    let started = wait_for("the first line", || {
        keeper.lines().into_iter().find(|line| line["event"] == "keeper.started")
    });
    for value in [keeper.status(), started] {
        assert_eq!(value["version"], fyers_keeper::build_info::VERSION);
        assert_eq!(value["commit"], fyers_keeper::build_info::COMMIT);
    }
}
